/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's samples of how busy a GPU is (NV2080_CTRL_CMD_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2). Several times a second the
 * driver notes for how much of the time since the last sample each engine was busy, and one process that was using it. The driver's
 * own accounting adds these samples up in the same way (src/nvidia/src/kernel/diagnostics/gpu_acct.c, gpuacctProcessGpuUtil()).
 * The list holds about ten seconds.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The largest parameters of any driver version. */
enum { GPU_SAMPLES_MAX = 55888 };

/* A process may be named by two numbers. */
enum { GPU_SAMPLES_PROCESSES = 2 };

/** gpu_samples_ask: prepare the parameters of the command. @params: of @size bytes, which become zero. Returns 0 if no driver version
 * has parameters of this size, else the size. */
size_t gpu_samples_ask(void *params, size_t size);

/**
 * gpu_samples_add: add up what the driver has answered.
 * @params, @size: as in gpu_samples_ask()
 * @processes: the process ids in whose samples the caller is interested; 0 is no process
 * @last: the time of the newest sample that was added up, in the driver's nanoseconds; set to that of the newest one in the list. 0:
 *     take the list as a beginning, and add nothing
 * Returns: for how many nanoseconds the engine for graphics and computing was busy with the process
 */
uint64_t gpu_samples_add(const void *params, size_t size,
                         const uint32_t processes[GPU_SAMPLES_PROCESSES], uint64_t *last);
