/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes every ioctl through the same steps. The steps up to "ask" are one list in pipeline_run(). No effect can leave a step out:
 *
 *     look up        find the entry, its effect and the host's command; check capability and size
 *     map            ask for the guest memory that pointers lead to
 *     commit         check that all copies are here; if not, the transport fetches them, and runs the request again from the top
 *     translate in   replace the guest's descriptors, pointers and clients by the host's
 *     check          run the effect's check; find the file that the call changes; check that there is room for an object
 *     lock           lock the file that a descriptor names or the ranges of the file, and the client, as the effect says
 *     before         run the effect's last preparation
 *     charge         charge the memory that the driver would allocate, and refuse the call if the quota has no room for it
 *     scope          replace GPUs that the instance may not see
 *     yield          switch on channels that the call takes away, if time shares keep them off
 *     ask            make the call at the host, and put the guest's values back (request_restore())
 *
 * If the host has made the call and its errno is 0, answer() then does:
 *
 *     translate out  remove GPUs and processes that the guest must not see
 *     account        note the driver's status
 *     after          run the effect's `after`, or `failed` if the status is not NV_OK
 *
 * A step that refuses the call skips the steps after it. In any case but a retry, let_go() unlocks and frees at the end. It gives
 * back what was charged and not used. Then time shares follow what the call has changed, which may ask the host as well.
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

/* Map arrays. This needs the parameters, because a member says how long an array is, and because effects read members. */
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
                   (!effect->locks_target || call_take_target(call)) &&
                   (effect->lock != LOCK_FOR_NEW || call_has_room(call, 1, false)));
}

/* Find the client to lock: that in which the call is made, or else the first that the parameters name. */
static NvHandle client_handle(const Call *call)
{
    const AbiMember *found = NULL;

    ABI_FOR_EACH_MEMBER(member, call->work->of_argument, ABI_ROLE_CLIENT)
    {
        if (!found || member->role->client == ABI_CLIENT_CALL) {
            found = member;
        }
    }
    g_assert(
        found); /* else the table of effects is wrong; the tests make every call, and would find it */
    return *(const NvHandle *)abi_place_at(call->argument, &found->place, 0);
}

/* Lock order: first a file or the ranges of a file, then a client. */
static CallStep step_lock(Call *call)
{
    const Effect *effect = call->work->effect;

    if (effect->locks_target) {
        g_mutex_lock(&call->target->lock);
        call->work->target_locked = true;
    }
    if (effect->locks_ranges) {
        call->ranges = call->work->req->file->ranges;
        uvm_ranges_lock(call->ranges);
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

/* Charge a budget. If it has no room, the step is tried once more when it is known which closed files the driver has released: they
 * may have held memory. */
static CallStep take_charge(Call *call, Budget *budget, uint64_t bytes)
{
    if (!budget) { /* the guest would get memory of a GPU that is not known */
        return goes_on(call_refuse_status(call, NV_ERR_INVALID_OBJECT_PARENT, REFUSAL_QUOTA));
    }
    call->charge = charge_new(budget, bytes);
    if (!call->charge && !call->work->settled) {
        return CALL_SETTLES;
    }
    return goes_on(call->charge || call_refuse_status(call, NV_ERR_NO_MEMORY, REFUSAL_QUOTA));
}

static CallStep step_charge(Call *call)
{
    const Effect *effect = call->work->effect;
    const CallCost cost = effect->cost ? effect->cost(call) : (CallCost){.kind = COST_NONE};

    switch (cost.kind) {
    case COST_NONE:
        return CALL_GOES_ON;
    case COST_HOLDER:
        call->charge = charge_new_holder(&call->budgets->no_memory);
        return CALL_GOES_ON;
    case COST_GPU:
        return take_charge(call, budgets_gpu(call->budgets, cost.gpu), cost.bytes);
    case COST_PINNED:
        return take_charge(call, &call->budgets->pinned, cost.bytes);
    }
    g_assert_not_reached();
}

/* Scope GPUs. This is the last step before asking the host, because it may start a GPU. */
static CallStep step_scope(Call *call)
{
    const AbiMembers *members = call->entry ? call->entry->members : &abi_members_none;

    if (!call->scope) {
        call->work->scoped.params = call->params;
        return CALL_GOES_ON;
    }
    if (!gpu_scope_before(&call->work->scoped, call->work->req, members, call->params,
                          call->params_size)) {
        return CALL_ANSWERED;
    }
    call->gpu = call->work->scoped.gpu;
    return CALL_GOES_ON;
}

/* Switch on the channels that the host is about to take away. */
static CallStep step_yield(Call *call)
{
    if (call->leaving) {
        time_shares_yield(call->shares, call->leaving);
        call->work->yielded = true;
    }
    return CALL_GOES_ON;
}

static CallStep step_ask(Call *call)
{
    call->work->asked_host = call_ask(call);
    return goes_on(call->work->asked_host);
}

/*
 * Overwrite what the driver says about processes, because they may be processes of any container. The driver gives a name, a
 * number and, if the process is not in a namespace of the worker, the address of the kernel's record of the process
 * (src/nvidia/src/kernel/gpu/perf/kern_perf_ctrl.c). All ones is the driver's NV2080_GPUMON_PID_INVALID.
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

/* Handle the driver's answer. Remove what the guest must not see before the effect looks at the answer. */
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

static void unlock(Call *call)
{
    CallWork *work = call->work;

    if (call->client) {
        object_tree_unlock(g_steal_pointer(&call->client));
    }
    if (call->clients.first) {
        object_tree_unlock_pair(&call->clients);
    }
    if (work->target_locked) {
        g_mutex_unlock(&call->target->lock);
        work->target_locked = false;
    }
    if (call->ranges) {
        uvm_ranges_unlock(g_steal_pointer(&call->ranges));
    }
}

static void let_go(Call *call)
{
    CallWork *work = call->work;

    unlock(call);
    g_clear_pointer(&call->target, nv_file_unref);
    if (work->yielded) {
        time_shares_take_back(call->shares, call->leaving);
    }
    g_clear_pointer(&call->leaving, g_ptr_array_unref);
    if (work->alloc.guest && work->req->error == 0) {
        alloc_narrow(call);
    }
    charge_unref(call->charge);
    g_free(call->asked);
    g_free(call->own);
}

/* Initialise the members that are read before they are written. Arrays and the longer form of an allocation are always written
 * first, and zeroing them would cost as much as a lookup. */
static void begin(CallWork *work, Request *req)
{
    work->req = req;
    work->effect = NULL;
    work->of_argument = work->members = &abi_members_none;
    work->host_argument = NULL;
    work->params_at = NULL;
    work->unsized = work->asked_host = work->got_errno = work->settled = work->target_locked =
        work->yielded = false;
    work->n_arrays = 0;
    work->alloc.guest = NULL;
    work->alloc.event = NULL;
    gpu_scope_none(&work->scoped);
}

/* Account for the closed files that the driver has released. This takes clients' locks, so none may be held. */
static void settle(Call *call)
{
    unlock(call);
    nv_file_table_settle_all(call->work->req->proxy->files);
    call->work->settled = true;
}

RequestResult pipeline_run(Request *req)
{
    static CallStep (*const steps[])(Call *) = {
        step_look_up, step_map,    step_commit, step_translate_in, step_check, step_lock,
        step_before,  step_charge, step_scope,  step_yield,        step_ask};
    enum { FIRST_LOCKED = 5 }; /* step_lock */
    CallWork work;
    Call call = {.objects = req->proxy->objects,
                 .scope = req->proxy->scope,
                 .shares = req->proxy->shares,
                 .file_id = req->file->id,
                 .gpu = NO_GPU,
                 .budgets = &req->proxy->budgets,
                 .work = &work};
    CallStep now = CALL_GOES_ON;

    begin(&work, req);
    for (size_t i = 0; now == CALL_GOES_ON && i < G_N_ELEMENTS(steps); i++) {
        now = steps[i](&call);
        if (now == CALL_SETTLES) {
            settle(&call);
            i = FIRST_LOCKED - 1;
            now = CALL_GOES_ON;
        }
    }
    if (now == CALL_WAITS) {
        return REQUEST_RETRY;
    }
    if (work.got_errno && work.effect->not_answered) {
        work.effect->not_answered(&call);
    }
    if (work.asked_host) {
        answer(&call);
    } else if (call.scope) {
        gpu_scope_after(&work.scoped, false);
    }
    let_go(&call);
    if (call.shares) {
        time_shares_settle(call.shares);
    }
    return REQUEST_DONE;
}
