/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time slices. A channel group that has work keeps a GPU's engine for its time slice before the next
 * group gets it, whichever container that is of. So no guest sets a longer one than the longest that a
 * program needs; but it is told, now and when it asks later, what it asked for, as the driver would.
 */
#include "abi/ctrl-channel.h"
#include "cuse-server/proxy/effects/effects.h"

/* The time slice that libcuda itself asks for, in microseconds: nobody loses by it. */
#define TIMESLICE_US_MAX UINT64_C(2048)

/* Nothing is no time slice at all: the hardware then need not take the engine away ever, and what the driver
 * makes of it is decided in the GPU's firmware. */
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
