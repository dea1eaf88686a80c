/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/new-params.h"

#include <string.h>

#include "version-tree/show/abi-layouts.h"

/* "NV2080_CTRL_CMD_BUS_NEW" has NV2080_CTRL_BUS_NEW_PARAMS, or NV2080_CTRL_CMD_BUS_NEW_PARAMS. NULL: neither. */
static char *find_struct(const HeaderTree *tree, const char *number)
{
    g_autofree char *whole = g_strconcat(number, "_PARAMS", NULL);
    g_auto(GStrv) parts = g_strsplit(whole, "_CMD_", 2);
    g_autofree char *without = g_strjoinv("_", parts);

    if (g_hash_table_contains(tree->structs, without)) {
        return g_steal_pointer(&without);
    }
    return g_hash_table_contains(tree->structs, whole) ? g_steal_pointer(&whole) : NULL;
}

/* What a member is that cannot be passed on as a number; NULL: it can. */
static const char *what_is(const AbiFieldRow *row)
{
    const char *dot = strrchr(row->path, '.');
    g_autofree char *name = g_ascii_strdown(dot ? dot + 1 : row->path, -1);

    if (g_str_has_prefix(row->type, "NvP64")) {
        return "pointer";
    }
    if (g_str_has_prefix(row->type, "NvHandle")) {
        return "handle";
    }
    if (g_str_has_prefix(row->type, "NvProcessorUuid")) {
        return "UUID";
    }
    return g_str_equal(name, "fd") || g_str_has_suffix(name, "_fd") ||
                   g_str_has_suffix(name, "descriptor")
               ? "descriptor"
               : NULL;
}

/* @rows: of a struct; @prefix: "list." for a struct in a struct */
static void add_members(GString *out, const HeaderTree *tree, const GArray *rows,
                        const char *prefix)
{
    for (guint i = 0; i < rows->len; i++) {
        const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, i);
        const char *what = what_is(row);
        g_autofree char *type = g_strndup(row->type, strcspn(row->type, "["));
        if (what) {
            g_string_append_printf(out, "%s %s %s%s", out->len ? "," : ":", what, prefix,
                                   row->path);
        } else if (g_hash_table_contains(tree->structs, type)) {
            const char *why;
            guint size;
            g_autofree char *inner = g_strconcat(prefix, row->path, ".", NULL);
            g_autoptr(GArray) inner_rows = header_tree_rows(tree, type, &size, &why);
            if (inner_rows) {
                add_members(out, tree, inner_rows, inner);
            }
        }
    }
}

char *new_params_describe(const HeaderTree *tree, const char *number)
{
    g_autofree char *name = find_struct(tree, number);
    g_autoptr(GString) members = g_string_new(NULL);
    const char *why;
    guint size = 0;

    if (!name) {
        return NULL;
    }
    g_autoptr(GArray) rows = header_tree_rows(tree, name, &size, &why);
    if (!rows) {
        return g_strdup_printf("%s: %s", name, why);
    }
    add_members(members, tree, rows, "");
    return g_strdup_printf("%s, %u bytes%s", name, size, members->str);
}
