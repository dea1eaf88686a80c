/* SPDX-License-Identifier: Apache-2.0 */
#include "version-tree/show/abi-diff-text.h"

#include <string.h>

/* ---- members ---- */

static void write_field(GString *out, const AbiFieldRow *a, const AbiFieldRow *b)
{
    g_string_append_printf(out, "    ~ %s", b->path);
    if (a->offset != b->offset) {
        g_string_append_printf(out, ", offset %u -> %u", a->offset, b->offset);
    }
    if (a->size != b->size) {
        g_string_append_printf(out, ", size %u -> %u", a->size, b->size);
    }
    if (strcmp(a->type, b->type) != 0) {
        g_string_append_printf(out, ", type %s -> %s", a->type, b->type);
    }
    g_string_append_c(out, '\n');
}

static void write_lone_field(GString *out, char sign, const AbiFieldRow *row)
{
    g_string_append_printf(out, "    %c %s at %u, %u bytes, %s\n", sign, row->path, row->offset,
                           row->size, row->type);
}

void abi_rows_diff_text(GString *out, const GArray *before, const GArray *after)
{
    g_autoptr(GArray) diffs = abi_rows_diff(before, after);

    for (guint i = 0; i < diffs->len; i++) {
        AbiFieldDiff diff = g_array_index(diffs, AbiFieldDiff, i);

        if (diff.before < 0) {
            write_lone_field(out, '+', &g_array_index(after, AbiFieldRow, (guint)diff.after));
        } else if (diff.after < 0) {
            write_lone_field(out, '-', &g_array_index(before, AbiFieldRow, (guint)diff.before));
        } else {
            write_field(out, &g_array_index(before, AbiFieldRow, (guint)diff.before),
                        &g_array_index(after, AbiFieldRow, (guint)diff.after));
        }
    }
}

/* ---- entries ---- */

static void write_lone_entry(GString *out, char sign, const AbiEntry *entry)
{
    g_autofree char *caps = nv_caps_format(entry->caps, "|");

    g_string_append_printf(out, "%c %s 0x%x %s (%s, %s)\n", sign, abi_kind_name(entry->kind),
                           entry->number, entry->name, abi_handler_name(entry->handler), caps);
}

static void write_layout_change(GString *out, const AbiLayout *a, const AbiLayout *b)
{
    if (a && b && strcmp(a->name, b->name) == 0) {
        g_string_append_printf(out, ", struct %s %u -> %u bytes", b->name, a->size, b->size);
    } else {
        g_string_append_printf(out, ", struct %s -> %s", a ? a->name : "none",
                               b ? b->name : "none");
    }
}

static void write_entry(GString *out, const AbiEntry *a, const AbiEntry *b)
{
    g_string_append_printf(out, "~ %s 0x%x %s", abi_kind_name(b->kind), b->number, b->name);
    if (strcmp(a->name, b->name) != 0) {
        g_string_append_printf(out, ", was %s", a->name);
    }
    if (a->handler != b->handler) {
        g_string_append_printf(out, ", handler %s -> %s", abi_handler_name(a->handler),
                               abi_handler_name(b->handler));
    }
    if (a->caps != b->caps) {
        g_autofree char *caps_a = nv_caps_format(a->caps, "|");
        g_autofree char *caps_b = nv_caps_format(b->caps, "|");

        g_string_append_printf(out, ", capabilities %s -> %s", caps_a, caps_b);
    }
    if (a->layout != b->layout) {
        write_layout_change(out, a->layout, b->layout);
    }
    g_string_append_c(out, '\n');
}

static void write_entries(GString *out, const DriverAbi *before, const DriverAbi *after)
{
    g_autoptr(GArray) diffs = driver_abi_diff_entries(before, after);

    for (guint i = 0; i < diffs->len; i++) {
        AbiEntryDiff diff = g_array_index(diffs, AbiEntryDiff, i);

        if (!diff.before) {
            write_lone_entry(out, '+', diff.after);
        } else if (!diff.after) {
            write_lone_entry(out, '-', diff.before);
        } else {
            write_entry(out, diff.before, diff.after);
        }
    }
}

/* ---- structs ---- */

static void write_struct(GString *out, const AbiLayout *before, const AbiLayout *after)
{
    g_autoptr(GArray) a = abi_layout_rows(before);
    g_autoptr(GArray) b = abi_layout_rows(after);

    g_string_append_printf(out, "~ struct %s", after->name);
    if (before->size != after->size) {
        g_string_append_printf(out, ", %u -> %u bytes", before->size, after->size);
    }
    g_string_append_c(out, '\n');
    abi_rows_diff_text(out, a, b);
}

/* Write which structs differ. Goes through both lists side by side; they are sorted by name. */
static void write_structs(GString *out, const DriverAbi *before, const DriverAbi *after)
{
    g_autoptr(GPtrArray) a = driver_abi_structs(before);
    g_autoptr(GPtrArray) b = driver_abi_structs(after);
    guint i = 0, k = 0;

    while (i < a->len || k < b->len) {
        const AbiLayout *x = i < a->len ? a->pdata[i] : NULL;
        const AbiLayout *y = k < b->len ? b->pdata[k] : NULL;
        int order = x && y ? strcmp(x->name, y->name) : 0;

        if (x && (!y || order < 0)) {
            g_string_append_printf(out, "- struct %s\n", x->name);
            i++;
        } else if (y && (!x || order > 0)) {
            g_string_append_printf(out, "+ struct %s, %u bytes\n", y->name, y->size);
            k++;
        } else {
            if (x != y) {
                write_struct(out, x, y);
            }
            i++;
            k++;
        }
    }
}

char *driver_abi_diff_text(const DriverAbi *before, const DriverAbi *after)
{
    GString *out = g_string_new(NULL);

    write_entries(out, before, after);
    write_structs(out, before, after);
    return g_string_free(out, FALSE);
}
