/* SPDX-License-Identifier: Apache-2.0 */
/* The messages by which `nvcuse limit`, `pause` and `resume` change the limits of a running instance: one request, one reply, over
 * a socket of the instance's run directory to which only root can connect. */
#pragma once

#include <stdint.h>

#include "cuse-server/wire/quota/quota-text.h"

/** LimitChanges: what a request changes; joined by |. */
typedef enum {
    LIMIT_GPU_MEMORY = 1,
    LIMIT_PINNED_MEMORY = 2,
    LIMIT_GPU_SHARE = 4,
    LIMIT_GPU_CAP = 8,
    LIMIT_PAUSED = 16,
    LIMIT_ALL = 31,
} LimitChanges;

/**
 * LimitRequest: the request.
 * @size: sizeof(LimitRequest): programs of different versions do not understand each other
 * @changes: see LimitChanges
 * @gpu_memory: new limits; a GPU that the list has no limit for keeps its limit
 * @pinned_memory: the new limit, in bytes or QUOTA_UNLIMITED
 * @gpu_share, @gpu_cap: the new weight and cap, from 1 to QUOTA_SHARE_MAX and QUOTA_CAP_MAX
 * @paused: 1: the guests' channels are not to run; 0: they are
 */
typedef struct {
    uint32_t size;
    uint32_t changes;
    QuotaList gpu_memory;
    uint64_t pinned_memory;
    uint32_t gpu_share;
    uint32_t gpu_cap;
    uint32_t paused;
} LimitRequest;

/**
 * LimitResult: what became of a request.
 * @LIMIT_CHANGED: the new limits of memory hold, and a worker follows the others (LedgerCounts.quotas)
 * @LIMIT_NOT_ROOT: only root may change limits
 * @LIMIT_INVALID: the request makes no sense, or comes from another version of nvcuse
 * @LIMIT_NOT_BY_GPU: the instance was started without limits of GPU memory
 * @LIMIT_NO_SUCH_GPU: the instance does not have a GPU that was named
 * @LIMIT_FIXED: the instance is recorded or simulated, and has no quotas
 */
typedef enum {
    LIMIT_CHANGED,
    LIMIT_NOT_ROOT,
    LIMIT_INVALID,
    LIMIT_NOT_BY_GPU,
    LIMIT_NO_SUCH_GPU,
    LIMIT_FIXED,
} LimitResult;

/** LimitReply: the reply. @result: a LimitResult; @gpu: with LIMIT_NO_SUCH_GPU, the device minor */
typedef struct {
    uint32_t result;
    int32_t gpu;
} LimitReply;
