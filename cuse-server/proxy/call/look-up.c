/* SPDX-License-Identifier: Apache-2.0 */
/* Look up ioctls: those of /dev/nvidiactl and /dev/nvidiaN by the NR byte, those of /dev/nvidia-uvm by the whole word. */
#include <errno.h>

#include "cuse-server/proxy/call/call-work.h"
#include "cuse-server/proxy/call/frontend-word.h"
#include "cuse-server/proxy/effects/effects.h"
#include "cuse-server/proxy/proxy.h"

static CallStep refuse_ioctl(Call *call, Refusal refusal)
{
    request_refuse(call->work->req, EINVAL, refusal);
    return CALL_ANSWERED;
}

/* Ask for the argument, which has @size bytes, in the form that the effect wants. Let the effect choose another effect by it. */
static CallStep take_argument(Call *call, size_t size)
{
    CallWork *work = call->work;
    const Effect *effect = work->effect;
    const GuestAccess access = effect->access ? effect->access : GUEST_INOUT;

    call->argument_size = size;
    if (effect->argument == ARGUMENT_NONE || size == 0) {
        return CALL_GOES_ON;
    }
    call->argument = guest_map(work->req, work->req->argument, size, access);
    if (effect->argument == ARGUMENT_ARRAY) {
        work->host_argument = call->argument;
        work->host_size = size;
        return CALL_GOES_ON;
    }
    call->params = call->argument;
    call->params_size = size;
    work->of_argument = work->members = call->entry->members;
    if (!effect->choose) {
        return CALL_GOES_ON;
    }
    if (!call->argument) {
        return CALL_WAITS;
    }
    work->effect = effect->choose(call);
    return work->effect ? CALL_GOES_ON : CALL_ANSWERED;
}

Refusal call_find_effect(Call *call, Refusal unknown)
{
    const AbiEntry *entry = call->entry;

    if (!entry) {
        return unknown;
    }
    if (!(entry->caps & call->work->req->proxy->caps)) {
        return REFUSAL_CAPABILITY;
    }
    call->work->effect = effect_of(entry->handler);
    return call->work->effect ? REFUSAL_NONE : unknown;
}

/* Set Call.entry and the effect. Returns REFUSAL_NONE or the reason to refuse the ioctl. */
static Refusal find_ioctl(Call *call, AbiKind kind, uint32_t number)
{
    Request *req = call->work->req;

    call->entry = driver_abi_lookup(req->proxy->abi, kind, number);
    req->event.number = number;
    if (call->entry) {
        req->event.call = call->entry->name;
    }
    return call_find_effect(call, REFUSAL_UNKNOWN_IOCTL);
}

CallStep uvm_look_up(Call *call)
{
    CallWork *work = call->work;
    const Refusal refusal = find_ioctl(call, ABI_UVM, work->req->command);

    if (refusal != REFUSAL_NONE) {
        return refuse_ioctl(call, refusal);
    }
    work->command = call->entry->number;
    work->unsized = true;
    return take_argument(call, call->entry->layout ? call->entry->layout->size : 0);
}

/* Look further for an entry that does not have an effect: it leads to another table, or is never forwarded. */
static CallStep look_further(Call *call, size_t size)
{
    switch (call->entry->handler) {
    case HANDLER_control:
        return size == sizeof(NVOS54_PARAMETERS) ? control_look_up(call)
                                                 : refuse_ioctl(call, REFUSAL_SIZE);
    case HANDLER_alloc:
        return alloc_look_up(call);
    case HANDLER_numa_info: /* it describes the host's processors, not the guest's; the libraries cope with the refusal */
        return refuse_ioctl(call, REFUSAL_BY_DESIGN);
    default:
        return refuse_ioctl(call, REFUSAL_UNKNOWN_IOCTL);
    }
}

CallStep frontend_look_up(Call *call)
{
    CallWork *work = call->work;
    const size_t size = frontend_size(work->req->command);
    const Refusal refusal = find_ioctl(call, ABI_FRONTEND, _IOC_NR(work->req->command));

    if (call->entry && refusal == REFUSAL_UNKNOWN_IOCTL) {
        return look_further(call, size);
    }
    if (refusal != REFUSAL_NONE) {
        return refuse_ioctl(call, refusal);
    }
    if (work->effect->argument == ARGUMENT_STRUCT && size != call->entry->layout->size) {
        return refuse_ioctl(call, REFUSAL_SIZE);
    }
    work->command = frontend_command(call->entry->number, size);
    return take_argument(call, size);
}
