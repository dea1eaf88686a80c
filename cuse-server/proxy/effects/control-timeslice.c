/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits time slices. A channel group that has work keeps a GPU's engine for its time slice before the next
 * group gets the engine, and the next group may belong to another container. So a guest cannot set a longer
 * time slice than the longest that a program needs. The guest is still told the time slice that it asked for,
 * now and when it asks later, as the driver would tell it. If the instance has a weight (shares/time-share.h), the
 * time slice of a group that computes does not depend on what the guest asks for at all.
 */
#include "abi/control/ctrl-channel.h"
#include "cuse-server/proxy/effects/effects.h"

/* In microseconds. libcuda itself asks for this time slice, so no program loses by the limit. */
#define TIMESLICE_US_MAX UINT64_C(2048)

/* The driver's own for a new group (src/nvidia/src/kernel/gpu/fifo/arch/maxwell/kernel_fifo_gm107.c). */
#define TIMESLICE_US_DEFAULT UINT64_C(1024)

/* Limit a time slice, in microseconds. 0 means no time slice: the hardware may then keep the engine with this group for
 * ever, and the GPU's firmware decides how to treat it. So 0 becomes the limit, too. */
static NvU64 limit(NvU64 wanted)
{
    return wanted == 0 ? TIMESLICE_US_MAX : MIN(wanted, TIMESLICE_US_MAX);
}

/* The group that the command is made on; NULL: not known. */
static ChannelGroup *group_of(const Call *call)
{
    return call->shares && call->client ? client_group(call->client, call_control(call)->hObject)
                                        : NULL;
}

/* Whether the time slice comes from the instance's weight. A group that is not known could be one that computes. */
static bool is_weighed(const Call *call)
{
    ChannelGroup *group = group_of(call);

    return call->shares && time_shares_weigh(call->shares) &&
           (!group || channel_group_computes(group));
}

static NvU64 grant(const Call *call, NvU64 wanted)
{
    return is_weighed(call) ? time_shares_slice(call->shares, group_of(call)) : limit(wanted);
}

static bool before_set(Call *call)
{
    NVA06C_CTRL_SET_TIMESLICE_PARAMS *params = call->params;

    call->granted = grant(call, params->timesliceUs);
    call_swap(call, &params->timesliceUs, &call->granted, sizeof params->timesliceUs);
    return true;
}

static void after_set(Call *call)
{
    const NVA06C_CTRL_SET_TIMESLICE_PARAMS *params = call->params;

    if (call->client) {
        client_set_timeslice(call->client, call_control(call)->hObject, params->timesliceUs);
    }
    if (group_of(call) && is_weighed(call)) {
        channel_group_set_slice(group_of(call), call->granted);
    }
}

static void after_get(Call *call)
{
    NVA06C_CTRL_GET_TIMESLICE_PARAMS *params = call->params;
    ChannelGroup *group = group_of(call);

    if (group && channel_group_has_slice(group)) {
        params->timesliceUs = TIMESLICE_US_DEFAULT; /* unless the guest has set one */
    }
    if (call->client) {
        client_timeslice(call->client, call_control(call)->hObject, &params->timesliceUs);
    }
}

const Effect effect_set_timeslice = {
    .size = SIZE_STRUCT, .lock = LOCK_KNOWN, .before = before_set, .after = after_set};
const Effect effect_get_timeslice = {.size = SIZE_STRUCT, .lock = LOCK_KNOWN, .after = after_get};
