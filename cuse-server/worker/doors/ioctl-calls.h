/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries out an ioctl() of a guest. The kernel delivers it in one request, both for a CUSE device and for a file of the FUSE
 * file system. The kernel has copied the struct that the command's word describes (for UVM's plain numbers, nothing), and copies
 * it back. Before the answer it lets the caller neither end nor execute another program, and it reports the caller's signals
 * (worker/doors/interrupts.h).
 *
 * The worker reads and writes what the struct points to by a descriptor of the caller's memory (worker/memory/call-memory.h).
 * The broker gives that descriptor, and may lend it for later calls (worker/memory/lent-memory.h). For a CUSE device with
 * GUEST_MEMORY_RETRY the kernel copies that memory instead, in two more rounds (worker/memory/retry-memory.h).
 */
#pragma once

#include "cuse-server/worker/doors/file-calls.h"

/**
 * IoctlData: the ioctl as it came from the kernel.
 * @flags: FUSE_IOCTL_...
 * @in, @in_size: what the kernel has copied of the argument
 * @out_size: how many bytes the kernel takes back
 */
typedef struct {
    uint32_t command;
    uint64_t argument;
    unsigned flags;
    const void *in;
    size_t in_size;
    size_t out_size;
} IoctlData;

/** ioctl_call: carry out an ioctl and answer it, or leave that to another thread. The caller keeps @data and what it refers
 * to. */
void ioctl_call(fuse_req_t fuse, const struct fuse_file_info *info, const IoctlData *data);
