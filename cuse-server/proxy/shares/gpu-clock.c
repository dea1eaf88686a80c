/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/shares/gpu-clock.h"

#include <unistd.h>

#include "cuse-server/proxy/shares/gpu-samples.h"

/* #syscalls:worker getpid */

enum { GPUS = 32 }; /* device instances */

/* @last: the newest sample of a GPU; @busy: nanoseconds. Both by device instance */
struct GpuClock {
    const QuotaPage *page;
    size_t size;
    GpuTimeFunc func;
    gpointer data;
    void *params;
    uint64_t last[GPUS];
    uint64_t busy[GPUS];
};

GpuClock *gpu_clock_new(const QuotaPage *page, size_t samples_size, GpuTimeFunc func, gpointer data)
{
    g_autofree void *params = g_malloc(GPU_SAMPLES_MAX);

    if (samples_size > GPU_SAMPLES_MAX || !gpu_samples_ask(params, samples_size)) {
        return NULL;
    }
    GpuClock *clock = g_new0(GpuClock, 1);
    clock->page = page;
    clock->size = samples_size;
    clock->func = func;
    clock->data = data;
    clock->params = g_steal_pointer(&params);
    return clock;
}

void gpu_clock_free(GpuClock *clock)
{
    if (clock) {
        g_free(clock->params);
        g_free(clock);
    }
}

static void read_gpu(GpuClock *clock, ShareHost *host, uint32_t gpu)
{
    const uint32_t processes[] = {(uint32_t)getpid(), (uint32_t)atomic_load(&clock->page->worker)};
    uint32_t number;

    gpu_samples_ask(clock->params, clock->size);
    if (share_host_samples(host, gpu, clock->params, clock->size, &number)) {
        clock->busy[gpu] +=
            gpu_samples_add(clock->params, clock->size, processes, &clock->last[gpu]);
        clock->func(number, clock->busy[gpu], clock->data);
    }
}

void gpu_clock_read(GpuClock *clock, ShareHost *host, Channels *channels)
{
    for (uint32_t gpu = 0; gpu < GPUS; gpu++) {
        if (channels_are_on(channels, gpu) || share_host_has(host, gpu)) {
            read_gpu(clock, host, gpu);
        }
    }
    share_host_let_go(host, channels);
}
