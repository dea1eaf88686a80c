/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The roles of members of structs, at every driver version: a member whose name suggests a descriptor, a client or a GPU has a
 * role, or a reason why it has none; and a role fits its member. Handles, pointers and NvProcessorUuid without a role do not
 * compile (abi/layouts.c).
 */
#include <string.h>

#include <criterion/criterion.h>

#include "version-tree/driver-release.h"
#include "version-tree/show/abi-layouts.h"

typedef void (*CheckStruct)(const AbiLayout *layout);

/* Call @check for every struct of every version. */
static void for_each_struct(CheckStruct check)
{
    size_t n;
    const DriverRelease *const *nodes = driver_releases(&n);

    for (size_t v = 0; v < n; v++) {
        g_autoptr(DriverAbi) abi = driver_abi_new(nodes[v]);
        g_autoptr(GPtrArray) structs = driver_abi_structs(abi);
        for (guint i = 0; i < structs->len; i++) {
            check(g_ptr_array_index(structs, i));
        }
    }
}

/* --- names ------------------------------------------------------------------------------------- */

/* Parts of names, in lower case. */
static const char *const gpu_parts[] = {"gpuid",          "gpu_id",   "gpuinstance",
                                        "deviceinstance", "deviceid", "uuid",
                                        "minor",          "busid",    "remotedevice"};

/* Names of counters of the driver's memory, and of the answer to a request. */
static const char *const no_clients[] = {"clientapi", "clientinstruction", "acceptclientrequest"};

/* A chip's GPCs and TPCs, and a half of its memory, are parts of one GPU. */
static const char *const no_gpus[] = {"ugpuid"};

static bool has_part(const char *name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strstr(name, list[i])) {
            return true;
        }
    }
    return false;
}

static bool sounds_like_gpu(const char *name, const char *type)
{
    return g_str_has_prefix(name, "pci") || g_str_has_prefix(type, "NvProcessorUuid") ||
           (has_part(name, gpu_parts, G_N_ELEMENTS(gpu_parts)) &&
            !has_part(name, no_gpus, G_N_ELEMENTS(no_gpus)));
}

static bool sounds_like_client(const char *name)
{
    return strstr(name, "client") && !has_part(name, no_clients, G_N_ELEMENTS(no_clients));
}

static bool sounds_like_fd(const char *name, const char *as_spelled)
{
    return strcmp(name, "fd") == 0 || g_str_has_suffix(name, "_fd") ||
           g_str_has_suffix(as_spelled, "Fd") || g_str_has_suffix(name, "descriptor");
}

static bool sounds_like_process(const char *name)
{
    return strcmp(name, "pid") == 0 || strcmp(name, "pidtbl") == 0 ||
           g_str_has_suffix(name, "procid") || g_str_has_suffix(name, "processid") ||
           strstr(name, "processname");
}

static bool sounds_special(const AbiFieldRow *row)
{
    const char *dot = strrchr(row->path, '.');
    const char *as_spelled = dot ? dot + 1 : row->path;
    g_autofree char *name = g_ascii_strdown(as_spelled, -1);

    return sounds_like_gpu(name, row->type) || sounds_like_client(name) ||
           sounds_like_fd(name, as_spelled) || sounds_like_process(name);
}

static void check_names(const AbiLayout *layout)
{
    g_autoptr(GArray) rows = abi_layout_rows(layout);

    for (guint i = 0; i < rows->len; i++) {
        const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, i);
        cr_expect(row->role->kind != ABI_ROLE_PLAIN || !sounds_special(row),
                  "%s.%s (%s): it sounds like a descriptor, a client, a process or a GPU, and has "
                  "no role",
                  layout->name, row->path, row->type);
    }
}

Test(roles, are_there_where_a_name_asks_for_one)
{
    for_each_struct(check_names);
}

/* --- what they fit ------------------------------------------------------------------------------ */

static bool has_count(const AbiLayout *layout, const AbiField *array)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        const AbiField *field = &layout->fields[i];
        if (field->offset == array->role.beside_at) {
            return field->size == sizeof(uint32_t) &&
                   g_strcmp0(field->name, array->role.beside) == 0;
        }
    }
    return false;
}

static bool fits(const AbiLayout *layout, const AbiField *field)
{
    switch (field->role.kind) {
    case ABI_ROLE_LEFT_ALONE:
        return field->role.reason && *field->role.reason;
    case ABI_ROLE_STATUS:
        return field->size == sizeof(uint32_t);
    case ABI_ROLE_CLIENT:
    case ABI_ROLE_OBJECT:
    case ABI_ROLE_DEPENDENCY:
    case ABI_ROLE_HOLDS:
    case ABI_ROLE_GPU_ID:
    case ABI_ROLE_GPU_DEVICE:
    case ABI_ROLE_GPU_SAID_ID:
    case ABI_ROLE_GPU_SAID_DEVICE:
    case ABI_ROLE_GPU_LIST:
        return field->type->size == sizeof(uint32_t);
    case ABI_ROLE_FD:
        return field->size == sizeof(uint32_t) || field->size == sizeof(uint64_t);
    case ABI_ROLE_MAPPING:
        return field->size == sizeof(uint64_t) && abi_layout_field(layout, "hClient");
    case ABI_ROLE_POINTER:
        return field->size == sizeof(uint64_t) &&
               (!field->role.element || has_count(layout, field));
    case ABI_ROLE_ADDRESS:
    case ABI_ROLE_MEMORY_SIZE:
    case ABI_ROLE_NULLED:
    case ABI_ROLE_REFUSED:
        return field->size == sizeof(uint64_t);
    case ABI_ROLE_GPU_FAILED_ID:
        return field->role.beside;
    case ABI_ROLE_COUNT:
        return field->role.beside && field->type->size < field->size;
    default:
        return true;
    }
}

static void check_fit(const AbiLayout *layout)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        const AbiField *field = &layout->fields[i];
        cr_expect(fits(layout, field), "%s.%s", layout->name, field->name);
        cr_expect(!field->role.beside || abi_layout_field(layout, field->role.beside),
                  "%s.%s names a member %s, which there is not", layout->name, field->name,
                  field->role.beside);
    }
}

Test(roles, fit_their_members)
{
    for_each_struct(check_fit);
}

/* --- shapes -------------------------------------------------------------------------------------- */

static bool is_same(const AbiRole *one, const AbiRole *other)
{
    return one->kind == other->kind && one->client == other->client && one->fd == other->fd &&
           one->none == other->none && one->access == other->access && one->flags == other->flags &&
           one->element == other->element;
}

/* "STRUCT.member" -> the role that it has had until now */
static GHashTable *known;

static void check_shape(const AbiLayout *layout)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        const AbiField *field = &layout->fields[i];
        g_autofree char *name = g_strconcat(layout->name, ".", field->name, NULL);
        const AbiRole *before = g_hash_table_lookup(known, name);
        cr_expect(!before || is_same(before, &field->role), "%s has another role in another shape",
                  name);
        g_hash_table_insert(known, g_steal_pointer(&name), (gpointer)&field->role);
    }
}

Test(roles, are_the_same_in_all_shapes_of_a_struct)
{
    known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for_each_struct(check_shape);
    g_hash_table_unref(known);
}
