/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a struct that have a role (abi/role.h), found once when a driver's ABI is composed. Who acts on a role looks
 * through these, and nobody looks for a member while a call is under way.
 */
#pragma once

#include <stdbool.h>

#include "abi/layout.h"

/**
 * AbiPlace: where a member is, in bytes from the beginning of the struct. It has elements if it is an array, or if it is in an
 * array of structs.
 * @offset: of the first element, or of the first element's struct
 * @stride: from one element, or one element's struct, to the next
 * @within: of the member in its element's struct
 * @size: of one element
 * @n: how many elements there are
 * @type: of the struct that the member is in
 */
typedef struct {
    uint32_t offset;
    uint32_t stride;
    uint32_t within;
    uint32_t size;
    uint32_t n;
    const AbiLayout *type;
} AbiPlace;

/** AbiMember: @role: never ABI_ROLE_PLAIN or ABI_ROLE_COUNT; @beside: the member that the role names, or that the role of the
 * array names which the member is in; its n is 0 if there is none */
typedef struct {
    const AbiRole *role;
    const char *name;
    AbiPlace place;
    AbiPlace beside;
} AbiMember;

/**
 * AbiMembers: of one struct.
 * @all: by role: those with role R begin at @begin[R], and end where the next role's begin
 * @are_looked_at: what the guest says in one of them is looked at before the driver gets it, GPUs excepted: so a call whose struct
 * is of another size cannot be passed on
 */
typedef struct {
    const AbiLayout *layout;
    AbiMember *all;
    bool are_looked_at;
    uint8_t begin[N_ABI_ROLES + 1];
} AbiMembers;

/** abi_members_none: those of no struct. */
extern const AbiMembers abi_members_none;

/** abi_members_new: members in unions are left out: which of them counts is not known here. */
AbiMembers *abi_members_new(const AbiLayout *layout);
void abi_members_free(AbiMembers *members);

/** ABI_FOR_EACH_MEMBER: go through those with one role. */
#define ABI_FOR_EACH_MEMBER(MEMBER, MEMBERS, ROLE) \
    ABI_FOR_EACH_MEMBER_OF(MEMBER, MEMBERS, ROLE, (ROLE) + 1)

/** ABI_FOR_EACH_MEMBER_OF: those with roles from @FIRST to before @END. */
// NOLINTBEGIN(bugprone-macro-parentheses): a name that is declared takes none
#define ABI_FOR_EACH_MEMBER_OF(MEMBER, MEMBERS, FIRST, END)                    \
    for (const AbiMember *MEMBER = &(MEMBERS)->all[(MEMBERS)->begin[(FIRST)]]; \
         MEMBER < &(MEMBERS)->all[(MEMBERS)->begin[(END)]]; (MEMBER)++)
// NOLINTEND(bugprone-macro-parentheses)

/** abi_members_have: whether there is one with this role. */
static inline bool abi_members_have(const AbiMembers *members, AbiRoleKind role)
{
    return members->begin[role] < members->begin[role + 1];
}

/** abi_place_at: one of its elements. */
static inline void *abi_place_at(void *params, const AbiPlace *place, uint32_t i)
{
    return (char *)params + place->offset + (size_t)i * place->stride + place->within;
}
