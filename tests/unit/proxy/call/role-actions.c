/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who acts on the roles of members, at every driver version: the pipeline finds them, a handler deals with all of its struct's
 * members, and no struct is passed on as it is that must not be.
 */
#include <criterion/criterion.h>

#include "cuse-server/proxy/effects/effects.h"
#include "version-tree/driver-release.h"
#include "version-tree/show/abi-layouts.h"

typedef void (*CheckEntry)(const AbiEntry *entry);

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

/* Call @check for every entry of every version that has a struct. */
static void for_each_entry(CheckEntry check)
{
    size_t n;
    const DriverRelease *const *nodes = driver_releases(&n);

    for (size_t v = 0; v < n; v++) {
        g_autoptr(DriverAbi) abi = driver_abi_new(nodes[v]);
        for_each_entry_of(abi, check);
    }
}

/* --- what the pipeline finds ------------------------------------------------------------------------ */

/* Whether code acts on this role; other roles only describe a member. */
static bool is_acted_on(const AbiRole *role)
{
    switch (role->kind) {
    case ABI_ROLE_CLIENT:
        return role->client != ABI_CLIENT_CALL;
    case ABI_ROLE_FD:
    case ABI_ROLE_MAPPING:
    case ABI_ROLE_DEPENDENCY:
    case ABI_ROLE_HOLDS:
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

/* Members in unions, and in arrays inside arrays, are not found, so no code would act on their roles. */
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

/* A descriptor, a pointer and a mapping are single members, not arrays. */
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

/* Whether code maps the memory that a pointer leads to: the step to another table, the effect, or the pipeline itself. */
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

/* The fault in the members that an entry's handler has to deal with; NULL: there is none. */
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

/* Rows that somebody might add to the table as simple. */
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

/* What an effect expects of the struct of its entries. table-rows makes the calls of effects that are chosen by parameters. */
static void check_effect(const AbiEntry *entry)
{
    const Effect *effect = effect_of(entry->handler);

    if (!effect) {
        cr_expect(entry->handler == HANDLER_control || entry->handler == HANDLER_alloc ||
                      entry->handler == HANDLER_numa_info,
                  "%s has no effect", entry->name);
        return;
    }
    if (effect->way == ASK_FOR_FILE || effect->locks_target) {
        cr_expect(abi_members_have(entry->members, ABI_ROLE_FD), "%s", entry->name);
    }
    if (effect->way == ASK_FOR_FILE || effect->bad_fd_is_status) {
        cr_expect(abi_members_have(entry->members, ABI_ROLE_STATUS), "%s", entry->name);
    }
    if (effect->lock != LOCK_NONE && entry->kind != ABI_CONTROL && entry->kind != ABI_ALLOC) {
        cr_expect(abi_members_have(entry->members, ABI_ROLE_CLIENT), "%s", entry->name);
    }
    if (entry->kind == ABI_ALLOC) { /* else nobody would count the new objects */
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

/* Whether the struct has no status, or has it in a struct within. */
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
