/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of every ioctl: look up, capability, map, commit, translate in, before, host, translate out, after, account. The steps
 * stand in one list, in this order, and no effect can leave one out.
 */
#include "cuse-server/proxy/pipeline.h"

#include <errno.h>
#include <string.h>

#include "abi/status.h"
#include "cuse-server/proxy/call-work.h"
#include "cuse-server/proxy/proxy.h"

static CallStep step(bool goes_on)
{
    return goes_on ? CALL_GOES_ON : CALL_ANSWERED;
}

static CallStep look_up(Call *call)
{
    return call->work->req->file->device->kind == DEVICE_UVM ? uvm_look_up(call)
                                                             : frontend_look_up(call);
}

/* An array is as long as a member says, so the parameters have to be here; so do those that an effect asks by. */
static CallStep map(Call *call)
{
    const CallWork *work = call->work;
    const bool asks = work->effect->map || abi_members_have(work->members, ABI_ROLE_POINTER) ||
                      abi_members_have(work->members, ABI_ROLE_REFUSED);

    if (!asks) {
        return CALL_GOES_ON;
    }
    if (!call->params) {
        return CALL_WAITS;
    }
    return step(call_arrays_map(call) && (!work->effect->map || work->effect->map(call)));
}

static CallStep commit(Call *call)
{
    if (!guest_commit(call->work->req)) {
        return CALL_WAITS;
    }
    if (call->work->alloc.outer) {
        alloc_settle(call);
    }
    if (call->work->effect->keeps) {
        call->asked = g_memdup2(call->params, call->params_size);
    }
    return CALL_GOES_ON;
}

static CallStep translate_in(Call *call)
{
    return step(call_translate(call));
}

static NvHandle client_handle(const Call *call)
{
    ABI_FOR_EACH_MEMBER(member, call->work->outer, ABI_ROLE_CLIENT)
    {
        if (member->role->client == ABI_CLIENT_CALL) {
            return *(const NvHandle *)abi_place_at(call->argument, &member->place, 0);
        }
    }
    g_assert_not_reached(); /* a mistake in the table of effects; the tests make every call */
}

static CallStep lock(Call *call)
{
    const ClientLock wanted = call->work->effect->lock;

    if (wanted == LOCK_NONE) {
        return CALL_GOES_ON;
    }
    if (wanted == LOCK_FOR_NEW && !call_has_room(call, 1, false)) {
        return CALL_ANSWERED;
    }
    call->client = object_tree_lock(call->objects, client_handle(call));
    return step(call->client || wanted == LOCK_KNOWN ||
                call_refuse_status(call, NV_ERR_INVALID_CLIENT, REFUSAL_BAD_CLIENT));
}

static CallStep before(Call *call)
{
    return step(!call->work->effect->before || call->work->effect->before(call));
}

static CallStep host(Call *call)
{
    call->work->asked_host = call_ask(call);
    return step(call->work->asked_host);
}

/*
 * What the driver says of processes is of any container's: a name, a number and, where it is in no namespace of the worker's, the
 * address of the kernel's record of it (src/nvidia/src/kernel/gpu/perf/kern_perf_ctrl.c). All ones is its NV2080_GPUMON_PID_INVALID.
 */
static void hide_processes(Call *call)
{
    ABI_FOR_EACH_MEMBER_OF(member, call->work->members, ABI_ROLE_SAID_PID,
                           ABI_ROLE_SAID_PROCESS + 1)
    {
        const int byte = member->role->kind == ABI_ROLE_SAID_PID ? 0xff : 0;
        for (uint32_t i = 0; i < member->place.n; i++) {
            memset(abi_place_at(call->params, &member->place, i), byte, member->place.size);
        }
    }
}

/* Whatever became of the call: what was hidden from the driver, or said by it, is dealt with before anybody looks at it. */
static NvU32 translate_out(Call *call)
{
    const NvU32 *at = call->work->asked_host ? call_status(call) : NULL;
    const NvU32 status = at ? *at : NV_OK;

    gpu_scope_after(&call->work->scoped, call->work->asked_host && status == NV_OK);
    if (call->work->asked_host && call->params) {
        hide_processes(call);
    }
    if (at) {
        call->work->req->event.status = status;
    }
    return status;
}

static void after(Call *call, NvU32 status)
{
    const Effect *effect = call->work->effect;

    if (call->work->asked_host && status == NV_OK && effect->after) {
        effect->after(call);
    } else if (call->work->asked_host && status != NV_OK && effect->failed) {
        effect->failed(call);
    }
}

static void let_go(Call *call)
{
    CallWork *work = call->work;

    if (call->client) {
        object_tree_unlock(call->client);
    }
    if (call->clients.first) {
        object_tree_unlock_pair(&call->clients);
    }
    if (work->mapping_locked) {
        g_mutex_unlock(&call->target->map.lock);
    }
    g_clear_pointer(&call->target, nv_file_unref);
    if (work->alloc.outer && work->req->error == 0) {
        alloc_narrow(call);
    }
    g_free(call->asked);
    g_free(call->own);
}

/* Arrays, and the longer form of an allocation, are written before they are read: zeroes would cost as much as a lookup. */
static void begin(CallWork *work, Request *req)
{
    work->req = req;
    work->effect = NULL;
    work->outer = work->members = &abi_members_none;
    work->host_argument = NULL;
    work->params_at = NULL;
    work->unsized = work->asked_host = work->mapping_locked = false;
    work->n_arrays = 0;
    work->alloc.outer = NULL;
    work->alloc.event = NULL;
    gpu_scope_none(&work->scoped);
}

RequestResult pipeline_run(Request *req)
{
    static CallStep (*const steps[])(Call *) = {look_up, map,    commit, translate_in,
                                                lock,    before, host};
    CallWork work;
    Call call = {.objects = req->proxy->objects,
                 .scope = req->proxy->scope,
                 .file_id = req->file->id,
                 .work = &work};
    CallStep now = CALL_GOES_ON;

    begin(&work, req);
    for (size_t i = 0; now == CALL_GOES_ON && i < G_N_ELEMENTS(steps); i++) {
        now = steps[i](&call);
    }
    if (now == CALL_WAITS) {
        return REQUEST_RETRY;
    }
    after(&call, translate_out(&call));
    let_go(&call);
    return REQUEST_DONE;
}
