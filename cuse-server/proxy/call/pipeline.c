/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way of every ioctl: look up (with capability and size), map, commit, translate in, check, lock, before, scope, ask, and then
 * translate out, account, after, unlock. The steps stand in one list, in this order, and no effect can leave one out.
 */
#include "cuse-server/proxy/call/pipeline.h"

#include <errno.h>
#include <string.h>

#include "abi/status.h"
#include "cuse-server/proxy/call/call-work.h"
#include "cuse-server/proxy/proxy.h"

static CallStep goes_on(bool on)
{
    return on ? CALL_GOES_ON : CALL_ANSWERED;
}

static CallStep step_look_up(Call *call)
{
    return call->work->req->file->device->kind == DEVICE_UVM ? uvm_look_up(call)
                                                             : frontend_look_up(call);
}

/* An array is as long as a member says, so the parameters have to be here; so do those that an effect asks by. */
static CallStep step_map(Call *call)
{
    const CallWork *work = call->work;

    if (!work->effect->map && !abi_members_have(work->members, ABI_ROLE_POINTER) &&
        !abi_members_have(work->members, ABI_ROLE_REFUSED)) {
        return CALL_GOES_ON;
    }
    if (!call->params) {
        return CALL_WAITS;
    }
    return goes_on(call_arrays_map(call) && (!work->effect->map || work->effect->map(call)));
}

static CallStep step_commit(Call *call)
{
    if (!guest_commit(call->work->req)) {
        return CALL_WAITS;
    }
    if (call->work->alloc.guest) {
        alloc_settle(call);
    }
    if (call->work->effect->keeps) {
        call->asked = g_memdup2(call->params, call->params_size);
    }
    return CALL_GOES_ON;
}

static CallStep step_translate_in(Call *call)
{
    return goes_on(call_translate(call));
}

static CallStep step_check(Call *call)
{
    const Effect *effect = call->work->effect;

    return goes_on((!effect->check || effect->check(call)) &&
                   (!effect->makes_mapping || call_take_target(call)) &&
                   (effect->lock != LOCK_FOR_NEW || call_has_room(call, 1, false)));
}

static NvHandle client_handle(const Call *call)
{
    ABI_FOR_EACH_MEMBER(member, call->work->of_argument, ABI_ROLE_CLIENT)
    {
        if (member->role->client == ABI_CLIENT_CALL) {
            return *(const NvHandle *)abi_place_at(call->argument, &member->place, 0);
        }
    }
    g_assert_not_reached(); /* a mistake in the table of effects; the tests make every call */
}

/* The lock of a file's mapping first, then that of a client. */
static CallStep step_lock(Call *call)
{
    const Effect *effect = call->work->effect;

    if (effect->makes_mapping) {
        g_mutex_lock(&call->target->map.lock);
        call->work->mapping_locked = true;
    }
    if (effect->lock == LOCK_NONE) {
        return CALL_GOES_ON;
    }
    call->client = object_tree_lock(call->objects, client_handle(call));
    return goes_on(call->client || effect->lock == LOCK_KNOWN ||
                   call_refuse_status(call, NV_ERR_INVALID_CLIENT, REFUSAL_BAD_CLIENT));
}

static CallStep step_before(Call *call)
{
    return goes_on(!call->work->effect->before || call->work->effect->before(call));
}

/* Not earlier, since it may start a GPU. */
static CallStep step_scope(Call *call)
{
    const AbiMembers *members = call->entry ? call->entry->members : &abi_members_none;

    if (!call->scope) {
        call->work->scoped.params = call->params;
        return CALL_GOES_ON;
    }
    return goes_on(gpu_scope_before(&call->work->scoped, call->work->req, members, call->params,
                                    call->params_size));
}

static CallStep step_ask(Call *call)
{
    call->work->asked_host = call_ask(call);
    return goes_on(call->work->asked_host);
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

/* The driver has answered: what it must not say is dealt with before anybody looks at it. */
static void answer(Call *call)
{
    const Effect *effect = call->work->effect;
    const NvU32 *at = call_status(call);
    const bool is_good = !at || *at == NV_OK;

    if (call->scope) {
        gpu_scope_after(&call->work->scoped, is_good);
    }
    if (call->params) {
        hide_processes(call);
    }
    if (at) {
        call->work->req->event.status = *at;
    }
    if (is_good && effect->after) {
        effect->after(call);
    } else if (!is_good && effect->failed) {
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
    if (work->alloc.guest && work->req->error == 0) {
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
    work->of_argument = work->members = &abi_members_none;
    work->host_argument = NULL;
    work->params_at = NULL;
    work->unsized = work->asked_host = work->mapping_locked = false;
    work->n_arrays = 0;
    work->alloc.guest = NULL;
    work->alloc.event = NULL;
    gpu_scope_none(&work->scoped);
}

RequestResult pipeline_run(Request *req)
{
    static CallStep (*const steps[])(Call *) = {step_look_up,      step_map,   step_commit,
                                                step_translate_in, step_check, step_lock,
                                                step_before,       step_scope, step_ask};
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
    if (work.asked_host) {
        answer(&call);
    } else if (call.scope) {
        gpu_scope_after(&work.scoped, false);
    }
    let_go(&call);
    return REQUEST_DONE;
}
