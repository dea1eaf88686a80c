/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translates the guest's descriptors, pointers and clients into the driver's values. gpu-scope-call.c translates GPUs.
 *
 * The driver numbers client handles across the whole host. Some calls take a client handle without checking its owner. Others
 * check only the process that made the client, and that process is the worker for all guests of an instance. So if the caller
 * could not use a handle natively, the driver gets a handle that no client has instead, and gives its usual error for that.
 */
#include <errno.h>
#include <string.h>

#include "abi/status.h"
#include "cuse-server/proxy/call/call-work.h"

/* NO_CLIENT: no client has it; the driver's handles are 0xc1d00000 and up (src/nvidia/inc/libraries/resserv/rs_server.h). */
#define NO_CLIENT  1U
#define NO_ADDRESS UINT64_MAX

/* --- descriptors ------------------------------------------------------------------------------ */

static bool is_none(const AbiRole *role, const AbiPlace *place, const void *at)
{
    int32_t number;
    uint64_t all = 0;

    memcpy(&number, at, sizeof number);
    memcpy(&all, at, place->size);
    return (role->none == ABI_FD_NEGATIVE && number < 0) || (role->none == ABI_FD_ZERO && all == 0);
}

static bool translate_fds(Call *call)
{
    static const DeviceKind kinds[] = {[ABI_FD_FRONTEND] = DEVICE_FRONTEND,
                                       [ABI_FD_UVM] = DEVICE_UVM,
                                       [ABI_FD_OPEN_ONLY] = DEVICE_OPEN_ONLY,
                                       [ABI_FD_DMA_BUF] = DEVICE_DMA_BUF};
    const int32_t no_fd = -1;

    ABI_FOR_EACH_MEMBER(member, call->work->members, ABI_ROLE_FD)
    {
        void *at = abi_place_at(call->params, &member->place, 0);
        if (member->role->none == ABI_FD_BY_EFFECT && !call->work->effect->names_file) {
            call_swap(call, at, &no_fd, sizeof no_fd);
        } else if (!is_none(member->role, &member->place, at) &&
                   !request_swap_fd(call->work->req, at, member->place.size,
                                    kinds[member->role->fd])) {
            return call->work->effect->bad_fd_is_status
                       ? call_refuse_status(call, NV_ERR_INVALID_ARGUMENT, REFUSAL_BAD_FD)
                       : call_refuse(call, EINVAL, REFUSAL_BAD_FD);
        }
    }
    return true;
}

/* --- clients ----------------------------------------------------------------------------------- */

static bool is_callers(Call *call, const GuestProcess *owner)
{
    const GuestProcess *caller = call_process(call);

    return caller && caller->id == owner->id;
}

static bool may_name(Call *call, NvHandle handle, bool process)
{
    GuestProcess owner;

    return handle == 0 || (object_tree_process(call->objects, handle, &owner) &&
                           (!process || is_callers(call, &owner)));
}

static void translate_handle(Call *call, NvHandle *handle, bool process)
{
    const NvHandle none = NO_CLIENT;

    if (!may_name(call, *handle, process)) {
        call_swap(call, handle, &none, sizeof none);
    }
}

/* Translate an array of handles with one swap for the whole array; without a swap if the caller may name all of them. */
static void translate_handles(Call *call, NvHandle *handles, size_t n, bool process)
{
    g_autofree NvHandle *host = g_memdup2(handles, n * sizeof *handles);

    bool differ = false;

    for (size_t i = 0; i < n; i++) {
        if (!may_name(call, handles[i], process)) {
            host[i] = NO_CLIENT;
            differ = true;
        }
    }
    if (differ) {
        call_swap(call, handles, host, n * sizeof *handles);
    }
}

/* Translate the clients that parameters name. Skip the client in which the call is made: the driver itself checks its owner. */
static void translate_clients(Call *call)
{
    ABI_FOR_EACH_MEMBER(member, call->work->members, ABI_ROLE_CLIENT)
    {
        NvHandle *handles = abi_place_at(call->params, &member->place, 0);
        const bool process = member->role->client == ABI_CLIENT_PROCESS;
        if (member->role->client == ABI_CLIENT_CALL) {
            continue;
        }
        if (member->place.n == 1) {
            translate_handle(call, handles, process);
        } else {
            translate_handles(call, handles, member->place.n, process);
        }
    }
}

/* Hide mappings of other processes: if another process allocated the client that the struct names, no mapping in that client
 * belongs to the caller. */
static void translate_mappings(Call *call)
{
    const uint64_t none = NO_ADDRESS;

    ABI_FOR_EACH_MEMBER(mapping, call->work->members, ABI_ROLE_MAPPING)
    {
        ABI_FOR_EACH_MEMBER(member, call->work->members, ABI_ROLE_CLIENT)
        {
            const NvHandle *client = abi_place_at(call->params, &member->place, 0);
            GuestProcess owner;
            if (object_tree_process(call->objects, *client, &owner) && !is_callers(call, &owner)) {
                call_swap(call, abi_place_at(call->params, &mapping->place, 0), &none, sizeof none);
            }
        }
    }
}

/* --- pointers ---------------------------------------------------------------------------------- */

static void translate_pointers(Call *call)
{
    const CallWork *work = call->work;

    ABI_FOR_EACH_MEMBER(member, work->members, ABI_ROLE_NULLED)
    {
        call_swap_pointer(call, abi_place_at(call->params, &member->place, 0), NULL);
    }
    for (unsigned i = 0; i < work->n_arrays; i++) {
        const CallArray *array = &work->arrays[i];
        if (array->copy && array->are_clients) {
            translate_handles(call, array->copy, array->size / sizeof(NvHandle), false);
        }
        call_swap_pointer(call, array->at, array->copy);
    }
}

bool call_translate(Call *call)
{
    const CallWork *work = call->work;

    if (!work->members->are_looked_at && work->n_arrays == 0) {
        return true;
    }
    if (call->params && !translate_fds(call)) {
        return false;
    }
    translate_mappings(call);
    translate_clients(call);
    translate_pointers(call);
    return true;
}
