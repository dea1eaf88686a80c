/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse abi list: lists the entries of a driver. */
#include "cuse-server/base/json/json-output.h"
#include "cuse-server/cli/abi/abi-query.h"
#include "cuse-server/cli/command.h"

static void list_entry(const AbiEntry *entry, Format format, JsonBuilder *json)
{
    g_autofree char *caps = nv_caps_format(entry->caps, "|");
    g_autofree char *structs = abi_structs_of(entry);
    g_autofree char *number = g_strdup_printf("0x%x", entry->number);
    const char *cells[] = {abi_kind_name(entry->kind),       number, entry->name,
                           abi_handler_name(entry->handler), caps,   structs};
    static const char *const titles[] = {"kind", "number", "name", "handler", "caps", "struct"};

    if (format == FORMAT_CSV) {
        g_print("%s,%s,%s,%s,%s,%s\n", cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]);
    } else if (format == FORMAT_TABLE) {
        g_print("%-8s %-10s %-64s %-26s %-24s %s\n", cells[0], cells[1], cells[2], cells[3],
                cells[4], cells[5]);
    } else {
        json_builder_begin_object(json);
        for (size_t i = 0; i < G_N_ELEMENTS(cells); i++) {
            json_member_string(json, titles[i], cells[i]);
        }
        json_builder_end_object(json);
    }
}

int abi_list(const AbiQuery *query)
{
    g_autoptr(DriverAbi) abi = abi_query_open(query);
    g_autoptr(JsonBuilder) json = json_builder_new();

    if (!abi) {
        return EXIT_FAILED;
    }
    json_builder_begin_array(json);
    if (query->format == FORMAT_CSV) {
        g_print("kind,number,name,handler,caps,struct\n");
    } else if (query->format == FORMAT_TABLE) {
        g_print("%-8s %-10s %-64s %-26s %-24s %s\n", "KIND", "NUMBER", "NAME", "HANDLER", "CAPS",
                "STRUCT");
    }
    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        size_t n;
        const AbiEntry *entries = driver_abi_entries(abi, (AbiKind)kind, &n);

        for (size_t i = 0; i < n; i++) {
            if (query->kind == N_ABI_KINDS || query->kind == (AbiKind)kind) {
                list_entry(&entries[i], query->format, json);
            }
        }
    }
    json_builder_end_array(json);
    if (query->format == FORMAT_JSON) {
        json_print(json);
    }
    return EXIT_OK;
}
