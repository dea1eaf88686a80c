/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ioctl() of a guest, as the kernel delivers it: in one request, for a CUSE device as for a file of the FUSE file
 * system. The kernel has copied the struct that the command's word says (of UVM's plain numbers, nothing), and copies
 * it back; it lets the caller neither end nor execute anything before the answer, and tells of its signals
 * (worker/doors/interrupts.h).
 *
 * What the struct names besides is read and written by a descriptor of the caller's memory (worker/memory/call-memory.h),
 * which the broker gives, and may lend for calls to come (worker/memory/lent-memory.h). A CUSE device with
 * GUEST_MEMORY_RETRY has the kernel copy it instead, in two more rounds (worker/memory/retry-memory.h).
 */
#pragma once

#include "cuse-server/worker/doors/file-calls.h"

/**
 * IoctlData: what came.
 * @flags: FUSE_IOCTL_...
 * @in, @in_size: what the kernel has copied of the argument
 * @out_size: how much it takes back
 */
typedef struct {
    uint32_t command;
    uint64_t argument;
    unsigned flags;
    const void *in;
    size_t in_size;
    size_t out_size;
} IoctlData;

/** ioctl_call: carry it out and answer it, or leave that to another thread. @data, and what it refers to, is the
 * caller's. */
void ioctl_call(fuse_req_t fuse, const struct fuse_file_info *info, const IoctlData *data);
