/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory the guests of an instance hold. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cuse-server/wire/quota/quota.h"

/** MemoryUse: memory of one kind, in bytes. @used: what guests hold now; @peak: the most that they have held */
typedef struct {
    uint64_t used;
    uint64_t peak;
} MemoryUse;

/**
 * InstanceUse: the memory of all guests.
 * @gpus: GPU memory, for each of the instance's GPUs, if use is told apart by GPU (InstanceQuota.by_gpu); else all 0
 * @any_gpu: GPU memory, if use is not told apart; else 0
 * @pinned: the host's memory that the driver has allocated
 */
typedef struct {
    MemoryUse gpus[QUOTA_GPUS_MAX];
    MemoryUse any_gpu;
    MemoryUse pinned;
} InstanceUse;
