/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the differences between two drivers, or between two shapes of a struct. */
#pragma once

#include "version-tree/show/abi-layouts.h"

/** AbiEntryDiff: an entry that differs; @before is NULL if it is new, @after if it is gone. */
typedef struct {
    const AbiEntry *before;
    const AbiEntry *after;
} AbiEntryDiff;

/**
 * driver_abi_diff_entries: compare two drivers' entries by kind and number.
 *
 * Returns: (transfer full): array of AbiEntryDiff, sorted by kind and number; it points into @before and
 * @after.
 */
GArray *driver_abi_diff_entries(const DriverAbi *before, const DriverAbi *after);

/** abi_entry_equal: check whether two entries have the same name, handler, capabilities and struct
 * shapes. */
bool abi_entry_equal(const AbiEntry *a, const AbiEntry *b);

/** AbiFieldDiff: a member that differs; one of the two indexes is -1 if it is new or gone. */
typedef struct {
    int before;
    int after;
} AbiFieldDiff;

/**
 * abi_rows_diff: compare the members of two shapes of a struct by their names.
 * @before, @after: from abi_layout_rows()
 *
 * Returns: (transfer full): array of AbiFieldDiff, in the order of @after; members that are gone
 * come last.
 */
GArray *abi_rows_diff(const GArray *before, const GArray *after);
