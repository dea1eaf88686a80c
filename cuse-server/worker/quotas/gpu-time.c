/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/quotas/gpu-time.h"

#include "cuse-server/base/threads/sampler.h"

enum {
    INTERVAL_MS = 5000, /* the driver keeps ten seconds */
    LAST_MS = 300,      /* until the driver has the sample of the last moment */
};

/* It lives as long as the process. */
typedef struct {
    TimeShares *shares;
    Ledger *ledger;
    Sampler *sampler;
} TimeReader;

static bool runs(gpointer data)
{
    const TimeReader *time = data;

    return time_shares_run(time->shares);
}

static void read_samples(gpointer data)
{
    const TimeReader *time = data;

    time_shares_read(time->shares);
}

static const SamplerOps sampler_ops = {.name = "worker-samples",
                                       .runs = runs,
                                       .read = read_samples,
                                       .interval_ms = INTERVAL_MS,
                                       .last_ms = LAST_MS};

static void look(gpointer data)
{
    const TimeReader *time = data;

    sampler_wake(time->sampler);
}

static void note(uint32_t gpu, uint64_t nanoseconds, gpointer data)
{
    const TimeReader *time = data;

    ledger_time(time->ledger, gpu, nanoseconds);
}

static const GpuTimeOps time_ops = {.changed = look, .time = note};

void gpu_time_start(Proxy *proxy, Ledger *ledger)
{
    TimeReader *time = g_new(TimeReader, 1);

    *time = (TimeReader){.shares = proxy->shares, .ledger = ledger};
    time->sampler = sampler_new(&sampler_ops, time);
    proxy_count_time(proxy, &time_ops, time);
}
