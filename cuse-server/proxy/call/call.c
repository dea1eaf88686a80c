/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/call/call.h"

#include <errno.h>

#include "abi/status.h"
#include "cuse-server/proxy/call/call-work.h"
#include "cuse-server/proxy/call/frontend-word.h"
#include "cuse-server/proxy/proxy.h"

bool call_refuse(Call *call, int error, Refusal refusal)
{
    request_refuse(call->work->req, error, refusal);
    return false;
}

bool call_refuse_status(Call *call, NvU32 status, Refusal refusal)
{
    request_refuse_status(call->work->req, call_status(call), status, refusal);
    return false;
}

NvU32 *call_status(const Call *call)
{
    ABI_FOR_EACH_MEMBER(member, call->work->of_argument, ABI_ROLE_STATUS)
    {
        return abi_place_at(call->argument, &member->place, 0);
    }
    return NULL;
}

void call_detail(Call *call, uint32_t number)
{
    call->work->req->event.detail_number = number;
}

void call_map_array(Call *call, NvP64 *at, size_t size, GuestAccess access)
{
    CallWork *work = call->work;

    g_assert(work->n_arrays < CALL_ARRAYS_MAX);
    CallArray *array = &work->arrays[work->n_arrays++];
    array->at = at;
    array->copy = size > 0 ? guest_map(work->req, *at, size, access) : NULL;
    array->size = size;
    array->are_clients = false;
}

void call_swap(Call *call, void *at, const void *host, size_t size)
{
    request_swap(call->work->req, at, host, size);
}

void call_swap_pointer(Call *call, NvP64 *at, const void *copy)
{
    request_swap_pointer(call->work->req, at, copy);
}

bool call_take_target(Call *call)
{
    const Request *req = call->work->req;

    for (unsigned i = 0; i < req->n_swaps && !call->target; i++) {
        if (req->swaps[i].file) {
            call->target = nv_file_ref(req->swaps[i].file);
        }
    }
    return call->target || call_refuse(call, EINVAL, REFUSAL_BAD_FD);
}

void *call_array(const Call *call, const NvP64 *at, size_t *size)
{
    for (unsigned i = 0; i < call->work->n_arrays; i++) {
        if (call->work->arrays[i].at == at) {
            *size = call->work->arrays[i].size;
            return call->work->arrays[i].copy;
        }
    }
    return NULL;
}

void call_ask_with(Call *call, void *own, size_t size)
{
    call->own = own;
    call->work->host_argument = own;
    call->work->host_size = size;
    call->work->command = frontend_command(call->entry->number, size);
}

const GuestProcess *call_process(Call *call)
{
    return request_process(call->work->req);
}

bool call_number_of(Call *call, uint64_t process, uint32_t *number)
{
    const Request *req = call->work->req;
    Host *host = req->proxy->host;

    return host->ops->number(host, req->tid, process, number) == 0;
}

bool call_has_room(Call *call, unsigned objects, bool client)
{
    g_assert(!call->client && !call->clients.first && !call->ranges && !call->work->target_locked);
    return proxy_has_room(call->work->req->proxy, objects, client) ||
           call_refuse_status(call, NV_ERR_INSUFFICIENT_RESOURCES, REFUSAL_LIMIT);
}
