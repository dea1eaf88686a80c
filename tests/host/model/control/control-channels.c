/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that schedule channels, disable them, and set time slices. */
#include "abi/control/ctrl2080-gr.h"
#include "control/control.h"
#include "rm/rm-channel.h"

static u32 schedule_channels(struct control *control)
{
    const NVA06F_CTRL_GPFIFO_SCHEDULE_PARAMS_V575 *params = control->params.data;

    if (!(control->object->kind & (RM_CHANNEL | RM_CHANNEL_GROUP)))
        return NV_ERR_INVALID_OBJECT;
    channel_schedule(control->object, params->bEnable,
                     control->size >= sizeof(*params) && params->bSkipEnable);
    return NV_OK;
}

/* Any client may switch the channels of any other (kernel_fifo_ctrl.c, subdeviceCtrlCmdFifoDisableChannels_IMPL). */
static struct rm_object *channel_at(const NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS *params, u32 i)
{
    struct rm_client *client = rm_client_find(params->hClientList[i]);
    struct rm_object *object = client ? rm_object_find(client, params->hChannelList[i]) : NULL;

    return object && object->kind == RM_CHANNEL ? object : NULL;
}

static u32 disable_channels(struct control *control)
{
    const NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS *params = control->params.data;
    u32 i;

    if (params->pRunlistPreemptEvent)
        return NV_ERR_INSUFFICIENT_PERMISSIONS;
    if (params->numChannels > NV2080_CTRL_FIFO_DISABLE_CHANNELS_MAX_ENTRIES)
        return NV_ERR_INVALID_ARGUMENT;
    for (i = 0; i < params->numChannels; i++)
        if (!channel_at(params, i))
            return NV_ERR_INVALID_CHANNEL;
    for (i = 0; i < params->numChannels; i++)
        channel_disable(channel_at(params, i), params->bDisable);
    return NV_OK;
}

/* --- time slices */

#define DEFAULT_TIMESLICE_US 1000

static u32 set_timeslice(struct control *control)
{
    struct rm_object *group = channel_group(control->object);

    if (group)
        group->timeslice_us = params_get(&control->params, "timesliceUs");
    return group ? NV_OK : NV_ERR_INVALID_OBJECT;
}

static u32 get_timeslice(struct control *control)
{
    struct rm_object *group = channel_group(control->object);
    u64 set = group ? group->timeslice_us : 0;

    params_put(&control->params, "timesliceUs", set ? set : DEFAULT_TIMESLICE_US);
    return group ? NV_OK : NV_ERR_INVALID_OBJECT;
}

control_function *control_channels_find(u32 command)
{
    switch (command) {
    case NVA06C_CTRL_CMD_GPFIFO_SCHEDULE:
    case NVA06F_CTRL_CMD_GPFIFO_SCHEDULE:
        return schedule_channels;
    case NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS:
        return disable_channels;
    case NVA06C_CTRL_CMD_SET_TIMESLICE:
        return set_timeslice;
    case NVA06C_CTRL_CMD_GET_TIMESLICE:
        return get_timeslice;
    default:
        return NULL;
    }
}
