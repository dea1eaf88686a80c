/* SPDX-License-Identifier: Apache-2.0 */
/* Look up control commands: NV_ESC_RM_CONTROL, by NVOS54_PARAMETERS.cmd. */
#include <errno.h>

#include "abi/status.h"
#include "cuse-server/proxy/call/call-work.h"
#include "cuse-server/proxy/call/frontend-word.h"
#include "cuse-server/proxy/effects/effects.h"
#include "cuse-server/proxy/proxy.h"

/* The driver's own size limit for parameters, in bytes: src/nvidia/src/libraries/resserv/src/rs_resource.c. */
#define CONTROL_PARAMS_MAX (1024U * 1024U)

/*
 * Whether the GPU's system processor, not the driver, answers a command: the legacy set (bit 15) and
 * the commands of class NV2081_BINAPI. Their parameters cannot contain pointers into an application,
 * and have no public names.
 */
static bool bypasses_table(NvV32 cmd)
{
    return (cmd & 0x8000) || cmd >> 16 == 0x2081;
}

static bool check_size(Call *call, const NVOS54_PARAMETERS *guest, bool fits)
{
    const bool is_any = call->work->effect->size == SIZE_ANY;
    const bool may_differ = is_any && !(call->entry && call->entry->members->are_looked_at);

    if ((guest->paramsSize == 0) != (guest->params == 0)) {
        return call_refuse(call, EINVAL, REFUSAL_BAD_POINTER);
    }
    if (is_any && guest->paramsSize > CONTROL_PARAMS_MAX) {
        return call_refuse(call, EINVAL, REFUSAL_TOO_LARGE);
    }
    return fits || may_differ ||
           call_refuse_status(call, NV_ERR_INVALID_PARAM_STRUCT, REFUSAL_SIZE);
}

static CallStep take_params(Call *call, const NVOS54_PARAMETERS *guest)
{
    CallWork *work = call->work;
    const Effect *effect = work->effect;
    const AbiLayout *layout = call->entry ? call->entry->layout : NULL;
    const bool fits = layout && guest->paramsSize == layout->size;

    if (effect->size == SIZE_EXACT ? !fits && !call_refuse(call, EINVAL, REFUSAL_SIZE)
                                   : !check_size(call, guest, fits)) {
        return CALL_ANSWERED;
    }
    call->params_size = guest->paramsSize;
    if (call->params_size > 0) {
        call->params = guest_map(work->req, guest->params, call->params_size,
                                 effect->access ? effect->access : GUEST_INOUT);
    }
    if (fits) {
        work->members = call->entry->members;
    }
    return CALL_GOES_ON;
}

CallStep control_look_up(Call *call)
{
    CallWork *work = call->work;
    Request *req = work->req;
    NVOS54_PARAMETERS *guest = guest_map(req, req->argument, sizeof *guest, GUEST_INOUT);

    if (!guest) {
        return CALL_WAITS;
    }
    call->argument = guest;
    work->of_argument = call->entry->members; /* still NV_ESC_RM_CONTROL's; the command's follows */
    work->host_argument = guest;
    work->host_size = sizeof *guest;
    work->params_at = &guest->params;
    work->command = frontend_command(NV_ESC_RM_CONTROL, sizeof *guest);
    call->entry = driver_abi_lookup(req->proxy->abi, ABI_CONTROL, guest->cmd);
    req->event.detail = call->entry ? call->entry->name : NULL;
    req->event.detail_number = guest->cmd;
    if (bypasses_table(guest->cmd)) {
        work->effect = effect_of(HANDLER_ctrl_simple);
        return take_params(call, guest);
    }
    const Refusal refusal = call_find_effect(call, REFUSAL_UNKNOWN_CONTROL);
    if (refusal != REFUSAL_NONE) {
        call_refuse_status(call, NV_ERR_NOT_SUPPORTED, refusal);
        return CALL_ANSWERED;
    }
    return take_params(call, guest);
}
