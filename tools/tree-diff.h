/* SPDX-License-Identifier: Apache-2.0 */
/* What changed from one driver's headers to the next, as far as it concerns our tables. */
#pragma once

#include "tools/header-tree.h"
#include "version-tree/show/abi-diff.h"

typedef enum {
    DIFF_SAME,
    DIFF_CHANGED,
    DIFF_NESTED,     /* only a struct inside it changed */
    DIFF_REMOVED,    /* only the old tree has it */
    DIFF_APPEARED,   /* only the new tree has it */
    DIFF_UNRESOLVED, /* neither tree tells */
    N_DIFFS
} DiffKind;

/** diff_kind_name: one word, as in the JSON report. */
const char *diff_kind_name(DiffKind kind);

/**
 * StructDiff: one struct of our tables.
 * @layout: its shape in our table
 * @direct: an entry has it as its parameters, so a change needs a row of its own
 * @table_differs: the old tree is not what our table says it is
 * @why_before, @why_after: why a tree does not tell, or NULL
 * @rows_before, @rows_after: (nullable): arrays of AbiFieldRow
 * @fields: (nullable): array of AbiFieldDiff
 */
typedef struct {
    const char *name;
    const AbiLayout *layout;
    DiffKind kind;
    bool direct, table_differs;
    const char *why_before, *why_after;
    guint size_before, size_after;
    GArray *rows_before, *rows_after, *fields;
} StructDiff;

/**
 * NumberDiff: one number.
 * @entry: the entry of our tables that has this name, NULL if it is new
 * @space: "control", "class", "escape" or "uvm"
 * @params: of a new one, what its parameters are (new_params_describe()), or NULL
 */
typedef struct {
    const char *name;
    const char *space;
    const AbiEntry *entry;
    DiffKind kind;
    guint64 before, after;
    char *params;
} NumberDiff;

/** TreeDiff: @structs is an array of StructDiff, @numbers of NumberDiff; both by name. */
typedef struct {
    GArray *structs;
    GArray *numbers;
} TreeDiff;

/** tree_diff_new: compare two trees by the structs and numbers of @abi; the result points into all
 * three. */
TreeDiff *tree_diff_new(const DriverAbi *abi, const HeaderTree *before, const HeaderTree *after);

void tree_diff_free(TreeDiff *diff);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TreeDiff, tree_diff_free)

/** tree_diff_wanted: (transfer full): the set of names that @abi's entries have. */
GHashTable *tree_diff_wanted(const DriverAbi *abi);
