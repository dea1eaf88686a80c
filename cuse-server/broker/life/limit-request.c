/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/life/limit-request.h"

#include <stdbool.h>

#include "cuse-server/wire/quota/quota-page.h"

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

static bool is_number(uint32_t number, uint32_t max)
{
    return number >= 1 && number <= max;
}

static bool is_valid(const LimitRequest *request)
{
    const uint32_t changes = request->changes;

    return request->size == sizeof *request && changes && !(changes & ~(uint32_t)LIMIT_ALL) &&
           (!(changes & LIMIT_GPU_MEMORY) || are_sizes(&request->gpu_memory)) &&
           (!(changes & LIMIT_PINNED_MEMORY) || is_size(request->pinned_memory)) &&
           (!(changes & LIMIT_GPU_SHARE) || is_number(request->gpu_share, QUOTA_SHARE_MAX)) &&
           (!(changes & LIMIT_GPU_CAP) || is_number(request->gpu_cap, QUOTA_CAP_MAX)) &&
           (!(changes & LIMIT_PAUSED) || request->paused <= 1);
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

static void write_number(_Atomic uint32_t *member, uint32_t number, bool changes)
{
    if (changes) {
        atomic_store(member, number);
    }
}

LimitReply limit_request_do(const LimitRequest *request, const InstanceSpec *spec, QuotaPage *page)
{
    const LimitReply reply = judge(request, spec);

    if (reply.result != LIMIT_CHANGED) {
        return reply;
    }
    if (request->changes & LIMIT_GPU_MEMORY) {
        write_gpu_memory(&request->gpu_memory, spec, page);
    }
    if (request->changes & LIMIT_PINNED_MEMORY) {
        atomic_store(&page->pinned_memory, request->pinned_memory);
    }
    write_number(&page->gpu_share, request->gpu_share, request->changes & LIMIT_GPU_SHARE);
    write_number(&page->gpu_cap, request->gpu_cap, request->changes & LIMIT_GPU_CAP);
    write_number(&page->paused, request->paused, request->changes & LIMIT_PAUSED);
    quota_page_announce(page);
    return reply;
}

char *limit_request_text(const LimitRequest *request, LimitChanges kind)
{
    if (!(request->changes & (uint32_t)kind)) {
        return NULL;
    }
    switch (kind) {
    case LIMIT_GPU_MEMORY:
        return quota_list_format(&request->gpu_memory);
    case LIMIT_PINNED_MEMORY:
        return quota_size_format(request->pinned_memory);
    case LIMIT_GPU_SHARE:
        return g_strdup_printf("%u", request->gpu_share);
    case LIMIT_GPU_CAP:
        return g_strdup_printf("%u", request->gpu_cap);
    case LIMIT_PAUSED:
        return g_strdup(request->paused ? "yes" : "no");
    case LIMIT_ALL:
        break;
    }
    return NULL;
}
