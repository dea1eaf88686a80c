/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Effects of calls on channels and groups of channels, for time shares (shares/time-share.h). They record which channels the
 * driver runs. While time shares keep channels off, the guest cannot switch them on: what it wants is recorded, and the driver
 * is not asked.
 */
#include "abi/alloc-channel.h"
#include "abi/control/ctrl-channel.h"
#include "abi/control/ctrl2080-gr.h"
#include "abi/status.h"
#include "abi/uvm.h"
#include "cuse-server/proxy/effects/channel-record.h"
#include "cuse-server/proxy/effects/effects.h"

/* NV2080_ENGINE_TYPE_COPY0. The engines for graphics, which also compute, have the numbers before it. 0: not said */
enum { FIRST_OTHER_ENGINE = 9 };

/* --- made and freed ------------------------------------------------------------------------------ */

static NvU32 engine_of_channel(const Call *call)
{
    if (!call->params) {
        return 0;
    }
    return call->params_size == sizeof(NV_CHANNEL_ALLOC_PARAMS_V610)
               ? ((const NV_CHANNEL_ALLOC_PARAMS_V610 *)call->params)->engineType
               : ((const NV_CHANNEL_ALLOC_PARAMS *)call->params)->engineType;
}

static ChannelGroup *new_group(const Call *call, NvHandle handle, NvU32 engine)
{
    return channel_group_new(time_shares_channels(call->shares), client_gpu(call->client, handle),
                             engine < FIRST_OTHER_ENGINE);
}

static void record_group(const Call *call, NvHandle handle)
{
    const NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS *params = call->params;
    g_autoptr(ChannelGroup) group = new_group(call, handle, params ? params->engineType : 0);

    client_set_group(call->client, handle, group);
}

/* A channel that is not in a group gets one from the driver. A group for another engine may share that engine's list with one
 * that computes, so the channel's own engine counts as well. */
static void record_channel(const Call *call, NvHandle handle)
{
    const NvU32 engine = engine_of_channel(call);
    ChannelGroup *parent = client_group(call->client, client_parent(call->client, handle));
    g_autoptr(ChannelGroup) group =
        parent ? channel_group_ref(parent) : new_group(call, handle, engine);

    if (engine > 0 && engine < FIRST_OTHER_ENGINE) {
        channel_group_set_computes(group);
    }
    client_set_channel(call->client, handle, group);
}

void channel_record(Call *call, NvHandle handle)
{
    if (!call->shares) {
        return;
    }
    if (call->entry->handler == HANDLER_alloc_channel_group) {
        record_group(call, handle);
    } else if (call->entry->handler == HANDLER_alloc_channel) {
        record_channel(call, handle);
    }
}

static void add_channel(Channel *channel, gpointer data)
{
    const Call *call = data;

    g_ptr_array_add(call->leaving, channel_ref(channel));
}

static void add_client(uint32_t client, gpointer data)
{
    const Call *call = data;

    channels_of_client(time_shares_channels(call->shares), client, call->leaving);
}

/* The driver refuses the call through another file than the client's (NV_ERR_INVALID_CLIENT). Channels must not run for a call that
 * takes none away. */
void channel_before_free(Call *call, NvHandle handle)
{
    if (call->shares && call->client && time_shares_switch(call->shares) &&
        client_owner(call->client) == call->file_id) {
        call->leaving = channel_list_new();
        client_channels(call->client, handle, add_channel, add_client, call);
    }
}

/* --- scheduled ----------------------------------------------------------------------------------- */

typedef NVA06F_CTRL_GPFIFO_SCHEDULE_PARAMS ScheduleParams; /* NVA06C's have the same members */
typedef NVA06F_CTRL_GPFIFO_SCHEDULE_PARAMS_V575 ScheduleParams575;

/* Whether the guest asks the driver to leave the channels off. */
static bool skips(const Call *call)
{
    return call->params_size == sizeof(ScheduleParams575) &&
           ((const ScheduleParams575 *)call->params)->bSkipEnable;
}

/* The driver refuses parameters of another size. */
static const ScheduleParams *schedule_params(const Call *call)
{
    return call->shares && call->client && call->params_size == call->entry->layout->size
               ? call->params
               : NULL;
}

/* What is not known may be a group that was imported from a file: all of its channels may be scheduled already. */
static ChannelHeld held(const Call *call)
{
    const NvHandle object = call_control(call)->hObject;
    ChannelGroup *group = client_group(call->client, object);
    Channel *channel = client_channel(call->client, object);

    return group     ? channel_group_held(group)
           : channel ? channel_held(channel)
                     : channels_held(time_shares_channels(call->shares));
}

/* A group that was imported from a file is not known. Assume that it is any group. */
static void record_schedule(const Call *call, ChannelSchedule how)
{
    const NvHandle object = call_control(call)->hObject;
    ChannelGroup *group = client_group(call->client, object);
    Channel *channel = client_channel(call->client, object);

    if (group) {
        channel_group_schedule(group, how);
    } else if (channel) {
        channel_schedule(channel, how);
    } else if (how != CHANNEL_STOPS) {
        channels_schedule_all(time_shares_channels(call->shares), how);
    }
}

/*
 * Keep off what is to be kept off. The driver switches on what it schedules. So while channels that it has scheduled already are
 * kept off, it is asked neither to schedule them again nor to stop them: a guest that does both in turn would run in between. What
 * is not scheduled yet runs until the call ends, and is then switched off. The driver can be told not to switch on (bSkipEnable,
 * from 575 on), but then nothing switched the channels on later: on an H200 with 580.159.04 they never ran.
 */
static bool before_schedule(Call *call)
{
    const ScheduleParams *params = schedule_params(call);

    if (!params || held(call) != CHANNELS_HELD) {
        return true;
    }
    record_schedule(call, params->bEnable ? CHANNEL_STARTS_HELD : CHANNEL_STARTS_OFF);
    return call_refuse_status(call, NV_OK, REFUSAL_NONE);
}

static void after_schedule(Call *call)
{
    const ScheduleParams *params = schedule_params(call);

    if (!params) {
        return;
    }
    record_schedule(call, !params->bEnable ? CHANNEL_STOPS
                          : skips(call)    ? CHANNEL_STARTS_OFF
                                           : CHANNEL_STARTS);
}

const Effect effect_schedule = {
    .size = SIZE_ANY, .lock = LOCK_KNOWN, .before = before_schedule, .after = after_schedule};

/* --- switched by the guest ----------------------------------------------------------------------- */

typedef NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS SwitchParams;

static NvU32 count_of(const SwitchParams *params)
{
    return MIN(params->numChannels, NV2080_CTRL_FIFO_DISABLE_CHANNELS_MAX_ENTRIES);
}

static Channel *channel_at(const Call *call, NvU32 i)
{
    const SwitchParams *params = call->params;

    return channels_find(time_shares_channels(call->shares), params->hClientList[i],
                         params->hChannelList[i]);
}

/* List the channels that the guest may switch on now. Their number is in numChannels. */
static SwitchParams those_not_kept_off(const Call *call)
{
    const SwitchParams *params = call->params;
    SwitchParams rest = {.numChannels = 0};

    for (NvU32 i = 0; i < count_of(params); i++) {
        g_autoptr(Channel) channel = channel_at(call, i);
        if (!channel || !channel_keep_off(channel)) {
            rest.hClientList[rest.numChannels] = params->hClientList[i];
            rest.hChannelList[rest.numChannels++] = params->hChannelList[i];
        }
    }
    return rest;
}

static bool before_switch(Call *call)
{
    SwitchParams *params = call->params;

    if (!call->shares || params->bDisable) {
        return true;
    }
    const SwitchParams rest = those_not_kept_off(call);
    if (rest.numChannels == count_of(params)) {
        return true;
    }
    if (rest.numChannels == 0) {
        return call_refuse_status(call, NV_OK, REFUSAL_NONE);
    }
    call_swap(call, &params->numChannels, &rest.numChannels, sizeof rest.numChannels);
    call_swap(call, params->hClientList, rest.hClientList, sizeof rest.hClientList);
    call_swap(call, params->hChannelList, rest.hChannelList, sizeof rest.hChannelList);
    return true;
}

static void after_switch(Call *call)
{
    const SwitchParams *params = call->params;

    for (NvU32 i = 0; call->shares && i < count_of(params); i++) {
        g_autoptr(Channel) channel = channel_at(call, i);
        if (channel) {
            channel_set_guest_off(channel, params->bDisable);
        }
    }
}

const Effect effect_switch_channels = {.before = before_switch, .after = after_switch};

/* --- registered with nvidia-uvm ------------------------------------------------------------------ */

static void after_register(Call *call)
{
    const UVM_REGISTER_CHANNEL_PARAMS *params = call->params;
    g_autoptr(Channel) channel = call->shares ? channels_find(time_shares_channels(call->shares),
                                                              params->hClient, params->hChannel)
                                              : NULL;

    if (channel) {
        channel_set_uvm(channel, call->file_id);
    }
}

const Effect effect_register_channel = {.after = after_register};

/* Find the channel of the call, if the call is made through the file that the channel was registered with. Through another file it
 * takes nothing away. */
static Channel *unregistered(const Call *call)
{
    const bool is_590 = call->params_size == sizeof(UVM_UNREGISTER_CHANNEL_PARAMS_V590);
    const UVM_UNREGISTER_CHANNEL_PARAMS_V590 *of_590 = call->params;
    const UVM_UNREGISTER_CHANNEL_PARAMS *before = call->params;
    g_autoptr(Channel) channel = channels_find(time_shares_channels(call->shares),
                                               is_590 ? of_590->hClient : before->hClient,
                                               is_590 ? of_590->hChannel : before->hChannel);

    return channel && channel_is_registered(channel, call->file_id) ? g_steal_pointer(&channel)
                                                                    : NULL;
}

static bool before_unregister(Call *call)
{
    Channel *channel = call->shares && time_shares_switch(call->shares) ? unregistered(call) : NULL;

    if (channel) {
        call->leaving = channel_list_new();
        g_ptr_array_add(call->leaving, channel);
    }
    return true;
}

static void after_unregister(Call *call)
{
    g_autoptr(Channel) channel = call->shares ? unregistered(call) : NULL;

    if (channel) {
        channel_set_uvm(channel, 0);
    }
}

const Effect effect_unregister_channel = {.before = before_unregister, .after = after_unregister};
