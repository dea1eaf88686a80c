/* SPDX-License-Identifier: Apache-2.0 */
/* What has to be done with the channels of the list: which of them to switch off or on, and which time slices to set. */
#pragma once

#include "cuse-server/proxy/shares/channels.h"

/** channels_take_changes: whether the list has changed, since the last call, in a way that asks for action. */
bool channels_take_changes(Channels *channels);

/** channels_have_changed: the same, but the next call gets the same answer. */
bool channels_have_changed(const Channels *channels);

/** channels_run: whether any channel is scheduled. */
bool channels_run(Channels *channels);

/** channels_are_on: whether a GPU has any channel. @gpu: device instance */
bool channels_are_on(Channels *channels, uint32_t gpu);

/** channels_hold: from now on, scheduled channels are to be off, or on. */
void channels_hold(Channels *channels, bool off);

/** channels_spare: from now on, the channels in @list are to be on in any case; or no longer. */
void channels_spare(Channels *channels, GPtrArray *list, bool spared);

/** channels_of_file: (transfer full): list the channels whose client was allocated through a file, or that are registered with
 * it. @file: its id */
GPtrArray *channels_of_file(Channels *channels, uint32_t file);

/** channels_of_client: add a client's channels to @list, a list of references. */
void channels_of_client(Channels *channels, uint32_t client, GPtrArray *list);

/** channel_list_new: (transfer full): make an empty list of references to channels. */
GPtrArray *channel_list_new(void);

/**
 * ChannelAct: a channel that is to be switched.
 * @gpu: device instance
 * @off: it is to be switched off
 * @seen: for channel_acted()
 */
typedef struct {
    Channel *channel;
    ChannelName name;
    uint32_t gpu;
    bool off;
    unsigned seen;
} ChannelAct;

/** channels_acts: (transfer full): list the channels that are to be switched, sorted by GPU, then by @off. Each is switched by
 * the caller, who then calls channel_acted(). One thread at a time may do this. */
GArray *channels_acts(Channels *channels);

/** channels_are_held: whether all channels that are to be off are off. A channel that a call in progress wants on is not. */
bool channels_are_held(Channels *channels);

/** channel_acted: record that the driver has switched a channel. @done: it has not refused */
void channel_acted(const ChannelAct *act, bool done);

/** ChannelSlice: computes a time slice in microseconds. @turns: how many scheduled groups compute on the GPU */
typedef uint64_t (*ChannelSlice)(unsigned turns, gconstpointer data);

/** SliceAct: a group whose time slice is to be set. */
typedef struct {
    ChannelName name;
    uint64_t slice_us;
} SliceAct;

/** channels_slices: (transfer full): list the scheduled groups that compute and have another time slice than @slice says. They
 * count as having it from now on. */
GArray *channels_slices(Channels *channels, ChannelSlice slice, gconstpointer data);

/** channel_group_slice: compute the time slice for a group, as if it were scheduled. */
uint64_t channel_group_slice(ChannelGroup *group, ChannelSlice slice, gconstpointer data);
