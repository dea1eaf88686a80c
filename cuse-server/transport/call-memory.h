/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory without the kernel's retry: for calls whose ranges are more than it carries (128 KiB
 * and 16 ranges in each direction), a descriptor of the caller's address space.
 *
 * The same discipline: each range is read once, when the handler asks for it, into a private copy;
 * the handler decides on the copies; what is written back is written once, at the end. A call that
 * comes this way runs its handler once, from the top, and reads everything anew, so that no two
 * readings of one range are ever compared or mixed.
 *
 * The kernel lets such a descriptor pass over mprotect(): memory that the caller has mapped without
 * the right to read it, or privately without the right to write it, is read and written all the
 * same, where natively the call would fail. Shared mappings that are not writable stay so.
 */
#pragma once

#include "cuse-server/proxy/guest-memory.h"

enum {
    CALL_RANGES_MAX = 16,
    CALL_BYTES_MAX = 4 * 1024 * 1024, /* all copies of one call: the driver's largest is 1 MiB */
};

typedef struct {
    uint64_t addr;
    size_t len;
    GuestAccess access;
    void *copy;
} CallRange;

/**
 * CallMemory: the memory of one call.
 * @fault: a range could not be read or written
 * @too_large: more was asked for than a call may have
 * The other members are its own.
 */
typedef struct {
    GuestMemory base;
    int fd;
    bool fault;
    bool too_large;
    CallRange ranges[CALL_RANGES_MAX];
    unsigned n_ranges;
    size_t total;
} CallMemory;

/** call_memory_init: @fd: /proc/PID/mem of the caller, open for reading and writing; borrowed. */
void call_memory_init(CallMemory *memory, int fd);

/**
 * call_memory_write: write back.
 * @n: how many GUEST_OUT ranges, from the first on
 * Returns: false if one could not be written; those before it are.
 */
bool call_memory_write(CallMemory *memory, unsigned n);

/** call_memory_clear: drop the copies. */
void call_memory_clear(CallMemory *memory);
