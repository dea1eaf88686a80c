/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time shares: how much of the GPUs' time the guests of an instance get.
 *
 * 1. Weight. The GPU gives each channel group that has work its time slice in turn. So the time slices of an instance's groups
 *    that compute are made to add up to the instance's weight, whatever the guests ask for. Without a weight, they are only
 *    limited (effects/control-timeslice.c).
 * 2. Pause. All scheduled channels are switched off.
 * 3. Cap. They are switched off for a part of each 100 ms (duty-cycle.h).
 * 4. Accounting. While channels are scheduled, the driver's samples of how busy the GPUs are with this process are added up every
 *    few seconds (gpu-clock.h).
 *
 * Effects record what guests do (channels.h). When a call has ended, or the quotas have changed, the difference between what is
 * and what should be is made good at the host. A channel that a call frees, unregisters or closes is switched on before that
 * call, since the driver may wait for its work.
 *
 * Locks. One lock is held while the host is asked on behalf of time shares. It is taken after the locks of clients and
 * mappings, and before the locks of the list of channels and of the table of files. So nothing here locks a client.
 */
#pragma once

#include "cuse-server/proxy/objects/nv-file.h"
#include "cuse-server/proxy/shares/channel-acts.h"
#include "cuse-server/proxy/shares/gpu-clock.h"
#include "cuse-server/wire/device.h"
#include "cuse-server/wire/quota/quota.h"

typedef struct TimeShares TimeShares;

/** time_shares_new: @page, @files, @devices and @host outlive it. */
TimeShares *time_shares_new(const QuotaPage *page, NvFileTable *files, const Device *devices,
                            unsigned n_devices, Host *host);

/**
 * GpuTimeOps: what is done with the count of how long guests compute.
 * @changed: a guest has made or ended channels, and time_shares_run() may have changed. Must not wait
 * @time: see GpuTimeFunc; called by time_shares_read()
 */
typedef struct {
    void (*changed)(gpointer data);
    GpuTimeFunc time;
} GpuTimeOps;

/**
 * time_shares_count: from now on, count how long guests compute. Call it before the first call of a guest. While time_shares_run(), and
 * once more some time after that, the caller has to call time_shares_read() every few seconds.
 * @samples_size: size of the parameters of NV2080_CTRL_CMD_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2; nothing is counted if it is not one
 *     of the known ones
 * @ops, @data: outlive @shares
 */
void time_shares_count(TimeShares *shares, size_t samples_size, const GpuTimeOps *ops,
                       gpointer data);

/** time_shares_run: whether any channel is scheduled, or the driver has something to tell about one that was. */
bool time_shares_run(TimeShares *shares);

/** time_shares_stop: end the thread, and switch the remaining channels on. @shares may be NULL. Call it before the files are
 * closed. */
void time_shares_stop(TimeShares *shares);

/** time_shares_free: free what time_shares_stop() has stopped. No object holds a channel any more. @shares may be NULL. */
void time_shares_free(TimeShares *shares);

/** time_shares_channels: the list of channels. */
Channels *time_shares_channels(TimeShares *shares);

/** time_shares_weigh: whether the instance has a weight, or has had one. */
bool time_shares_weigh(TimeShares *shares);

/** time_shares_slice: the time slice in microseconds for a group that computes; NULL: for a group that is not listed. */
uint64_t time_shares_slice(TimeShares *shares, ChannelGroup *group);

/** time_shares_switch: whether channels may be switched off now. */
bool time_shares_switch(TimeShares *shares);

/* The functions below may ask the host, and block. */

/** time_shares_read: add up the driver's samples of how busy the GPUs are. Does nothing if nothing is counted. */
void time_shares_read(TimeShares *shares);

/** time_shares_apply: make the host follow the quotas and the list. The caller holds no lock. Returns false if a channel that is to be
 * off is not off: the driver has refused to switch it, or a call in progress takes it away. */
bool time_shares_apply(TimeShares *shares);

/** time_shares_settle: the same, if a guest has done something that asks for it. */
void time_shares_settle(TimeShares *shares);

/** time_shares_yield: switch channels on, and keep them on. The caller may have locked clients and a mapping. */
void time_shares_yield(TimeShares *shares, GPtrArray *list);

/** time_shares_take_back: the channels in @list need not be on any longer. Does not ask the host; time_shares_settle() does. */
void time_shares_take_back(TimeShares *shares, GPtrArray *list);
