/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What members of structs are, at every driver version: a member that sounds like a descriptor, a client or a GPU has a role, or a
 * reason why it has none; a role fits its member; and no struct is passed on as it is that must not be. Handles, pointers and
 * NvProcessorUuid without a role do not compile (abi/layouts.c).
 */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/proxy/effects/effects.h"
#include "version-tree/driver-node.h"
#include "version-tree/show/abi-layouts.h"

typedef void (*CheckStruct)(const AbiLayout *layout);
typedef void (*CheckEntry)(const AbiEntry *entry);

/* Of every version. */
static void for_each_struct(CheckStruct check)
{
    size_t n;
    const DriverNode *const *nodes = driver_nodes(&n);

    for (size_t v = 0; v < n; v++) {
        g_autoptr(DriverAbi) abi = driver_abi_new(nodes[v]);
        g_autoptr(GPtrArray) structs = driver_abi_structs(abi);
        for (guint i = 0; i < structs->len; i++) {
            check(g_ptr_array_index(structs, i));
        }
    }
}

static void for_each_entry_of(const DriverAbi *abi, CheckEntry check)
{
    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        size_t n;
        const AbiEntry *entries = driver_abi_entries(abi, (AbiKind)kind, &n);
        for (size_t i = 0; i < n; i++) {
            if (entries[i].layout) {
                check(&entries[i]);
            }
        }
    }
}

/* The same for those that have a struct. */
static void for_each_entry(CheckEntry check)
{
    size_t n;
    const DriverNode *const *nodes = driver_nodes(&n);

    for (size_t v = 0; v < n; v++) {
        g_autoptr(DriverAbi) abi = driver_abi_new(nodes[v]);
        for_each_entry_of(abi, check);
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

/* --- what the pipeline finds ------------------------------------------------------------------------ */

/* Which roles somebody acts on; the others are said of members, and nobody acts. */
static bool is_acted_on(const AbiRole *role)
{
    switch (role->kind) {
    case ABI_ROLE_CLIENT:
        return role->client != ABI_CLIENT_CALL;
    case ABI_ROLE_FD:
    case ABI_ROLE_MAPPING:
    case ABI_ROLE_DEPENDENCY:
    case ABI_ROLE_MEMORY_SIZE:
    case ABI_ROLE_NULLED:
    case ABI_ROLE_REFUSED:
    case ABI_ROLE_POINTER:
    case ABI_ROLE_SAID_PID:
    case ABI_ROLE_SAID_PROCESS:
    case ABI_ROLE_STATUS:
        return true;
    default:
        return abi_role_is_gpu(role);
    }
}

static bool is_found(const AbiMembers *members, const AbiRole *role)
{
    ABI_FOR_EACH_MEMBER(member, members, role->kind)
    {
        if (member->role == role) {
            return true;
        }
    }
    return false;
}

/* Members in unions, and in arrays in arrays, are not found: nobody would act on their roles. */
static void check_found(const AbiEntry *entry, const AbiLayout *layout)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        const AbiField *field = &layout->fields[i];
        cr_expect(!is_acted_on(&field->role) || is_found(entry->members, &field->role),
                  "%s: nobody acts on the role of %s.%s where it is", entry->name, layout->name,
                  field->name);
        check_found(entry, field->type);
    }
}

static void check_all_found(const AbiEntry *entry)
{
    check_found(entry, entry->layout);
}

Test(roles, are_where_they_are_acted_on)
{
    for_each_entry(check_all_found);
}

/* Of a descriptor, a pointer and a mapping there is one in a place, not an array. */
static void check_single(const AbiEntry *entry)
{
    static const AbiRoleKind kinds[] = {ABI_ROLE_FD,      ABI_ROLE_POINTER, ABI_ROLE_NULLED,
                                        ABI_ROLE_REFUSED, ABI_ROLE_MAPPING, ABI_ROLE_STATUS};

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        ABI_FOR_EACH_MEMBER(member, entry->members, kinds[i])
        {
            cr_expect_eq(member->place.n, 1, "%s: %s", entry->name, member->name);
            cr_expect(!member->role->element || member->beside.n == 1, "%s: %s", entry->name,
                      member->name);
        }
    }
}

Test(roles, of_descriptors_and_pointers_are_not_of_arrays)
{
    for_each_entry(check_single);
}

/* --- handlers ------------------------------------------------------------------------------------ */

/* Whether somebody asks for what a pointer leads to: the way to another table, the effect, or the pipeline itself. */
static bool is_asked_for(AbiHandler handler, const AbiRole *pointer)
{
    if (!pointer->element) {
        return handler == HANDLER_control || handler == HANDLER_alloc;
    }
    return !(pointer->flags & ABI_ON_TERMS) || (effect_of(handler) && effect_of(handler)->map);
}

static bool is_simple(AbiHandler handler)
{
    static const AbiHandler simple[] = {HANDLER_simple,         HANDLER_simple_no_status,
                                        HANDLER_uvm_simple,     HANDLER_uvm_no_params,
                                        HANDLER_ctrl_simple,    HANDLER_alloc_simple,
                                        HANDLER_alloc_no_params};

    for (size_t i = 0; i < G_N_ELEMENTS(simple); i++) {
        if (simple[i] == handler) {
            return true;
        }
    }
    return false;
}

/* What is wrong with the members that an entry's handler is to deal with, or NULL. */
static const char *problem_of(AbiHandler handler, const AbiMembers *members)
{
    static const AbiRoleKind not_simple[] = {ABI_ROLE_FD, ABI_ROLE_POINTER, ABI_ROLE_NULLED,
                                             ABI_ROLE_REFUSED, ABI_ROLE_DEPENDENCY};

    for (size_t i = 0; is_simple(handler) && i < G_N_ELEMENTS(not_simple); i++) {
        if (abi_members_have(members, not_simple[i])) {
            return "is called simple, and has members that are not";
        }
    }
    ABI_FOR_EACH_MEMBER(member, members, ABI_ROLE_POINTER)
    {
        if (!is_asked_for(handler, member->role)) {
            return "has a pointer, and nobody asks for what is there";
        }
    }
    return NULL;
}

static void check_handler(const AbiEntry *entry)
{
    const char *problem = problem_of(entry->handler, entry->members);

    cr_expect_null(problem, "%s (%s) %s", entry->name, abi_handler_name(entry->handler), problem);
}

Test(roles, are_those_that_the_handlers_know)
{
    for_each_entry(check_handler);
}

/* What somebody might add to the table as simple. */
static const AbiField of_a_pointer[] = {
    {"list", "", 0, 8, &NvP64_layout, {.kind = ABI_ROLE_POINTER}}};
static const AbiLayout pointer = {"A_PARAMS", ABI_TYPE_STRUCT, NULL, 8, 1, of_a_pointer};
static const AbiField of_a_descriptor[] = {{"fd", "", 0, 4, &NvS32_layout, {.kind = ABI_ROLE_FD}}};
static const AbiLayout descriptor = {"B_PARAMS", ABI_TYPE_STRUCT, NULL, 4, 1, of_a_descriptor};

Test(roles, refuse_a_pointer_and_a_descriptor_that_are_declared_simple)
{
    static const AbiHandler simple[] = {HANDLER_simple, HANDLER_uvm_simple, HANDLER_ctrl_simple,
                                        HANDLER_alloc_simple};
    AbiMembers *of_pointer = abi_members_new(&pointer);
    AbiMembers *of_descriptor = abi_members_new(&descriptor);

    for (size_t i = 0; i < G_N_ELEMENTS(simple); i++) {
        cr_expect(problem_of(simple[i], of_pointer));
        cr_expect(problem_of(simple[i], of_descriptor));
    }
    cr_expect(problem_of(HANDLER_ctrl_info_list, of_pointer));
    cr_expect_not(problem_of(HANDLER_ctrl_info_list, of_descriptor));
    abi_members_free(of_pointer);
    abi_members_free(of_descriptor);
}

/* --- effects ------------------------------------------------------------------------------------- */

/* What an effect takes for granted of the struct of its entries; of those that are chosen, table-rows makes the calls. */
static void check_effect(const AbiEntry *entry)
{
    const Effect *effect = effect_of(entry->handler);

    if (!effect) {
        cr_expect(entry->handler == HANDLER_control || entry->handler == HANDLER_alloc ||
                      entry->handler == HANDLER_numa_info,
                  "%s has no effect", entry->name);
        return;
    }
    if (effect->way == ASK_FOR_FILE || effect->makes_mapping) {
        cr_expect(abi_members_have(entry->members, ABI_ROLE_FD), "%s", entry->name);
    }
    if (effect->way == ASK_FOR_FILE || effect->bad_fd_is_status) {
        cr_expect(abi_members_have(entry->members, ABI_ROLE_STATUS), "%s", entry->name);
    }
    if (effect->lock != LOCK_NONE && entry->kind != ABI_CONTROL && entry->kind != ABI_ALLOC) {
        cr_expect(abi_members_have(entry->members, ABI_ROLE_CLIENT), "%s", entry->name);
    }
    if (entry->kind == ABI_ALLOC) { /* or objects would be made that nobody counts */
        cr_expect((effect->lock == LOCK_FOR_NEW && effect->after) ||
                      entry->handler == HANDLER_alloc_root_client,
                  "%s", entry->name);
    }
}

Test(roles, are_those_that_effects_take_for_granted)
{
    for_each_entry(check_effect);
}

/* --- statuses ----------------------------------------------------------------------------------- */

/* Those that have none, or have it in a struct within. */
static bool has_no_status(const AbiEntry *entry)
{
    return entry->handler == HANDLER_simple_no_status || !abi_layout_field(entry->layout, "status");
}

static void check_status(const AbiEntry *entry)
{
    const bool is_frontend = entry->kind == ABI_FRONTEND && !has_no_status(entry);

    if (entry->kind == ABI_UVM || is_frontend) {
        cr_expect(abi_members_have(entry->members, ABI_ROLE_STATUS), "%s", entry->name);
    }
}

Test(roles, of_statuses_are_in_the_structs_of_ioctls)
{
    for_each_entry(check_status);
}
