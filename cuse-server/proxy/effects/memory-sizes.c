/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Effects of commands that tell the sizes of a GPU's memory. If the guests' memory is limited, they see the limit as the size, and
 * what is left of it as free: programs and libraries plan by these numbers. FB_GET_INFO tells them in KiB
 * (src/nvidia/src/kernel/gpu/mem_sys/kern_mem_sys_ctrl.c, subdeviceCtrlCmdFbGetInfoV2_IMPL).
 */
#include <string.h>

#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl2080-fb.h"
#include "cuse-server/proxy/effects/effects.h"

#define KIBIBYTE UINT64_C(1024)

/** Sizes: what the guest sees, in KiB: all of its memory, and what is left of it. */
typedef struct {
    uint64_t limit;
    uint64_t left;
} Sizes;

static NvU32 seen(const NV2080_CTRL_FB_INFO *info, const Sizes *sizes)
{
    switch (info->index) {
    case NV2080_CTRL_FB_INFO_INDEX_RAM_SIZE:
    case NV2080_CTRL_FB_INFO_INDEX_TOTAL_RAM_SIZE:
    case NV2080_CTRL_FB_INFO_INDEX_USABLE_RAM_SIZE:
    case NV2080_CTRL_FB_INFO_INDEX_HEAP_SIZE:
    case NV2080_CTRL_FB_INFO_INDEX_MAPPABLE_HEAP_SIZE:
        return (NvU32)MIN(info->data, sizes->limit);
    case NV2080_CTRL_FB_INFO_INDEX_HEAP_FREE:
    case NV2080_CTRL_FB_INFO_INDEX_LARGEST_FREE_REGION_SIZE_KB:
        return (NvU32)MIN(info->data, sizes->left);
    default:
        return info->data;
    }
}

/* Find the budget of the GPU that the command is made on. Returns NULL if the GPU is not known. */
static const Budget *budget_of(const Call *call)
{
    return call->client ? budgets_gpu(call->budgets,
                                      client_gpu_number(call->client, call_control(call)->hObject))
                        : NULL;
}

static void show_share(const Call *call, NV2080_CTRL_FB_INFO *list, size_t n)
{
    const Budget *budget = budget_of(call);
    const uint64_t limit = budget ? budget_limit(budget) : UINT64_MAX;

    if (limit == UINT64_MAX) {
        return;
    }
    const uint64_t used = budget_used(budget);
    const Sizes sizes = {limit / KIBIBYTE, (limit - MIN(limit, used)) / KIBIBYTE};
    for (size_t i = 0; i < n; i++) {
        list[i].data = seen(&list[i], &sizes);
    }
}

static void after_list(Call *call)
{
    const NV2080_CTRL_FB_GET_INFO_PARAMS *params = call->params;
    size_t size;
    NV2080_CTRL_FB_INFO *list = call_array(call, &params->fbInfoList, &size);

    if (list) {
        show_share(call, list, size / sizeof *list);
    }
}

const Effect effect_fb_get_info = {.lock = LOCK_KNOWN, .after = after_list};

/* The length of the array differs by release. */
static void after_v2(Call *call)
{
    const size_t offset = offsetof(NV2080_CTRL_FB_GET_INFO_V2_PARAMS, fbInfoList);
    const size_t room = (call->entry->layout->size - offset) / sizeof(NV2080_CTRL_FB_INFO);
    NV2080_CTRL_FB_GET_INFO_V2_PARAMS *params = call->params;

    show_share(call, params->fbInfoList, MIN(params->fbInfoListSize, room));
}

const Effect effect_fb_get_info_v2 = {.size = SIZE_STRUCT, .lock = LOCK_KNOWN, .after = after_v2};

/* --- NV0000_CTRL_OS_UNIX_CMD_MEMACCT_GET_LIMITS --------------------------------------------------- */

/* The descriptor names a cgroup of the host, and the guest's number would be one of the worker's files. */
static bool before_limits(Call *call)
{
    static const NvS32 own = NV0000_CTRL_OS_UNIX_CMD_MEMACCT_CURRENT_PROCESS;
    NV0000_CTRL_OS_UNIX_MEMACCT_GET_LIMITS_PARAMS *params = call->params;

    call_swap(call, &params->cgroupFd, &own, sizeof own);
    return true;
}

const Effect effect_memacct_get_limits = {.size = SIZE_STRUCT, .before = before_limits};
