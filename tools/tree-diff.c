/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tree-diff.h"

#include <string.h>

#include "tools/new-params.h"

const char *diff_kind_name(DiffKind kind)
{
    static const char *const names[N_DIFFS] = {"same",    "changed",  "nested",
                                               "removed", "appeared", "unresolved"};

    return names[kind];
}

/* ---- structs ---- */

static bool rows_equal(const GArray *a, const GArray *b)
{
    g_autoptr(GArray) diffs = abi_rows_diff(a, b);

    return diffs->len == 0;
}

static void compare_struct(StructDiff *diff, const HeaderTree *before, const HeaderTree *after)
{
    const AbiLayout *layout = diff->layout;
    g_autoptr(GArray) table = abi_layout_rows(layout);

    diff->rows_before = header_tree_rows(before, diff->name, &diff->size_before, &diff->why_before);
    diff->rows_after = header_tree_rows(after, diff->name, &diff->size_after, &diff->why_after);
    diff->table_differs =
        diff->rows_before && layout->kind != ABI_TYPE_OPAQUE &&
        (layout->size != diff->size_before || !rows_equal(table, diff->rows_before));
    if (!diff->rows_before || !diff->rows_after) {
        diff->kind = diff->rows_before  ? DIFF_REMOVED
                     : diff->rows_after ? DIFF_APPEARED
                                        : DIFF_UNRESOLVED;
        return;
    }
    diff->fields = abi_rows_diff(diff->rows_before, diff->rows_after);
    if (diff->fields->len > 0 || diff->size_before != diff->size_after) {
        diff->kind = DIFF_CHANGED;
    }
}

static StructDiff *find_struct(const GArray *structs, const char *name)
{
    for (guint i = 0; i < structs->len; i++) {
        StructDiff *diff = &g_array_index(structs, StructDiff, i);

        if (strcmp(diff->name, name) == 0) {
            return diff;
        }
    }
    return NULL;
}

/* Whether a member's type is a struct that has changed. */
static bool has_changed_member(const GArray *structs, const StructDiff *diff)
{
    for (guint i = 0; i < diff->rows_after->len; i++) {
        g_autofree char *type = g_strdup(g_array_index(diff->rows_after, AbiFieldRow, i).type);
        const StructDiff *member = find_struct(structs, (type[strcspn(type, "[")] = '\0', type));

        if (member && (member->kind == DIFF_CHANGED || member->kind == DIFF_NESTED)) {
            return true;
        }
    }
    return false;
}

/* A struct whose members have changed inside needs a new shape as well; repeat until nothing is
 * added. */
static void mark_nested(const GArray *structs)
{
    bool again = true;

    while (again) {
        again = false;
        for (guint i = 0; i < structs->len; i++) {
            StructDiff *diff = &g_array_index(structs, StructDiff, i);

            if (diff->kind == DIFF_SAME && has_changed_member(structs, diff)) {
                diff->kind = DIFF_NESTED;
                again = true;
            }
        }
    }
}

static bool is_direct(const DriverAbi *abi, const AbiLayout *layout)
{
    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        size_t n;
        const AbiEntry *entries = driver_abi_entries(abi, (AbiKind)kind, &n);

        for (size_t i = 0; i < n; i++) {
            if (entries[i].layout == layout) {
                return true;
            }
        }
    }
    return false;
}

static void clear_struct(gpointer data)
{
    StructDiff *diff = data;

    g_clear_pointer(&diff->rows_before, g_array_unref);
    g_clear_pointer(&diff->rows_after, g_array_unref);
    g_clear_pointer(&diff->fields, g_array_unref);
}

static GArray *compare_structs(const DriverAbi *abi, const HeaderTree *before,
                               const HeaderTree *after)
{
    g_autoptr(GPtrArray) layouts = driver_abi_structs(abi);
    GArray *structs = g_array_new(FALSE, TRUE, sizeof(StructDiff));

    g_array_set_clear_func(structs, clear_struct);
    for (guint i = 0; i < layouts->len; i++) {
        const AbiLayout *layout = layouts->pdata[i];
        StructDiff diff = {
            .name = layout->name, .layout = layout, .direct = is_direct(abi, layout)};

        compare_struct(&diff, before, after);
        g_array_append_val(structs, diff);
    }
    mark_nested(structs);
    return structs;
}

/* ---- numbers ---- */

GHashTable *tree_diff_wanted(const DriverAbi *abi)
{
    GHashTable *names = g_hash_table_new(g_str_hash, g_str_equal);

    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        size_t n;
        const AbiEntry *entries = driver_abi_entries(abi, (AbiKind)kind, &n);

        for (size_t i = 0; i < n; i++) {
            g_hash_table_add(names, (gpointer)entries[i].name);
        }
    }
    return names;
}

static const char *const spaces[N_ABI_KINDS] = {"escape", "uvm", "control", "class"};

/* A name's value; a class's may be defined in a header of another name. */
static const guint64 *value_of(const HeaderTree *tree, const char *name)
{
    const guint64 *value = g_hash_table_lookup(tree->numbers, name);

    return value ? value : g_hash_table_lookup(tree->classes, name);
}

static void compare_entry(GArray *numbers, const AbiEntry *entry, const HeaderTree *before,
                          const HeaderTree *after)
{
    const guint64 *a = value_of(before, entry->name), *b = value_of(after, entry->name);
    NumberDiff diff = {
        .name = entry->name,
        .space = spaces[entry->kind],
        .entry = entry,
        .before = a ? *a : 0,
        .after = b ? *b : 0,
        .kind = !a && !b   ? DIFF_UNRESOLVED
                : !b       ? DIFF_REMOVED
                : !a       ? DIFF_APPEARED
                : *a != *b ? DIFF_CHANGED
                           : DIFF_SAME,
    };

    g_array_append_val(numbers, diff);
}

/* What kind of number a macro is, judged by its name; NULL if it is none that a container could
 * use. */
static const char *space_of(const HeaderTree *tree, const char *name)
{
    g_autofree char *params = NULL;

    if (g_str_has_prefix(name, "NV_ESC_")) {
        return spaces[ABI_FRONTEND];
    }
    if (strstr(name, "_CTRL_CMD_") && *(guint64 *)g_hash_table_lookup(tree->numbers, name) > 0xff) {
        return spaces[ABI_CONTROL];
    }
    params = g_strconcat(name, "_PARAMS", NULL);
    return g_str_has_prefix(name, "UVM_") && g_hash_table_contains(tree->structs, params)
               ? spaces[ABI_UVM]
               : NULL;
}

static void add_new(GArray *numbers, GHashTable *of_before, GHashTable *of_after,
                    const HeaderTree *after, bool classes)
{
    GHashTableIter iter;
    gpointer name, value;

    g_hash_table_iter_init(&iter, of_after);
    while (g_hash_table_iter_next(&iter, &name, &value)) {
        NumberDiff diff = {.name = name, .kind = DIFF_APPEARED, .after = *(guint64 *)value};

        diff.space = classes ? spaces[ABI_ALLOC] : space_of(after, name);
        if (diff.space && !g_hash_table_contains(of_before, name)) {
            diff.params = new_params_describe(after, name);
            g_array_append_val(numbers, diff);
        }
    }
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    const NumberDiff *x = a, *y = b;

    return strcmp(x->name, y->name);
}

/* Drops new names that an entry has already told about. */
static void drop_duplicates(GArray *numbers)
{
    g_array_sort(numbers, compare_names);
    for (guint i = 1; i < numbers->len;) {
        const NumberDiff *a = &g_array_index(numbers, NumberDiff, i - 1);
        const NumberDiff *b = &g_array_index(numbers, NumberDiff, i);

        if (strcmp(a->name, b->name) != 0) {
            i++;
        } else {
            g_array_remove_index(numbers, a->entry ? i : i - 1);
        }
    }
}

static void clear_number(gpointer data)
{
    g_free(((NumberDiff *)data)->params);
}

static GArray *compare_numbers(const DriverAbi *abi, const HeaderTree *before,
                               const HeaderTree *after)
{
    GArray *numbers = g_array_new(FALSE, TRUE, sizeof(NumberDiff));

    g_array_set_clear_func(numbers, clear_number);
    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        size_t n;
        const AbiEntry *entries = driver_abi_entries(abi, (AbiKind)kind, &n);

        for (size_t i = 0; i < n; i++) {
            compare_entry(numbers, &entries[i], before, after);
        }
    }
    add_new(numbers, before->numbers, after->numbers, after, false);
    add_new(numbers, before->classes, after->classes, after, true);
    drop_duplicates(numbers);
    return numbers;
}

TreeDiff *tree_diff_new(const DriverAbi *abi, const HeaderTree *before, const HeaderTree *after)
{
    TreeDiff *diff = g_new0(TreeDiff, 1);

    diff->structs = compare_structs(abi, before, after);
    diff->numbers = compare_numbers(abi, before, after);
    return diff;
}

void tree_diff_free(TreeDiff *diff)
{
    if (diff) {
        g_array_unref(diff->structs);
        g_array_unref(diff->numbers);
        g_free(diff);
    }
}
