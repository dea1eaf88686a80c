/* SPDX-License-Identifier: Apache-2.0 */
#include "version-tree/abi-members.h"

#include <string.h>

#include <glib.h>

static AbiMember no_members[1];
const AbiMembers abi_members_none = {.all = no_members};

/*
 * Owner: a struct, and where it lies in the outermost struct.
 * @base: its offset
 * @array: the array whose first element it is or lies in, or NULL; @array_at: the array's offset
 * @array_beside: the member that the array's role names
 */
typedef struct {
    const AbiLayout *layout;
    uint32_t base;
    const AbiField *array;
    uint32_t array_at;
    AbiPlace array_beside;
} Owner;

static AbiPlace place_of(const Owner *owner, const AbiField *field)
{
    const uint32_t at = owner->base + field->offset;
    const uint32_t element = field->type->size ? field->type->size : field->size;

    if (owner->array) {
        const uint32_t stride = owner->array->type->size;
        return (AbiPlace){.offset = owner->array_at,
                          .stride = stride,
                          .within = at - owner->array_at,
                          .size = field->size,
                          .n = owner->array->size / stride,
                          .type = owner->layout};
    }
    return (AbiPlace){.offset = at,
                      .stride = element,
                      .size = element,
                      .n = field->size / element,
                      .type = owner->layout};
}

/* Find the member that the role of @field names, in the same struct. If there is none, return that of the owner's array. */
static AbiPlace beside_of(const Owner *owner, const AbiField *field)
{
    for (uint32_t i = 0; field->role.beside && i < owner->layout->n_fields; i++) {
        if (strcmp(owner->layout->fields[i].name, field->role.beside) == 0) {
            return place_of(owner, &owner->layout->fields[i]);
        }
    }
    return owner->array_beside;
}

static void add_members(GArray *found, const Owner *owner);

/* Add the members of a struct, or of an array's structs. Leaves out unions, and arrays in elements of arrays. */
static void add_inner(GArray *found, const Owner *owner, const AbiField *field)
{
    Owner inner = *owner;

    inner.layout = field->type;
    inner.base = owner->base + field->offset;
    if (*field->dimensions) {
        inner.array = field;
        inner.array_at = inner.base;
        inner.array_beside = beside_of(owner, field);
    }
    if (!abi_layout_is_union(field->type) && !(owner->array && *field->dimensions)) {
        add_members(found, &inner);
    }
}

static void add_members(GArray *found, const Owner *owner)
{
    for (uint32_t i = 0; i < owner->layout->n_fields; i++) {
        const AbiField *field = &owner->layout->fields[i];
        if (field->role.kind == ABI_ROLE_PLAIN || field->role.kind == ABI_ROLE_COUNT) {
            add_inner(found, owner, field);
        } else {
            const AbiMember member = {&field->role, field->name, place_of(owner, field),
                                      beside_of(owner, field)};
            g_array_append_val(found, member);
        }
    }
}

/* Check whether nvcuse looks at a member with this role before the driver gets it. It does not look at the client in
 * which a call is made: the driver itself checks that client's owner. */
static bool is_looked_at(const AbiRole *role)
{
    switch (role->kind) {
    case ABI_ROLE_CLIENT:
        return role->client != ABI_CLIENT_CALL;
    case ABI_ROLE_FD:
    case ABI_ROLE_POINTER:
    case ABI_ROLE_NULLED:
    case ABI_ROLE_REFUSED:
    case ABI_ROLE_MAPPING:
        return true;
    default:
        return false;
    }
}

AbiMembers *abi_members_new(const AbiLayout *layout)
{
    g_autoptr(GArray) found = g_array_new(FALSE, FALSE, sizeof(AbiMember));
    AbiMembers *members = g_new0(AbiMembers, 1);
    uint8_t n = 0;

    add_members(found, &(Owner){.layout = layout});
    g_assert(found->len <= UINT8_MAX);
    members->layout = layout;
    members->all = g_new(AbiMember, found->len + 1); /* + 1: never NULL, even without members */
    for (guint i = 0; i < found->len; i++) {
        members->are_looked_at |= is_looked_at(g_array_index(found, AbiMember, i).role);
    }
    for (unsigned role = 0; role < N_ABI_ROLES; role++) {
        members->begin[role] = n;
        for (guint i = 0; i < found->len; i++) {
            if (g_array_index(found, AbiMember, i).role->kind == role) {
                members->all[n++] = g_array_index(found, AbiMember, i);
            }
        }
    }
    members->begin[N_ABI_ROLES] = n;
    return members;
}

void abi_members_free(AbiMembers *members)
{
    g_free(members->all);
    g_free(members);
}
