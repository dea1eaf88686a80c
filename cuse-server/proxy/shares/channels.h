/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels: a list of the channels and the channel groups of an instance's guests. It says which of them the driver may run,
 * and which of them are switched off to pause guests or to limit their time.
 *
 * The driver runs a channel after NVA06C_CTRL_CMD_GPFIFO_SCHEDULE on its group, or NVA06F_CTRL_CMD_GPFIFO_SCHEDULE on itself. A
 * channel that is allocated outside a group gets a group of its own from the driver, which has no handle.
 *
 * Objects of the tree (objects/object-tree.h) hold the entries of this list, so an entry is as old as its object. Duplicates of
 * a group hold the entry of the group. A channel cannot be duplicated.
 *
 * The list has one lock. It is taken after all other locks, and nothing waits while it is held. Any thread may call these
 * functions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

typedef struct Channels Channels;
typedef struct ChannelGroup ChannelGroup;
typedef struct Channel Channel;

/**
 * ChannelName: how the driver knows a channel or a group.
 * @client, @handle: the client and the object
 * @owner: id of the file that the client was allocated through
 * @serial: of the object in the tree
 */
typedef struct {
    uint32_t client;
    uint32_t handle;
    uint32_t owner;
    uint64_t serial;
} ChannelName;

Channels *channels_new(void);

/** channels_free: free the list. No object holds an entry any more. */
void channels_free(Channels *channels);

/**
 * channel_group_new: (transfer full): list a group that does not have a name yet.
 * @gpu: device instance
 * @is_compute: it is for the engine that computes, not for copying or video
 */
ChannelGroup *channel_group_new(Channels *channels, uint32_t gpu, bool is_compute);

/** channel_group_join: (transfer full): hold a group under one more name. */
ChannelGroup *channel_group_join(ChannelGroup *group, const ChannelName *name);

/** channel_group_leave: drop what channel_group_join() returned. @serial: ChannelName.serial */
void channel_group_leave(ChannelGroup *group, uint64_t serial);

ChannelGroup *channel_group_ref(ChannelGroup *group);
void channel_group_unref(ChannelGroup *group);

/** channel_new: (transfer full): list a channel. Takes a reference to its group. */
Channel *channel_new(ChannelGroup *group, const ChannelName *name);

/** channel_leave: take a channel out of the list, and drop the reference. */
void channel_leave(Channel *channel);

Channel *channel_ref(Channel *channel);
void channel_unref(Channel *channel);

/* --- what guests do ----------------------------------------------------------------------------- */

/**
 * ChannelSchedule: how the driver has scheduled a channel for the guest.
 * @CHANNEL_STOPS: it does not run it any more
 * @CHANNEL_STARTS: it runs it
 * @CHANNEL_STARTS_OFF: it runs it once the guest has switched it on
 * @CHANNEL_STARTS_HELD: the same, but the guest does not know that it is off
 */
typedef enum {
    CHANNEL_STOPS,
    CHANNEL_STARTS,
    CHANNEL_STARTS_OFF,
    CHANNEL_STARTS_HELD,
} ChannelSchedule;

/** channel_schedule: record that the driver has scheduled a channel. */
void channel_schedule(Channel *channel, ChannelSchedule how);

/** channel_group_schedule: the same for the channels of a group. */
void channel_group_schedule(ChannelGroup *group, ChannelSchedule how);

/**
 * ChannelHeld: what to do when a guest schedules channels.
 * @CHANNELS_RUN: they may run
 * @CHANNELS_HELD: they are scheduled already, and time shares keep them off
 * @CHANNELS_TO_HOLD: they are not scheduled yet, and time shares keep them off
 */
typedef enum { CHANNELS_RUN, CHANNELS_HELD, CHANNELS_TO_HOLD } ChannelHeld;

ChannelHeld channel_held(Channel *channel);

/** channel_group_held: the same for all channels of a group. */
ChannelHeld channel_group_held(ChannelGroup *group);

/** channels_held: the same for channels of which it is not known which they are. Never CHANNELS_HELD. */
ChannelHeld channels_held(Channels *channels);

/** channels_schedule_all: the same for channels of which it is not known which they are. Treats all channels so. */
void channels_schedule_all(Channels *channels, ChannelSchedule how);

/** channels_find: (transfer full): find a channel by its name, or NULL. */
Channel *channels_find(Channels *channels, uint32_t client, uint32_t handle);

/** channel_set_guest_off: record that the guest has switched a channel off, or on again, and that the driver has done so. */
void channel_set_guest_off(Channel *channel, bool off);

/**
 * channel_keep_off: decide about a channel that the guest switches on. Returns true if it has to stay switched off for now;
 * then the driver must not be asked, and it is recorded that the guest wants it on.
 */
bool channel_keep_off(Channel *channel);

/** channel_set_uvm: record the file of nvidia-uvm that a channel is registered with, by its id. 0: none */
void channel_set_uvm(Channel *channel, uint32_t file);

/** channel_is_registered: whether a channel was registered with this file of nvidia-uvm last. */
bool channel_is_registered(Channel *channel, uint32_t file);

/* --- time slices ---------------------------------------------------------------------------------- */

/** channel_group_computes: whether a group is for the engine that computes. */
bool channel_group_computes(ChannelGroup *group);

/** channel_group_set_computes: the driver has accepted a channel for the engine that computes. */
void channel_group_set_computes(ChannelGroup *group);

/** channel_group_has_slice: whether a time slice has been set for a group by time shares. */
bool channel_group_has_slice(ChannelGroup *group);

/** channel_group_set_slice: the driver has set a group's time slice, in microseconds, because the guest set one. */
void channel_group_set_slice(ChannelGroup *group, uint64_t slice_us);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Channel, channel_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ChannelGroup, channel_group_unref)
