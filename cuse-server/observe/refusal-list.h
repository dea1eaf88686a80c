/* SPDX-License-Identifier: Apache-2.0 */
/* The different refusals of an instance, each with how often it happened: for `nvcuse explain`. */
#pragma once

#include <glib.h>

#include "cuse-server/wire/ledger.h"

enum { REFUSAL_LIST_MAX = 64 }; /* a guest could invent any number of different ones */

/** RefusalEntry: @last: the newest of them; @count: how many were read from the ledger */
typedef struct {
    LedgerRecord last;
    uint64_t count;
} RefusalEntry;

/** RefusalList: @entries: in the order in which they came first; @others: those beyond the list */
typedef struct {
    GArray *entries;
    uint64_t others;
} RefusalList;

void refusal_list_init(RefusalList *list);
void refusal_list_clear(RefusalList *list);

/** refusal_list_add: count a refusal with those that have the same kind, numbers and reason. */
void refusal_list_add(RefusalList *list, const LedgerRecord *record);
