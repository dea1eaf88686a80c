/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits time slices. A channel group that has work keeps a GPU's engine for its time slice before the next
 * group gets the engine, and the next group may belong to another container. So a guest cannot set a longer
 * time slice than the longest that a program needs. The guest is still told the time slice that it asked for,
 * now and when it asks later, as the driver would tell it.
 */
#include "abi/control/ctrl-channel.h"
#include "cuse-server/proxy/effects/effects.h"

/* In microseconds. libcuda itself asks for this time slice, so no program loses by the limit. */
#define TIMESLICE_US_MAX UINT64_C(2048)

/* Limit a time slice, in microseconds. 0 means no time slice: the hardware may then keep the engine with this group for
 * ever, and the GPU's firmware decides how to treat it. So 0 becomes the limit, too. */
static NvU64 grant(NvU64 wanted)
{
    return wanted == 0 ? TIMESLICE_US_MAX : MIN(wanted, TIMESLICE_US_MAX);
}

static bool before_set(Call *call)
{
    NVA06C_CTRL_SET_TIMESLICE_PARAMS *params = call->params;
    const NvU64 granted = grant(params->timesliceUs);

    call_swap(call, &params->timesliceUs, &granted, sizeof granted);
    return true;
}

static void after_set(Call *call)
{
    const NVA06C_CTRL_SET_TIMESLICE_PARAMS *params = call->params;

    if (call->client) {
        client_set_timeslice(call->client, call_control(call)->hObject, params->timesliceUs);
    }
}

static void after_get(Call *call)
{
    NVA06C_CTRL_GET_TIMESLICE_PARAMS *params = call->params;

    if (call->client) {
        client_timeslice(call->client, call_control(call)->hObject, &params->timesliceUs);
    }
}

const Effect effect_set_timeslice = {
    .size = SIZE_STRUCT, .lock = LOCK_KNOWN, .before = before_set, .after = after_set};
const Effect effect_get_timeslice = {.size = SIZE_STRUCT, .lock = LOCK_KNOWN, .after = after_get};
