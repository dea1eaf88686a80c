/* SPDX-License-Identifier: Apache-2.0 */
#include "version-tree/show/abi-layouts.h"

#include <string.h>

#include "abi/control/ctrl-common.h"
#include "abi/control/ctrl2080-gpu.h"
#include "abi/uvm.h"

/* Structs that no entry names: elements of lists that parameters point to, and structs that the proxy
 * itself sends. */
static const AbiLayout *const further_structs[] = {
    &NVXXXX_CTRL_XXX_INFO_layout,
    &NV2080_CTRL_GPU_REG_OP_layout,
    &UVM_TOOLS_READ_PROCESS_MEMORY_PARAMS_layout,
    &UVM_TOOLS_WRITE_PROCESS_MEMORY_PARAMS_layout,
};

const AbiField *abi_layout_field(const AbiLayout *layout, const char *name)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        if (strcmp(layout->fields[i].name, name) == 0) {
            return &layout->fields[i];
        }
    }
    return NULL;
}

static void clear_row(gpointer data)
{
    AbiFieldRow *row = data;

    g_free(row->path);
    g_free(row->type);
}

static void add_row(GArray *rows, const char *path, const char *type, const AbiField *field,
                    uint32_t offset)
{
    AbiFieldRow row = {
        .path = g_strdup(path),
        .type = g_strconcat(type, field->dimensions, NULL),
        .offset = offset,
        .size = field->size,
        .role = &field->role,
        .of = field->type,
    };

    g_array_append_val(rows, row);
}

/* Append the members of @layout to @rows. @layout lies at offset @base; its members' names begin with @prefix. */
static void add_members(GArray *rows, const AbiLayout *layout, const char *prefix, uint32_t base)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        const AbiField *field = &layout->fields[i];
        g_autofree char *path = g_strconcat(prefix, field->name, NULL);
        bool array = *field->dimensions != '\0';
        g_autofree char *inner = g_strconcat(path, array ? "[]." : ".", NULL);

        if (field->type->kind == ABI_TYPE_ANONYMOUS) {
            add_members(rows, field->type, prefix, base + field->offset);
        } else if (field->type->kind == ABI_TYPE_UNNAMED) {
            if (array) {
                add_row(rows, path, "struct", field, base + field->offset);
            }
            add_members(rows, field->type, inner, base + field->offset);
        } else {
            add_row(rows, path, field->type->name, field, base + field->offset);
        }
    }
}

GArray *abi_layout_rows(const AbiLayout *layout)
{
    GArray *rows = g_array_new(FALSE, FALSE, sizeof(AbiFieldRow));

    g_array_set_clear_func(rows, clear_row);
    add_members(rows, layout, "", 0);
    return rows;
}

/* Collects @layout and the named structs inside it. */
static void collect(GHashTable *seen, const AbiLayout *layout)
{
    bool named = layout->kind != ABI_TYPE_UNNAMED && layout->kind != ABI_TYPE_ANONYMOUS;

    if (layout->kind == ABI_TYPE_SCALAR || (named && !g_hash_table_add(seen, (gpointer)layout))) {
        return;
    }
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        collect(seen, layout->fields[i].type);
    }
}

static gint compare_names(gconstpointer a, gconstpointer b)
{
    const AbiLayout *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

GPtrArray *driver_abi_structs(const DriverAbi *abi)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    GPtrArray *structs = g_ptr_array_new();
    GHashTableIter iter;
    gpointer layout;

    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        size_t n;
        const AbiEntry *entries = driver_abi_entries(abi, (AbiKind)kind, &n);

        for (size_t i = 0; i < n; i++) {
            if (entries[i].layout) {
                collect(seen, entries[i].layout);
            }
            if (entries[i].short_layout) {
                collect(seen, entries[i].short_layout);
            }
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(further_structs); i++) {
        collect(seen, further_structs[i]);
    }

    g_hash_table_iter_init(&iter, seen);
    while (g_hash_table_iter_next(&iter, &layout, NULL)) {
        g_ptr_array_add(structs, layout);
    }
    g_ptr_array_sort(structs, compare_names);
    return structs;
}
