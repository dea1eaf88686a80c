/* SPDX-License-Identifier: Apache-2.0 */
/* A list of the different refusals of an instance, each with its count, for `nvcuse explain`. */
#pragma once

#include <glib.h>

#include "cuse-server/wire/ledger.h"

enum { REFUSAL_LIST_MAX = 64 }; /* a guest can cause any number of different refusals */

/** RefusalEntry: equal refusals. @last: the newest one; @count: how many were read from the ledger */
typedef struct {
    LedgerRecord last;
    uint64_t count;
} RefusalEntry;

/** RefusalList: @entries: RefusalEntry, in the order of their first refusals; @others: number of refusals that did not
 * fit the list */
typedef struct {
    GArray *entries;
    uint64_t others;
} RefusalList;

void refusal_list_init(RefusalList *list);
void refusal_list_clear(RefusalList *list);

/** refusal_list_add: count a refusal in the entry of the same kind, numbers and reason. */
void refusal_list_add(RefusalList *list, const LedgerRecord *record);
