/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists the members of a struct that have a role (abi/role.h). The lists are made once, when a driver's ABI is composed. Code
 * that acts on a role goes through these lists, so no code searches for a member during a call.
 */
#pragma once

#include <stdbool.h>

#include "abi/layout.h"

/**
 * AbiPlace: where a member is, in bytes from the beginning of the struct. The member has several elements if it is an array,
 * or if it is in an array of structs.
 * @offset: of the first element, or of the first element's struct
 * @stride: from one element, or one element's struct, to the next
 * @within: offset of the member in its element's struct
 * @size: size of one element
 * @n: how many elements there are
 * @type: the type of the struct that the member is in
 */
typedef struct {
    uint32_t offset;
    uint32_t stride;
    uint32_t within;
    uint32_t size;
    uint32_t n;
    const AbiLayout *type;
} AbiPlace;

/**
 * AbiMember: one member with a role.
 * @role: never ABI_ROLE_PLAIN or ABI_ROLE_COUNT
 * @beside: the member that the role names. If the role names none and the member is in an array, the member that the array's
 * role names. If there is none either, its n is 0.
 */
typedef struct {
    const AbiRole *role;
    const char *name;
    AbiPlace place;
    AbiPlace beside;
} AbiMember;

/**
 * AbiMembers: the members of one struct that have a role.
 * @all: sorted by role: members with role R begin at @begin[R], and end where those of the next role begin
 * @are_looked_at: nvcuse looks at one of the members before the driver gets it (members with roles of GPUs do not count).
 * So a call whose struct has another size cannot be passed on.
 */
typedef struct {
    const AbiLayout *layout;
    AbiMember *all;
    bool are_looked_at;
    uint8_t begin[N_ABI_ROLES + 1];
} AbiMembers;

/** abi_members_none: the empty list, for entries without a struct. */
extern const AbiMembers abi_members_none;

/** abi_members_new: list the members of a struct. Leaves out members in unions: here it is not known which of them is used. */
AbiMembers *abi_members_new(const AbiLayout *layout);
void abi_members_free(AbiMembers *members);

/** ABI_FOR_EACH_MEMBER: go through the members with one role. */
#define ABI_FOR_EACH_MEMBER(MEMBER, MEMBERS, ROLE) \
    ABI_FOR_EACH_MEMBER_OF(MEMBER, MEMBERS, ROLE, (ROLE) + 1)

/** ABI_FOR_EACH_MEMBER_OF: go through the members with roles from @FIRST to before @END. */
// NOLINTBEGIN(bugprone-macro-parentheses): a name that is declared takes none
#define ABI_FOR_EACH_MEMBER_OF(MEMBER, MEMBERS, FIRST, END)                    \
    for (const AbiMember *MEMBER = &(MEMBERS)->all[(MEMBERS)->begin[(FIRST)]]; \
         MEMBER < &(MEMBERS)->all[(MEMBERS)->begin[(END)]]; (MEMBER)++)
// NOLINTEND(bugprone-macro-parentheses)

/** abi_members_have: check whether there is a member with this role. */
static inline bool abi_members_have(const AbiMembers *members, AbiRoleKind role)
{
    return members->begin[role] < members->begin[role + 1];
}

/** abi_place_at: get the address of element @i of a member. */
static inline void *abi_place_at(void *params, const AbiPlace *place, uint32_t i)
{
    return (char *)params + place->offset + (size_t)i * place->stride + place->within;
}
