/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse abi layout: prints the structs of a driver, field by field. */
#include <string.h>

#include "cuse-server/base/json/json-output.h"
#include "cuse-server/cli/abi/abi-query.h"
#include "cuse-server/cli/command.h"
#include "version-tree/show/abi-layouts.h"
#include "version-tree/show/role-text.h"

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

static void print_row(const AbiFieldRow *row, const char *prefix, uint32_t base)
{
    g_autofree char *role = abi_role_text(row->role);
    g_autofree char *path = g_strconcat(prefix, row->path, NULL);

    if (*role) {
        g_print("  %5u %5u  %-40s %-24s %s\n", base + row->offset, row->size, path, row->type,
                role);
    } else {
        g_print("  %5u %5u  %-40s %s\n", base + row->offset, row->size, path, row->type);
    }
}

static bool is_struct(const AbiLayout *layout)
{
    return layout->kind == ABI_TYPE_STRUCT || layout->kind == ABI_TYPE_UNION;
}

static void print_roles_of_type(const AbiFieldRow *row, const char *prefix, uint32_t base);

/* Print the members of a struct, and of the structs in it, that have a role. @prefix: prefix of their names, "list[]." */
static void print_roles_within(const AbiLayout *layout, const char *prefix, uint32_t base)
{
    g_autoptr(GArray) rows = abi_layout_rows(layout);

    for (guint i = 0; i < rows->len; i++) {
        const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, i);
        if (row->role->kind != ABI_ROLE_PLAIN) {
            print_row(row, prefix, base);
        }
        print_roles_of_type(row, prefix, base);
    }
}

static void print_roles_of_type(const AbiFieldRow *row, const char *prefix, uint32_t base)
{
    g_autofree char *inner =
        g_strconcat(prefix, row->path, row->size > row->of->size ? "[]." : ".", NULL);

    if (is_struct(row->of)) {
        print_roles_within(row->of, inner, base + row->offset);
    }
}

static void print_layout_table(const AbiLayout *layout, const GArray *rows)
{
    g_print("%s, %u bytes\n", layout->name, layout->size);
    for (guint i = 0; i < rows->len; i++) {
        const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, i);

        print_row(row, "", 0);
        print_roles_of_type(row, "", 0);
    }
}

static void json_role(JsonBuilder *json, const AbiRole *role)
{
    g_autofree char *text = abi_role_text(role);

    json_member_string(json, "role", abi_role_name(role->kind));
    json_member_string(json, "what", *text ? text : NULL);
}

static void json_layout(JsonBuilder *json, const AbiLayout *layout, const GArray *rows);

static void json_row(JsonBuilder *json, const AbiFieldRow *row)
{
    json_builder_begin_object(json);
    json_member_string(json, "field", row->path);
    json_member_int(json, "offset", row->offset);
    json_member_int(json, "size", row->size);
    json_member_string(json, "type", row->type);
    json_role(json, row->role);
    if (is_struct(row->of)) {
        g_autoptr(GArray) inner = abi_layout_rows(row->of);
        json_builder_set_member_name(json, "of");
        json_layout(json, row->of, inner);
    }
    json_builder_end_object(json);
}

static void json_layout(JsonBuilder *json, const AbiLayout *layout, const GArray *rows)
{
    json_builder_begin_object(json);
    json_member_string(json, "struct", layout->name);
    json_member_int(json, "size", layout->size);
    json_builder_set_member_name(json, "fields");
    json_builder_begin_array(json);
    for (guint i = 0; i < rows->len; i++) {
        json_row(json, &g_array_index(rows, AbiFieldRow, i));
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
}

void abi_print_layout(const AbiLayout *layout, Format format, JsonBuilder *json)
{
    g_autoptr(GArray) rows = abi_layout_rows(layout);

    if (layout->kind == ABI_TYPE_OPAQUE) {
        g_printerr("nvcuse abi: %s: its members are not known; nvcuse passes it on as bytes\n",
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
