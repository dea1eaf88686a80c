/* SPDX-License-Identifier: Apache-2.0 */
/* The list of channels. Internal to channels.c and channel-acts.c. All of it is guarded by Channels.lock, unless said
 * otherwise. */
#pragma once

#include <stdatomic.h>

#include "cuse-server/proxy/shares/channels.h"

/* Device instances are below 32. The last place is for channels whose GPU is not known. */
enum { CHANNEL_GPUS = 33 };

/* ChannelState: whether a channel is switched off for time shares, whatever the guest has done with it. UNSURE: the guest has
 * switched it on, and it is not known whether it did so before or after. */
typedef enum { CHANNEL_ON, CHANNEL_OFF, CHANNEL_UNSURE } ChannelState;

struct Channels {
    GMutex lock;
    GHashTable *by_name; /* Channel.key -> Channel */
    GQueue groups;       /* ChannelGroup */
    unsigned n_running;  /* channels that are scheduled */
    bool holding;        /* scheduled channels are to be off */
    atomic_bool changed; /* not guarded */
    struct {
        unsigned channels;
        unsigned turns; /* scheduled groups that compute */
    } gpus[CHANNEL_GPUS];
};

struct ChannelGroup {
    gatomicrefcount refs; /* not guarded */
    Channels *list;
    GList link;     /* in Channels.groups */
    GArray *names;  /* ChannelName */
    GQueue members; /* Channel */
    uint32_t gpu;
    bool is_compute;
    bool scheduled;       /* as a whole */
    unsigned n_scheduled; /* members that are scheduled by themselves */
    bool has_turn;        /* it counts in Channels.gpus */
    uint64_t slice_us; /* the time slice that was set last for time shares; 0: none, or not known */
};

/*
 * @key: client and handle
 * @runs: it is scheduled, by itself or with its group
 * @guest_off: the guest has switched it off; it stays off when time shares would switch it on
 * @spared: how many calls want it on
 * @acting: a call that switches it is in progress
 * @seen: counts what the guest has done to switch it on
 */
struct Channel {
    gatomicrefcount refs; /* not guarded */
    ChannelGroup *group;
    GList link; /* in ChannelGroup.members */
    ChannelName name;
    gint64 key;
    uint32_t uvm;
    bool listed;
    bool scheduled;
    bool runs;
    bool guest_off;
    bool acting;
    ChannelState state;
    unsigned spared;
    unsigned seen;
};

/** channel_wanted_off: whether time shares want a channel off now. */
static inline bool channel_wanted_off(const Channel *channel)
{
    return channel->group->list->holding && channel->runs && channel->spared == 0;
}

/** channel_gpu_place: the index of a GPU in Channels.gpus. */
static inline unsigned channel_gpu_place(uint32_t gpu)
{
    return MIN(gpu, CHANNEL_GPUS - 1);
}
