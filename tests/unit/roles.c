/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What members of structs are, at every driver version: a member that sounds like a descriptor, a client or a GPU has a role, or a
 * reason why it has none; a role fits its member; and no struct is passed on as it is that must not be. Handles, pointers and
 * NvProcessorUuid without a role do not compile (abi/layouts.c).
 */
#include <string.h>

#include <criterion/criterion.h>

#include "version-tree/abi-layouts.h"
#include "version-tree/driver-node.h"

static void for_each_abi(void (*check)(const DriverAbi *abi))
{
    size_t n;
    const DriverNode *const *nodes = driver_nodes(&n);

    for (size_t i = 0; i < n; i++) {
        g_autoptr(DriverAbi) abi = driver_abi_new(nodes[i]);
        check(abi);
    }
}

static void for_each_struct(const DriverAbi *abi, void (*check)(const AbiLayout *layout))
{
    g_autoptr(GPtrArray) structs = driver_abi_structs(abi);

    for (guint i = 0; i < structs->len; i++) {
        check(g_ptr_array_index(structs, i));
    }
}

/* --- names ------------------------------------------------------------------------------------- */

/* Parts of names, without regard to case. */
static const char *const gpu_parts[] = {"gpuid",          "gpu_id",   "gpuinstance",
                                        "deviceinstance", "deviceid", "uuid",
                                        "minor",          "busid",    "remotedevice"};

/* Counters of the driver's memory, and an answer to a request, by name. */
static const char *const no_clients[] = {"clientapi", "clientinstruction", "acceptclientrequest"};

/* The members of GPUs' parts: a chip's GPCs and TPCs, and a half of its memory, are within one GPU. */
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

static bool sounds_special(const AbiFieldRow *row)
{
    const char *dot = strrchr(row->path, '.');
    const char *as_spelled = dot ? dot + 1 : row->path;
    g_autofree char *name = g_ascii_strdown(as_spelled, -1);

    return sounds_like_gpu(name, row->type) || sounds_like_client(name) ||
           sounds_like_fd(name, as_spelled);
}

static void check_names(const AbiLayout *layout)
{
    g_autoptr(GArray) rows = abi_layout_rows(layout);

    for (guint i = 0; i < rows->len; i++) {
        const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, i);
        cr_expect(row->role->kind != ABI_ROLE_PLAIN || !sounds_special(row),
                  "%s.%s (%s): it sounds like a descriptor, a client or a GPU, and has no role",
                  layout->name, row->path, row->type);
    }
}

static void check_names_of(const DriverAbi *abi)
{
    for_each_struct(abi, check_names);
}

Test(roles, are_there_where_a_name_asks_for_one)
{
    for_each_abi(check_names_of);
}

/* --- what they fit ------------------------------------------------------------------------------ */

static bool has_member(const AbiLayout *layout, const char *name)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        if (strcmp(layout->fields[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

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
    case ABI_ROLE_GPU_ID:
    case ABI_ROLE_GPU_DEVICE:
    case ABI_ROLE_GPU_SAID_ID:
    case ABI_ROLE_GPU_SAID_DEVICE:
    case ABI_ROLE_GPU_LIST:
        return field->type->size == sizeof(uint32_t);
    case ABI_ROLE_FD:
        return field->size == sizeof(uint32_t) || field->size == sizeof(uint64_t);
    case ABI_ROLE_MAPPING:
        return field->size == sizeof(uint64_t) && has_member(layout, "hClient");
    case ABI_ROLE_POINTER:
        return field->size == sizeof(uint64_t) &&
               (!field->role.element || has_count(layout, field));
    case ABI_ROLE_ADDRESS:
    case ABI_ROLE_NULLED:
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
        cr_expect(!field->role.beside || has_member(layout, field->role.beside),
                  "%s.%s names a member %s, which there is not", layout->name, field->name,
                  field->role.beside);
    }
}

static void check_fit_of(const DriverAbi *abi)
{
    for_each_struct(abi, check_fit);
}

Test(roles, fit_their_members)
{
    for_each_abi(check_fit_of);
}

/* --- structs that are passed on as they are ------------------------------------------------------ */

/* Classes have their descriptors translated by their roles, whatever the handler. */
static bool is_simple(AbiHandler handler)
{
    return handler == HANDLER_simple || handler == HANDLER_simple_no_status ||
           handler == HANDLER_share || handler == HANDLER_uvm_simple ||
           handler == HANDLER_ctrl_simple;
}

static void check_simple_of(const DriverAbi *abi)
{
    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        size_t n;
        const AbiEntry *entries = driver_abi_entries(abi, (AbiKind)kind, &n);
        for (size_t i = 0; i < n; i++) {
            const AbiLayout *layout = entries[i].layout;
            if (layout && is_simple(entries[i].handler)) {
                cr_expect_not(abi_layout_needs_handler(layout),
                              "%s is passed on as it is, and %s has a pointer or a descriptor",
                              entries[i].name, layout->name);
            }
        }
    }
}

Test(roles, of_pointers_and_descriptors_are_in_no_struct_that_is_passed_on)
{
    for_each_abi(check_simple_of);
}

/* --- statuses ----------------------------------------------------------------------------------- */

static unsigned count_statuses(const AbiLayout *layout)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < layout->n_fields; i++) {
        n += layout->fields[i].role.kind == ABI_ROLE_STATUS;
    }
    return n;
}

/* Those that have none, or have it in a struct within. */
static bool has_no_status(const AbiEntry *entry)
{
    return entry->handler == HANDLER_simple_no_status || !entry->layout ||
           !has_member(entry->layout, "status");
}

static void check_statuses_of(const DriverAbi *abi)
{
    size_t n;
    const AbiEntry *uvm = driver_abi_entries(abi, ABI_UVM, &n);

    for (size_t i = 0; i < n; i++) {
        cr_expect_eq(uvm[i].layout ? count_statuses(uvm[i].layout) : 1, 1, "%s", uvm[i].name);
    }
    const AbiEntry *frontend = driver_abi_entries(abi, ABI_FRONTEND, &n);
    for (size_t i = 0; i < n; i++) {
        cr_expect(has_no_status(&frontend[i]) || count_statuses(frontend[i].layout) == 1, "%s",
                  frontend[i].name);
    }
}

Test(roles, of_statuses_are_in_the_structs_of_ioctls)
{
    for_each_abi(check_statuses_of);
}

/* --- arrays ------------------------------------------------------------------------------------- */

static bool is_of_arrays(AbiHandler handler)
{
    static const AbiHandler handlers[] = {
        HANDLER_ctrl_info_list,         HANDLER_ctrl_u32_list,
        HANDLER_ctrl_get_caps,          HANDLER_ctrl_exec_reg_ops,
        HANDLER_ctrl_debug_read_memory, HANDLER_ctrl_fifo_get_channellist,
        HANDLER_ctrl_get_p2p_caps,      HANDLER_ctrl_get_p2p_caps_egm};

    for (size_t i = 0; i < G_N_ELEMENTS(handlers); i++) {
        if (handlers[i] == handler) {
            return true;
        }
    }
    return false;
}

static unsigned count_arrays(const AbiLayout *layout)
{
    unsigned n = 0;

    for (uint32_t i = 0; layout && i < layout->n_fields; i++) {
        n += layout->fields[i].role.element != 0;
    }
    return n;
}

static void check_arrays_of(const DriverAbi *abi)
{
    size_t n;
    const AbiEntry *entries = driver_abi_entries(abi, ABI_CONTROL, &n);

    for (size_t i = 0; i < n; i++) {
        const unsigned arrays = count_arrays(entries[i].layout);
        const bool two = entries[i].handler == HANDLER_ctrl_fifo_get_channellist ||
                         entries[i].handler == HANDLER_ctrl_get_p2p_caps_egm;
        const unsigned wanted = !is_of_arrays(entries[i].handler) ? 0 : two ? 2 : 1;
        cr_expect_eq(arrays, wanted, "%s: %u arrays", entries[i].name, arrays);
    }
}

Test(roles, of_arrays_are_there_for_the_handlers_of_arrays)
{
    for_each_abi(check_arrays_of);
}

/* What somebody might add to the table as simple. */
static const AbiField of_a_pointer[] = {
    {"list", "", 0, 8, &NvP64_layout, {.kind = ABI_ROLE_POINTER}}};
static const AbiLayout pointer = {"A_PARAMS", ABI_TYPE_STRUCT, NULL, 8, 1, of_a_pointer};
static const AbiField of_a_descriptor[] = {{"fd", "", 0, 4, &NvS32_layout, {.kind = ABI_ROLE_FD}}};
static const AbiLayout descriptor = {"B_PARAMS", ABI_TYPE_STRUCT, NULL, 4, 1, of_a_descriptor};
static const AbiField of_others[] = {{"number", "", 0, 4, &NvU32_layout, {.kind = ABI_ROLE_PLAIN}},
                                     {"inner", "", 8, 8, &pointer, {.kind = ABI_ROLE_PLAIN}}};
static const AbiLayout nested = {"C_PARAMS", ABI_TYPE_STRUCT, NULL, 16, 2, of_others};
static const AbiLayout plain = {"D_PARAMS", ABI_TYPE_STRUCT, NULL, 4, 1, of_others};

Test(roles, decide_what_needs_a_handler)
{
    cr_expect(abi_layout_needs_handler(&pointer));
    cr_expect(abi_layout_needs_handler(&descriptor));
    cr_expect(abi_layout_needs_handler(&nested));
    cr_expect_not(abi_layout_needs_handler(&plain));
}
