/* SPDX-License-Identifier: Apache-2.0 */
#include "version-tree/show/abi-diff.h"

#include <string.h>

bool abi_entry_equal(const AbiEntry *a, const AbiEntry *b)
{
    return strcmp(a->name, b->name) == 0 && a->handler == b->handler && a->caps == b->caps &&
           a->layout == b->layout && a->short_layout == b->short_layout;
}

static void diff_kind(GArray *diffs, const AbiEntry *before, size_t n_before, const AbiEntry *after,
                      size_t n_after)
{
    size_t i = 0, k = 0;

    while (i < n_before || k < n_after) {
        AbiEntryDiff diff = {0};

        if (k == n_after || (i < n_before && before[i].number < after[k].number)) {
            diff.before = &before[i++];
        } else if (i == n_before || after[k].number < before[i].number) {
            diff.after = &after[k++];
        } else {
            diff = (AbiEntryDiff){&before[i++], &after[k++]};
            if (abi_entry_equal(diff.before, diff.after)) {
                continue;
            }
        }
        g_array_append_val(diffs, diff);
    }
}

GArray *driver_abi_diff_entries(const DriverAbi *before, const DriverAbi *after)
{
    GArray *diffs = g_array_new(FALSE, FALSE, sizeof(AbiEntryDiff));

    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        size_t n_before, n_after;
        const AbiEntry *a = driver_abi_entries(before, (AbiKind)kind, &n_before);
        const AbiEntry *b = driver_abi_entries(after, (AbiKind)kind, &n_after);

        diff_kind(diffs, a, n_before, b, n_after);
    }
    return diffs;
}

/* Find the index of the member called @path. Returns -1 if there is none. */
static int find_row(const GArray *rows, const char *path)
{
    for (guint i = 0; i < rows->len; i++) {
        if (strcmp(g_array_index(rows, AbiFieldRow, i).path, path) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool row_equal(const AbiFieldRow *a, const AbiFieldRow *b)
{
    return a->offset == b->offset && a->size == b->size && strcmp(a->type, b->type) == 0;
}

GArray *abi_rows_diff(const GArray *before, const GArray *after)
{
    GArray *diffs = g_array_new(FALSE, FALSE, sizeof(AbiFieldDiff));

    for (guint i = 0; i < after->len; i++) {
        const AbiFieldRow *row = &g_array_index(after, AbiFieldRow, i);
        AbiFieldDiff diff = {find_row(before, row->path), (int)i};

        if (diff.before < 0 ||
            !row_equal(row, &g_array_index(before, AbiFieldRow, (guint)diff.before))) {
            g_array_append_val(diffs, diff);
        }
    }
    for (guint i = 0; i < before->len; i++) {
        AbiFieldDiff diff = {(int)i, -1};

        if (find_row(after, g_array_index(before, AbiFieldRow, i).path) < 0) {
            g_array_append_val(diffs, diff);
        }
    }
    return diffs;
}
