/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/life/limit-request.h"

#include <stdbool.h>

static bool is_size(uint64_t bytes)
{
    return bytes <= G_MAXINT64;
}

static bool are_sizes(const QuotaList *list)
{
    bool all = !list->has_others || is_size(list->others);

    for (unsigned i = 0; all && i < QUOTA_MINORS; i++) {
        all = !list->has_own[i] || is_size(list->own[i]);
    }
    return all;
}

static bool is_valid(const LimitRequest *request)
{
    return request->size == sizeof *request && request->changes &&
           !(request->changes & ~(uint32_t)(LIMIT_GPU_MEMORY | LIMIT_PINNED_MEMORY)) &&
           (!(request->changes & LIMIT_GPU_MEMORY) || are_sizes(&request->gpu_memory)) &&
           (!(request->changes & LIMIT_PINNED_MEMORY) || is_size(request->pinned_memory));
}

static LimitReply judge(const LimitRequest *request, const InstanceSpec *spec)
{
    const bool of_gpus = request->changes & LIMIT_GPU_MEMORY;

    if (!is_valid(request)) {
        return (LimitReply){.result = LIMIT_INVALID};
    }
    if (instance_is_simulated(spec) || spec->record_fd >= 0) {
        return (LimitReply){.result = LIMIT_FIXED};
    }
    if (of_gpus && !spec->quota.by_gpu) {
        return (LimitReply){.result = LIMIT_NOT_BY_GPU};
    }
    const int stray =
        of_gpus ? quota_list_stray(&request->gpu_memory, spec->devices, spec->n_devices) : -1;
    return (LimitReply){.result = stray >= 0 ? LIMIT_NO_SUCH_GPU : LIMIT_CHANGED, .gpu = stray};
}

static void write_gpu_memory(const QuotaList *list, const InstanceSpec *spec, QuotaPage *page)
{
    for (unsigned i = 0; i < spec->n_devices; i++) {
        const uint32_t gpu = device_gpu(spec->devices, i);
        uint64_t bytes;
        if (device_is_gpu(&spec->devices[i]) && gpu < QUOTA_GPUS_MAX &&
            quota_list_find(list, minor(spec->devices[i].number), &bytes)) {
            atomic_store(&page->gpu_memory[gpu], bytes);
        }
    }
}

LimitReply limit_request_do(const LimitRequest *request, const InstanceSpec *spec, QuotaPage *page)
{
    const LimitReply reply = judge(request, spec);

    if (reply.result == LIMIT_CHANGED && (request->changes & LIMIT_GPU_MEMORY)) {
        write_gpu_memory(&request->gpu_memory, spec, page);
    }
    if (reply.result == LIMIT_CHANGED && (request->changes & LIMIT_PINNED_MEMORY)) {
        atomic_store(&page->pinned_memory, request->pinned_memory);
    }
    return reply;
}
