/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts how long the guests of an instance compute on its GPUs, by the driver's samples (gpu-samples.h). For the driver, all guests
 * are this process.
 *
 * A sample names only one of the processes that used the GPU, so the count is an estimate: it is right in the long run, and not
 * within a second.
 *
 * The functions that take the host may block. Only one thread at a time may call them.
 */
#pragma once

#include "cuse-server/proxy/shares/share-host.h"
#include "cuse-server/wire/quota/quota.h"

typedef struct GpuClock GpuClock;

/**
 * GpuTimeFunc: take how long the guests have computed on a GPU until now.
 * @gpu: number of the GPU among the instance's, in the order of the devices
 */
typedef void (*GpuTimeFunc)(uint32_t gpu, uint64_t nanoseconds, gpointer data);

/**
 * gpu_clock_new: returns NULL if no driver version has samples of this size.
 * @page: says which number this process has for drivers before 570, which do not look at namespaces; outlives the clock
 * @samples_size: size of the parameters of NV2080_CTRL_CMD_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2
 */
GpuClock *gpu_clock_new(const QuotaPage *page, size_t samples_size, GpuTimeFunc func,
                        gpointer data);

/** gpu_clock_free: @clock may be NULL. */
void gpu_clock_free(GpuClock *clock);

/** gpu_clock_read: read the samples of the GPUs that have channels, or had some the last time; tell how long guests have computed;
 * and let go of the GPUs that have none any more. */
void gpu_clock_read(GpuClock *clock, ShareHost *host, Channels *channels);
