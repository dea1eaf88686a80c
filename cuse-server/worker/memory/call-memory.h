/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory by a descriptor of the caller's address space: all of a call's, or what the kernel has not copied
 * by itself. That is the argument's own struct, if the CUSE device is a restricted one and the command's word has
 * its size and direction; a call that needs no more than that needs no descriptor, and nobody is asked for one.
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
 * @addr: where it is
 * @in, @in_size: the bytes that came; they stay as long as the memory
 * @out_size: how many it takes back
 */
typedef struct {
    uint64_t addr;
    const void *in;
    size_t in_size;
    size_t out_size;
} CallCarried;

/**
 * CallMemoryOps: where the rest of it comes from.
 * @open: get a descriptor of the caller's memory. Returns 0 or an errno; EAGAIN: this thread may not wait for one
 * @close: give it back
 * @may_act: may this thread wait for the host? NULL: it may
 */
typedef struct {
    int (*open)(gpointer data, int *fd);
    void (*close)(gpointer data, int fd);
    bool (*may_act)(gpointer data);
} CallMemoryOps;

/**
 * CallMemory: the memory of one call.
 * @fault: a range could not be read or written
 * @too_large: more was asked for than a call may have
 * @denied: errno for which there is no descriptor
 * @postponed: the thread would have to wait, and may not: the call is to be run again from the top by one that may
 * The other members are its own.
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
 * call_memory_init: all of it by a descriptor.
 * @fd: /proc/PID/mem of the caller, open for reading and writing; owned from now on. -1: there is none
 * @denied: the errno for which, or 0
 */
void call_memory_init(CallMemory *memory, int fd, int denied);

/** call_memory_init_carried: the kernel has copied some of it, and the rest is opened if it is asked for. */
void call_memory_init_carried(CallMemory *memory, const CallCarried *carried,
                              const CallMemoryOps *ops, gpointer data);

/**
 * call_memory_write: write back, but for what the kernel does.
 * @n: how many GUEST_OUT ranges, from the first on
 * Returns: false if one could not be written; those before it are.
 */
bool call_memory_write(CallMemory *memory, unsigned n);

/**
 * call_memory_reply: what the kernel is to copy back.
 * @n: as for call_memory_write()
 * @size: set to how much; 0: nothing
 */
const void *call_memory_reply(const CallMemory *memory, unsigned n, size_t *size);

/** call_memory_clear: drop the copies, close the descriptor. */
void call_memory_clear(CallMemory *memory);
