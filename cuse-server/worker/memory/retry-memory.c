/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/memory/retry-memory.h"

#include <string.h>

#include <glib.h>

G_STATIC_ASSERT(G_STRUCT_OFFSET(RetryMemory, base) == 0);

static bool add_range(RetryMemory *memory, uint64_t addr, size_t len, GuestAccess access)
{
    size_t in_total = memory->in_total;
    size_t out_total = memory->out_total;

    if (memory->n_ranges == RETRY_RANGES_MAX ||
        ((access & GUEST_IN) && !g_size_checked_add(&in_total, in_total, len)) ||
        ((access & GUEST_OUT) && !g_size_checked_add(&out_total, out_total, len)) ||
        in_total > RETRY_BYTES_MAX || out_total > RETRY_BYTES_MAX) {
        memory->too_large = true;
        return false;
    }
    memory->ranges[memory->n_ranges++] = (RetryRange){.addr = addr, .len = len, .access = access};
    memory->in_total = in_total;
    memory->out_total = out_total;
    return true;
}

static void *retry_map(GuestMemory *base, uint64_t addr, size_t len, GuestAccess access)
{
    RetryMemory *memory = (RetryMemory *)base;
    size_t offset = memory->in_total;
    RetryRange *range;

    if (!add_range(memory, addr, len, access)) {
        return NULL;
    }
    range = &memory->ranges[memory->n_ranges - 1];
    if (access & GUEST_IN) {
        if (memory->in_total > memory->in_size) {
            return NULL;
        }
        /* Allocate one byte more, so that an empty range is not NULL. */
        range->copy = g_malloc0(len + 1);
        if (len > 0) {
            memcpy(range->copy, memory->in + offset, len);
        }
    } else {
        range->copy = g_malloc0(len + 1);
    }
    return range->copy;
}

static bool retry_commit(GuestMemory *base)
{
    const RetryMemory *memory = (const RetryMemory *)base;

    return retry_memory_matches(memory) &&
           (memory->may_block || (memory->may_act && memory->may_act(memory->may_act_data)));
}

static const GuestMemoryOps retry_ops = {.map = retry_map, .commit = retry_commit};

void retry_memory_init(RetryMemory *memory, const void *in, size_t in_size, size_t out_size,
                       bool may_block)
{
    *memory = (RetryMemory){
        .base.ops = &retry_ops,
        .in = in,
        .in_size = in_size,
        .out_size = out_size,
        .may_block = may_block,
    };
}

void retry_memory_clear(RetryMemory *memory)
{
    for (unsigned i = 0; i < memory->n_ranges; i++) {
        g_free(memory->ranges[i].copy);
    }
    memory->n_ranges = 0;
}

bool retry_memory_matches(const RetryMemory *memory)
{
    return !memory->too_large && memory->in_total == memory->in_size &&
           memory->out_total == memory->out_size;
}

void retry_memory_lists(const RetryMemory *memory, struct iovec *in, size_t *n_in,
                        struct iovec *out, size_t *n_out)
{
    *n_in = 0;
    *n_out = 0;
    for (unsigned i = 0; i < memory->n_ranges; i++) {
        const RetryRange *range = &memory->ranges[i];
        /* These are the guest's addresses. The worker only passes them on, and never dereferences them. */
        struct iovec iov = {.iov_base = (void *)(uintptr_t)range->addr, .iov_len = range->len};
        if (range->access & GUEST_IN) {
            in[(*n_in)++] = iov;
        }
        if (range->access & GUEST_OUT) {
            out[(*n_out)++] = iov;
        }
    }
}

size_t retry_memory_reply(const RetryMemory *memory, unsigned n, struct iovec *iov)
{
    size_t used = 0;

    for (unsigned i = 0; i < memory->n_ranges && used < n; i++) {
        const RetryRange *range = &memory->ranges[i];
        if (range->access & GUEST_OUT) {
            iov[used++] = (struct iovec){.iov_base = range->copy, .iov_len = range->len};
        }
    }
    return used;
}
