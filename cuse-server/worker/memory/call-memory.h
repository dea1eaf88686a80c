/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory by a descriptor of the caller's address space. It covers all memory of a call, or all that the kernel has not
 * copied by itself. The kernel copies the argument's own struct if the CUSE device is a restricted one and the command's word
 * has the struct's size and direction. A call that needs no more than that needs no descriptor, and the broker is not asked.
 *
 * The discipline is that of guest-memory.h. Each range is read once, when the handler asks for it, into a private copy. The
 * handler decides on the copies. Results are written back once, at the end. A call that comes this way runs its handler once,
 * from the top, and reads everything anew. So two readings of one range are never compared or mixed.
 *
 * The kernel lets such a descriptor bypass mprotect(). Memory that the caller has mapped without
 * the right to read it, or privately without the right to write it, is read and written all the
 * same. Natively the call would fail. Shared mappings that are not writable stay protected.
 */
#pragma once

#include <glib.h>

#include "cuse-server/proxy/call/guest-memory.h"

enum { CALL_RANGES_MAX = 16 };

typedef struct {
    uint64_t addr;
    size_t len;
    GuestAccess access;
    void *copy;
} CallRange;

/**
 * CallCarried: what the kernel has copied of the caller's memory, and will copy back.
 * @addr: its address in the caller
 * @in, @in_size: the bytes that came; they must stay valid as long as the CallMemory
 * @out_size: how many bytes the kernel takes back
 */
typedef struct {
    uint64_t addr;
    const void *in;
    size_t in_size;
    size_t out_size;
} CallCarried;

/**
 * CallMemoryOps: how to get the rest of the caller's memory.
 * @open: get a descriptor of the caller's memory. Returns 0 or an errno; EAGAIN: this thread may not wait for a descriptor
 * @close: give the descriptor back
 * @may_act: tell whether this thread may wait for the host; NULL: it may
 */
typedef struct {
    int (*open)(gpointer data, int *fd);
    void (*close)(gpointer data, int fd);
    bool (*may_act)(gpointer data);
} CallMemoryOps;

/**
 * CallMemory: the memory of one call.
 * @fault: a range could not be read or written
 * @too_large: the handler asked for more than a call may have
 * @denied: the errno that says why there is no descriptor, or 0
 * @postponed: this thread would have to wait, and may not. Run the call again from the top in a thread that may
 * The other members are private.
 */
typedef struct {
    GuestMemory base;
    int fd;
    const CallMemoryOps *ops;
    gpointer data;
    CallCarried carried;
    bool fault;
    bool too_large;
    bool postponed;
    int denied;
    int carried_range; /* index in @ranges, or -1 */
    CallRange ranges[CALL_RANGES_MAX];
    unsigned n_ranges;
    size_t total;
} CallMemory;

/**
 * call_memory_init: reach all memory by a descriptor.
 * @fd: /proc/PID/mem of the caller, open for reading and writing; owned from now on. -1: there is no descriptor
 * @denied: if @fd is -1: the errno that says why; 0 then means ESRCH. Otherwise 0
 */
void call_memory_init(CallMemory *memory, int fd, int denied);

/** call_memory_init_carried: use what the kernel has copied, and open the rest when the handler asks for it. */
void call_memory_init_carried(CallMemory *memory, const CallCarried *carried,
                              const CallMemoryOps *ops, gpointer data);

/**
 * call_memory_write: write results back, except the range that the kernel copies back.
 * @n: how many GUEST_OUT ranges, from the first on
 * Returns: false if a range could not be written. The ranges before it have been written.
 */
bool call_memory_write(CallMemory *memory, unsigned n);

/**
 * call_memory_reply: the bytes that the kernel is to copy back.
 * @n: as for call_memory_write()
 * @size: set to their number; 0: nothing
 */
const void *call_memory_reply(const CallMemory *memory, unsigned n, size_t *size);

/** call_memory_clear: free the copies and close the descriptor. */
void call_memory_clear(CallMemory *memory);
