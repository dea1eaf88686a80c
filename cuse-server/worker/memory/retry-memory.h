/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory by retry: how a FUSE server reads the memory of the thread that called ioctl().
 *
 * 1. The kernel first sends an unrestricted ioctl with no data.
 * 2. The server answers FUSE_IOCTL_RETRY with two lists of ranges.
 * 3. The kernel copies the first list in, sends everything again, and remembers the second list for copying out
 *    (fs/fuse/ioctl.c, fuse_do_ioctl).
 *
 * The kernel keeps no other state for us, and we keep none. In each round the handler asks for its ranges from the start. This
 * planner deals out the bytes that came with the round, in the order of asking. commit() succeeds only when the ranges
 * asked for add up to exactly what the kernel holds. Otherwise the round is answered with the new lists.
 *
 * An application that changes a pointer between rounds gets bytes that it owns either way. An application that
 * changes a size gets another round.
 */
#pragma once

#include <sys/uio.h>

#include <glib.h>

#include "cuse-server/proxy/call/guest-memory.h"

enum {
    RETRY_RANGES_MAX = 16,       /* the most that any handler asks for, both directions together */
    RETRY_BYTES_MAX = 32 * 4096, /* FUSE_DEFAULT_MAX_PAGES_PER_REQ, in each direction */
};

typedef struct {
    uint64_t addr;
    size_t len;
    GuestAccess access;
    void *copy; /* NULL: not here yet */
} RetryRange;

/**
 * RetryMemory: one round of one request.
 * @too_large: the handler asked for more than the kernel carries
 * @may_act, @may_act_data: if @may_block is false, commit() calls this when all memory is here. It returns
 * whether this thread may act after all. NULL: it may not
 * The other members are private to the planner.
 */
typedef struct {
    GuestMemory base;
    const uint8_t *in;
    size_t in_size;
    size_t out_size;
    bool may_block;
    bool (*may_act)(gpointer data);
    gpointer may_act_data;

    bool too_large;
    RetryRange ranges[RETRY_RANGES_MAX];
    unsigned n_ranges;
    size_t in_total;
    size_t out_total;
} RetryMemory;

/**
 * retry_memory_init: begin a round.
 * @in, @in_size: the bytes that came with it; they must stay until retry_memory_clear()
 * @out_size: how many bytes the kernel will take back
 * @may_block: true: this thread may act; false: see @may_act
 */
void retry_memory_init(RetryMemory *memory, const void *in, size_t in_size, size_t out_size,
                       bool may_block);

/** retry_memory_clear: free the copies. */
void retry_memory_clear(RetryMemory *memory);

/** retry_memory_matches: tell whether the kernel holds exactly the ranges that were asked for. */
bool retry_memory_matches(const RetryMemory *memory);

/**
 * retry_memory_lists: list the ranges asked for, in the form that FUSE_IOCTL_RETRY wants.
 * @in, @out: RETRY_RANGES_MAX elements each
 */
void retry_memory_lists(const RetryMemory *memory, struct iovec *in, size_t *n_in,
                        struct iovec *out, size_t *n_out);

/**
 * retry_memory_reply: list the bytes to write back.
 * @n: how many GUEST_OUT ranges, from the first on
 * @iov: RETRY_RANGES_MAX elements, set to the copies
 * Returns: how many elements were set.
 */
size_t retry_memory_reply(const RetryMemory *memory, unsigned n, struct iovec *iov);
