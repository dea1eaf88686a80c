/* SPDX-License-Identifier: Apache-2.0 */
/* Maps the caller's arrays that parameters point to, by the roles of the pointers (abi/role.h). */
#include <errno.h>
#include <string.h>

#include "abi/status.h"
#include "cuse-server/proxy/call/call-work.h"

/* Limits of one array. An array with ABI_READ may be as long as a call can carry, minus the room for the call's structs. */
enum {
    ARRAY_BYTES_MAX = 1024 * 1024,
    STRUCTS_BYTES = 4096,
    READ_BYTES_MAX = GUEST_CALL_BYTES_MAX - STRUCTS_BYTES,
};

/* Compute the size of an array. Returns false if the array is empty or too long. */
static bool array_bytes(const AbiRole *role, NvU32 count, size_t *bytes)
{
    const uint64_t elements = role->flags & ABI_SQUARE ? (uint64_t)count * count : count;
    const uint64_t bytes_max = role->flags & ABI_READ ? READ_BYTES_MAX : ARRAY_BYTES_MAX;

    /* A 32-bit count squared fits into 64 bits; multiplied by the element size it may not fit. So divide. */
    if (elements == 0 || elements > bytes_max / role->element) {
        return false;
    }
    *bytes = elements * role->element;
    return true;
}

static bool refuse_size(Call *call, const AbiRole *role)
{
    return role->flags & ABI_BY_ERRNO
               ? call_refuse(call, EINVAL, REFUSAL_TOO_LARGE)
               : call_refuse_status(call, NV_ERR_INVALID_ARGUMENT, REFUSAL_TOO_LARGE);
}

static bool map_array(Call *call, const AbiMember *member)
{
    const AbiRole *role = member->role;
    NvP64 *at = abi_place_at(call->params, &member->place, 0);
    NvU32 count;
    size_t bytes = 0;

    memcpy(&count, abi_place_at(call->params, &member->beside, 0), sizeof count);
    const bool is_null = (*at == 0 && (role->flags & ABI_NULL_OK)) ||
                         (count == 0 && (role->flags & ABI_EMPTY_IS_NULL));
    if (!is_null && !array_bytes(role, count, &bytes)) {
        return refuse_size(call, role);
    }
    call_map_array(call, at, bytes, role->access == ABI_ACCESS_OUT ? GUEST_OUT : GUEST_INOUT);
    call->work->arrays[call->work->n_arrays - 1].are_clients = role->flags & ABI_CLIENTS;
    return true;
}

bool call_arrays_map(Call *call)
{
    ABI_FOR_EACH_MEMBER(member, call->work->members, ABI_ROLE_REFUSED)
    {
        if (*(const NvP64 *)abi_place_at(call->params, &member->place, 0)) {
            return call_refuse(call, EINVAL, REFUSAL_BAD_POINTER);
        }
    }
    ABI_FOR_EACH_MEMBER(member, call->work->members, ABI_ROLE_POINTER)
    {
        const AbiRole *role = member->role;
        if (role->element && !(role->flags & ABI_ON_TERMS) && !map_array(call, member)) {
            return false;
        }
    }
    return true;
}
