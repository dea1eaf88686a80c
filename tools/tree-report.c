/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tree-report.h"

#include <string.h>

#include "cuse-server/base/json/json-output.h"
#include "version-tree/show/abi-diff-text.h"

bool tree_diff_is_empty(const TreeDiff *diff)
{
    for (guint i = 0; i < diff->structs->len; i++) {
        if (g_array_index(diff->structs, StructDiff, i).kind != DIFF_SAME) {
            return false;
        }
    }
    for (guint i = 0; i < diff->numbers->len; i++) {
        DiffKind kind = g_array_index(diff->numbers, NumberDiff, i).kind;

        if (kind != DIFF_SAME && kind != DIFF_UNRESOLVED) {
            return false;
        }
    }
    return true;
}

/* The row that an index of an AbiFieldDiff means, NULL for -1. */
static const AbiFieldRow *row_at(const GArray *rows, int index)
{
    return index < 0 ? NULL : &g_array_index(rows, AbiFieldRow, (guint)index);
}

/* ---- text ---- */

static void print_struct(const StructDiff *diff)
{
    g_autoptr(GString) fields = g_string_new(NULL);

    if (diff->table_differs) {
        g_print("! %s: the old tree differs from our table\n", diff->name);
    }
    switch (diff->kind) {
    case DIFF_CHANGED:
        g_print("~ %s, %u -> %u bytes\n", diff->name, diff->size_before, diff->size_after);
        abi_rows_diff_text(fields, diff->rows_before, diff->rows_after);
        g_print("%s", fields->str);
        break;
    case DIFF_NESTED:
        g_print("~ %s, a struct inside it changed\n", diff->name);
        break;
    case DIFF_REMOVED:
        g_print("- %s: %s\n", diff->name, diff->why_after);
        break;
    case DIFF_APPEARED:
        g_print("+ %s, %u bytes; in the old tree, %s\n", diff->name, diff->size_after,
                diff->why_before);
        break;
    case DIFF_UNRESOLVED:
        g_print("? %s: %s\n", diff->name, diff->why_after);
        break;
    case DIFF_SAME:
    case N_DIFFS:
        break;
    }
}

static void print_number(const NumberDiff *diff)
{
    const guint64 before = diff->before, after = diff->after;

    switch (diff->kind) {
    case DIFF_CHANGED:
        g_print("~ %s %s, 0x%" G_GINT64_MODIFIER "x -> 0x%" G_GINT64_MODIFIER "x\n", diff->space,
                diff->name, before, after);
        break;
    case DIFF_REMOVED:
        g_print("- %s %s, 0x%" G_GINT64_MODIFIER "x\n", diff->space, diff->name, before);
        break;
    case DIFF_APPEARED:
        g_print("+ %s %s, 0x%" G_GINT64_MODIFIER "x%s%s%s\n", diff->space, diff->name, after,
                diff->entry ? ", already in our tables" : "", diff->params ? ", " : "",
                diff->params ? diff->params : "");
        break;
    case DIFF_UNRESOLVED:
        g_print("? %s %s, 0x%x: the headers do not define it\n", diff->space, diff->name,
                diff->entry->number);
        break;
    default:
        break;
    }
}

/* Prints "343 structs: 340 same, 2 changed, 1 unresolved". */
static void print_summary(const char *what, const guint *counts, guint total)
{
    const char *separator = ":";

    g_print("%u %s", total, what);
    for (int kind = 0; kind < N_DIFFS; kind++) {
        if (counts[kind] > 0) {
            g_print("%s %u %s", separator, counts[kind], diff_kind_name((DiffKind)kind));
            separator = ",";
        }
    }
    g_print("\n");
}

void tree_report_text(const TreeDiff *diff)
{
    guint structs[N_DIFFS] = {0}, numbers[N_DIFFS] = {0};

    for (guint i = 0; i < diff->structs->len; i++) {
        const StructDiff *item = &g_array_index(diff->structs, StructDiff, i);

        print_struct(item);
        structs[item->kind]++;
    }
    for (guint i = 0; i < diff->numbers->len; i++) {
        const NumberDiff *item = &g_array_index(diff->numbers, NumberDiff, i);

        print_number(item);
        numbers[item->kind]++;
    }
    print_summary("structs", structs, diff->structs->len);
    print_summary("numbers", numbers, diff->numbers->len);
}

/* ---- JSON ---- */

static void json_row(JsonBuilder *json, const char *name, const AbiFieldRow *row)
{
    json_builder_set_member_name(json, name);
    if (!row) {
        json_builder_add_null_value(json);
        return;
    }
    json_builder_begin_object(json);
    json_member_int(json, "offset", row->offset);
    json_member_int(json, "size", row->size);
    json_member_string(json, "type", row->type);
    json_builder_end_object(json);
}

static void json_struct(JsonBuilder *json, const StructDiff *diff)
{
    json_builder_begin_object(json);
    json_member_string(json, "struct", diff->name);
    json_member_string(json, "result", diff_kind_name(diff->kind));
    json_member_boolean(json, "table_differs", diff->table_differs);
    json_member_string(json, "reason", diff->why_after ? diff->why_after : diff->why_before);
    json_member_int(json, "size_before", diff->size_before);
    json_member_int(json, "size_after", diff->size_after);
    json_builder_set_member_name(json, "fields");
    json_builder_begin_array(json);
    for (guint i = 0; diff->fields && i < diff->fields->len; i++) {
        AbiFieldDiff field = g_array_index(diff->fields, AbiFieldDiff, i);
        const AbiFieldRow *a = row_at(diff->rows_before, field.before);
        const AbiFieldRow *b = row_at(diff->rows_after, field.after);

        g_assert(a || b);
        json_builder_begin_object(json);
        json_member_string(json, "field", b ? b->path : a->path);
        json_row(json, "before", a);
        json_row(json, "after", b);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
}

static void json_number(JsonBuilder *json, const NumberDiff *diff)
{
    json_builder_begin_object(json);
    json_member_string(json, "name", diff->name);
    json_member_string(json, "kind", diff->space);
    json_member_string(json, "result", diff_kind_name(diff->kind));
    json_member_boolean(json, "in_tables", diff->entry != NULL);
    json_member_int(json, "before", (gint64)diff->before);
    json_member_int(json, "after", (gint64)diff->after);
    json_member_string(json, "params", diff->params);
    json_builder_end_object(json);
}

void tree_report_json(const TreeDiff *diff, const char *before, const char *after)
{
    g_autoptr(JsonBuilder) json = json_builder_new();

    json_builder_begin_object(json);
    json_member_string(json, "before", before);
    json_member_string(json, "after", after);
    json_builder_set_member_name(json, "structs");
    json_builder_begin_array(json);
    for (guint i = 0; i < diff->structs->len; i++) {
        const StructDiff *item = &g_array_index(diff->structs, StructDiff, i);

        if (item->kind != DIFF_SAME || item->table_differs) {
            json_struct(json, item);
        }
    }
    json_builder_end_array(json);
    json_builder_set_member_name(json, "numbers");
    json_builder_begin_array(json);
    for (guint i = 0; i < diff->numbers->len; i++) {
        const NumberDiff *item = &g_array_index(diff->numbers, NumberDiff, i);

        if (item->kind != DIFF_SAME) {
            json_number(json, item);
        }
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
    json_print(json);
}
