/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/observe/refusal-list.h"

#include <stdbool.h>

void refusal_list_init(RefusalList *list)
{
    *list = (RefusalList){.entries = g_array_new(FALSE, FALSE, sizeof(RefusalEntry))};
}

void refusal_list_clear(RefusalList *list)
{
    g_array_unref(list->entries);
}

static bool same(const LedgerRecord *a, const LedgerRecord *b)
{
    return a->kind == b->kind && a->refusal == b->refusal && a->number == b->number &&
           a->detail == b->detail;
}

void refusal_list_add(RefusalList *list, const LedgerRecord *record)
{
    for (guint i = 0; i < list->entries->len; i++) {
        RefusalEntry *entry = &g_array_index(list->entries, RefusalEntry, i);
        if (same(&entry->last, record)) {
            entry->last = *record;
            entry->count++;
            return;
        }
    }
    if (list->entries->len >= REFUSAL_LIST_MAX) {
        list->others++;
        return;
    }
    RefusalEntry entry = {.last = *record, .count = 1};
    g_array_append_val(list->entries, entry);
}
