/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse abi layout: the structs of a driver, field by field. */
#include <string.h>

#include "cuse-server/cli/abi-query.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/json-output.h"
#include "version-tree/abi-diff-text.h"

static void print_layout_csv(const AbiLayout *layout, const GArray *rows)
{
    g_print("%s,,0,%u,%s\n", layout->name, layout->size,
            layout->kind == ABI_TYPE_UNION    ? "union"
            : layout->kind == ABI_TYPE_SCALAR ? "scalar"
                                              : "struct");
    for (guint i = 0; i < rows->len; i++) {
        const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, i);

        g_print("%s,%s,%u,%u,%s\n", layout->name, row->path, row->offset, row->size, row->type);
    }
}

static void print_layout_table(const AbiLayout *layout, const GArray *rows)
{
    g_print("%s, %u bytes\n", layout->name, layout->size);
    for (guint i = 0; i < rows->len; i++) {
        const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, i);

        g_print("  %5u %5u  %-40s %s\n", row->offset, row->size, row->path, row->type);
    }
}

static void json_layout(JsonBuilder *json, const AbiLayout *layout, const GArray *rows)
{
    json_builder_begin_object(json);
    json_member_string(json, "struct", layout->name);
    json_member_int(json, "size", layout->size);
    json_builder_set_member_name(json, "fields");
    json_builder_begin_array(json);
    for (guint i = 0; i < rows->len; i++) {
        const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, i);

        json_builder_begin_object(json);
        json_member_string(json, "field", row->path);
        json_member_int(json, "offset", row->offset);
        json_member_int(json, "size", row->size);
        json_member_string(json, "type", row->type);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
}

void abi_print_layout(const AbiLayout *layout, Format format, JsonBuilder *json)
{
    g_autoptr(GArray) rows = abi_layout_rows(layout);

    if (layout->kind == ABI_TYPE_OPAQUE) {
        g_printerr("nvcuse abi: the members of %s are not known; it is passed on as bytes\n",
                   layout->name);
    } else if (format == FORMAT_CSV) {
        print_layout_csv(layout, rows);
    } else if (format == FORMAT_TABLE) {
        print_layout_table(layout, rows);
    } else {
        json_layout(json, layout, rows);
    }
}

int abi_layout(const AbiQuery *query)
{
    g_autoptr(DriverAbi) abi = abi_query_open(query);
    g_autoptr(JsonBuilder) json = json_builder_new();
    g_autoptr(GPtrArray) structs = NULL;
    const char *name = query->operands[0];
    bool found = !name;

    if (!abi) {
        return EXIT_FAILED;
    }
    structs = driver_abi_structs(abi);
    json_builder_begin_array(json);
    if (query->format == FORMAT_CSV) {
        g_print("struct,field,offset,size,type\n");
    }
    for (guint i = 0; i < structs->len; i++) {
        const AbiLayout *item = structs->pdata[i];

        if (!name || strcmp(item->name, name) == 0) {
            abi_print_layout(item, query->format, json);
            found = true;
        }
    }
    json_builder_end_array(json);
    if (query->format == FORMAT_JSON) {
        json_print(json);
    }
    if (!found) {
        g_printerr("nvcuse abi: no entry of this driver uses a struct '%s'; "
                   "nvcuse abi layout lists those that are used\n",
                   name);
        return EXIT_FAILED;
    }
    return EXIT_OK;
}
