/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotas: how much memory the guests of an instance may hold, and how much of the GPUs' time they may use. They are part of the
 * specification of an instance. Those that can be changed while the instance runs are also in a page of memory that the broker
 * writes and the worker reads.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "abi/nv-ioctl.h"

/* The most GPUs of an instance: as many as the driver supports. */
enum { QUOTA_GPUS_MAX = NV_MAX_DEVICES };

/* What a weight and a cap may be at most; both are 1 at least. */
enum { QUOTA_SHARE_MAX = 10000, QUOTA_CAP_MAX = 100 };

/** QUOTA_UNLIMITED: the value of a limit that does not limit. It is 0, so that zeroed quotas limit nothing. */
#define QUOTA_UNLIMITED UINT64_C(0)

/**
 * ManagedMemory: what becomes of memory that nvidia-uvm manages (cudaMallocManaged), and that it moves between host and GPU.
 * It cannot be counted: programs give it back by munmap(), which reaches neither the driver's ioctls nor us.
 * @MANAGED_FREE: programs may have it, beside the quota
 * @MANAGED_REFUSE: programs may not have it
 */
typedef enum { MANAGED_FREE, MANAGED_REFUSE } ManagedMemory;

/**
 * InstanceQuota: the quotas at the start.
 * @by_gpu: guests' use is told apart by GPU. Without it there are no limits of GPU memory, and none can be set later
 * @gpu_memory: bytes of GPU memory, for each of the instance's GPUs, in the order of its devices; see device_gpu()
 * @pinned_memory: bytes of the host's memory that the driver allocates for guests
 * @managed: see ManagedMemory
 * @gpu_share: weight of the time slices. 100: the instance's programs together get the time slices of one program without
 * quotas. 0: not given: each channel group has the time slice that it asks for, up to a limit
 * @gpu_cap: percentage of the time in which channels may run; 0, and 100 and above: all of it
 */
typedef struct {
    _Bool by_gpu;
    uint64_t gpu_memory[QUOTA_GPUS_MAX];
    uint64_t pinned_memory;
    ManagedMemory managed;
    uint32_t gpu_share;
    uint32_t gpu_cap;
} InstanceQuota;

/**
 * QuotaPage: the present limits; see InstanceQuota. The worker looks at the limits of memory at each allocation, and at the other
 * members when quota_page_announce() has been called.
 * @paused: 0, or the guests' channels do not run
 * @worker: the worker's process id, as the broker numbers processes; the worker has another number in its own namespace
 * @changes: how often a change was announced; quota_page_announce() counts it
 */
typedef struct {
    _Atomic uint64_t gpu_memory[QUOTA_GPUS_MAX];
    _Atomic uint64_t pinned_memory;
    _Atomic uint32_t gpu_share;
    _Atomic uint32_t gpu_cap;
    _Atomic uint32_t paused;
    _Atomic int32_t worker;
    _Atomic uint32_t changes;
} QuotaPage;
