/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/shares/time-share.h"

#include <stdatomic.h>

#include "cuse-server/base/threads/duty-cycle.h"
#include "cuse-server/proxy/shares/share-host.h"

/* In microseconds. libcuda asks for the first. The others bound what a weight can do: a shorter time slice is spent on
 * switching, and a longer one lets the other programs wait. */
#define SLICE_US     UINT64_C(2048)
#define SLICE_US_MIN UINT64_C(1000)
#define SLICE_US_MAX UINT64_C(20000)

enum {
    WEIGHT_ONE = 100,
    PERCENT = 100,
    /* How often one call looks again because guests have changed the list meanwhile. Each of them looks as well. */
    LOOKS_MAX = 4,
};

/*
 * @weighs: there is a weight, or was one
 * @has_held: channels have been switched off
 * @rests: the duty cycle is in its second part
 */
struct TimeShares {
    const QuotaPage *page;
    Channels *channels;
    ShareHost *host;
    DutyCycle *cycle;
    GpuClock *clock; /* NULL: nothing is counted */
    const GpuTimeOps *time_ops;
    gpointer time_data;
    GMutex acts; /* held while the host is asked */
    atomic_bool weighs;
    atomic_bool has_held;
    atomic_bool rests;
    atomic_bool stopped;
};

/* --- what the quotas say ------------------------------------------------------------------------- */

static bool is_paused(const TimeShares *shares)
{
    return atomic_load(&shares->page->paused) != 0 && !shares->stopped;
}

/* Get the percentage of the time in which channels may run. */
static unsigned cap_of(const TimeShares *shares)
{
    const uint32_t cap = atomic_load(&shares->page->gpu_cap);

    return cap == 0 || cap > PERCENT || shares->stopped ? PERCENT : cap;
}

static uint32_t weight_of(const TimeShares *shares)
{
    const uint32_t share = atomic_load(&shares->page->gpu_share);

    return share ? share : WEIGHT_ONE;
}

bool time_shares_weigh(TimeShares *shares)
{
    if (atomic_load(&shares->page->gpu_share) != 0) {
        shares->weighs = true;
    }
    return shares->weighs;
}

static uint64_t slice_of(unsigned turns, gconstpointer data)
{
    const uint64_t all = SLICE_US * weight_of(data) / WEIGHT_ONE;
    const uint64_t slice = all / MAX(turns, 1);

    return CLAMP(slice, SLICE_US_MIN, SLICE_US_MAX);
}

uint64_t time_shares_slice(TimeShares *shares, ChannelGroup *group)
{
    return group ? channel_group_slice(group, slice_of, shares) : SLICE_US_MIN;
}

bool time_shares_switch(TimeShares *shares)
{
    return shares->has_held || is_paused(shares) || cap_of(shares) < PERCENT;
}

/* --- making it so: the lock is held ---------------------------------------------------------------- */

static void set_slices(TimeShares *shares)
{
    g_autoptr(GArray) acts = channels_slices(shares->channels, slice_of, shares);

    for (guint i = 0; i < acts->len; i++) {
        share_host_set_slice(shares->host, &g_array_index(acts, SliceAct, i));
    }
}

/* Switch what is to be switched, GPU by GPU. */
static void switch_channels(TimeShares *shares)
{
    g_autoptr(GArray) acts = channels_acts(shares->channels);
    const ChannelAct *all = (const ChannelAct *)(const void *)acts->data;

    for (guint i = 0, n; i < acts->len; i += n) {
        for (n = 1;
             i + n < acts->len && all[i + n].gpu == all[i].gpu && all[i + n].off == all[i].off;
             n++) {
        }
        share_host_switch(shares->host, all + i, n);
    }
}

static void look(TimeShares *shares)
{
    const bool holds = is_paused(shares) || (shares->rests && cap_of(shares) < PERCENT);

    if (holds) {
        shares->has_held = true;
    }
    channels_hold(shares->channels, holds);
    switch_channels(shares);
    if (time_shares_weigh(shares)) {
        set_slices(shares);
    }
}

/* Take note that the list has changed, for those who count the time. The caller does not hold the lock. */
static void tell_changed(const TimeShares *shares)
{
    if (shares->clock) {
        shares->time_ops->changed(shares->time_data);
    }
}

/* Returns whether the list had changed. */
static bool look_until_settled(TimeShares *shares)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&shares->acts);
    bool changed = false;
    unsigned looks = 0;

    do {
        changed = channels_take_changes(shares->channels) || changed;
        look(shares);
    } while (channels_have_changed(shares->channels) && ++looks < LOOKS_MAX);
    if (!shares->clock) {
        share_host_let_go(shares->host, shares->channels);
    }
    return changed;
}

static void make_it_so(TimeShares *shares)
{
    if (look_until_settled(shares)) {
        tell_changed(shares);
    }
}

/* --- the duty cycle ---------------------------------------------------------------------------------- */

static unsigned on_ms(gpointer data)
{
    TimeShares *shares = data;

    return is_paused(shares) || !channels_run(shares->channels)
               ? DUTY_CYCLE_MS
               : cap_of(shares) * DUTY_CYCLE_MS / PERCENT;
}

static void turn(gpointer data, bool off)
{
    TimeShares *shares = data;

    shares->rests = off;
    make_it_so(shares);
}

static const DutyCycleOps cycle_ops = {.name = "worker-cycle", .on_ms = on_ms, .turn = turn};

/* --- accounting --------------------------------------------------------------------------------------- */

void time_shares_count(TimeShares *shares, size_t samples_size, const GpuTimeOps *ops,
                       gpointer data)
{
    shares->clock = gpu_clock_new(shares->page, samples_size, ops->time, data);
    shares->time_ops = ops;
    shares->time_data = data;
}

bool time_shares_run(TimeShares *shares)
{
    return channels_run(shares->channels) || share_host_idles(shares->host, shares->channels);
}

void time_shares_read(TimeShares *shares)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&shares->acts);

    if (shares->clock) {
        gpu_clock_read(shares->clock, shares->host, shares->channels);
    }
}

/* --- others ------------------------------------------------------------------------------------------ */

TimeShares *time_shares_new(const QuotaPage *page, NvFileTable *files, const Device *devices,
                            unsigned n_devices, Host *host)
{
    TimeShares *shares = g_new0(TimeShares, 1);

    shares->page = page;
    shares->channels = channels_new();
    shares->host = share_host_new(files, devices, n_devices, host);
    shares->cycle = duty_cycle_new(&cycle_ops, shares);
    g_mutex_init(&shares->acts);
    return shares;
}

void time_shares_stop(TimeShares *shares)
{
    if (shares) {
        duty_cycle_free(g_steal_pointer(&shares->cycle));
        shares->stopped = true;
        if (shares->has_held) {
            make_it_so(shares);
        }
    }
}

void time_shares_free(TimeShares *shares)
{
    if (shares) {
        gpu_clock_free(shares->clock);
        share_host_free(shares->host);
        channels_free(shares->channels);
        g_mutex_clear(&shares->acts);
        g_free(shares);
    }
}

Channels *time_shares_channels(TimeShares *shares)
{
    return shares->channels;
}

bool time_shares_apply(TimeShares *shares)
{
    make_it_so(shares);
    if (on_ms(shares) < DUTY_CYCLE_MS) {
        duty_cycle_wake(shares->cycle);
    }
    return channels_are_held(shares->channels);
}

void time_shares_settle(TimeShares *shares)
{
    if (!channels_have_changed(shares->channels)) {
        return;
    }
    if (time_shares_weigh(shares) || time_shares_switch(shares)) {
        time_shares_apply(shares);
    } else if (channels_take_changes(shares->channels)) {
        tell_changed(shares);
    }
}

void time_shares_yield(TimeShares *shares, GPtrArray *list)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&shares->acts);

    channels_spare(shares->channels, list, true);
    switch_channels(shares);
}

void time_shares_take_back(TimeShares *shares, GPtrArray *list)
{
    channels_spare(shares->channels, list, false);
}
