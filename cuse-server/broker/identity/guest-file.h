/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the open file of the instance that a guest's descriptor refers to. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/seccomp.h>

#include "cuse-server/broker/files/stand-ins.h"
#include "cuse-server/broker/identity/guest-members.h"

/**
 * GuestFiles: what is needed to identify a guest's descriptor.
 * @stand_ins: the instance's stand-ins
 * @members: the guests, whose descriptors may be looked at
 */
typedef struct {
    const StandIns *stand_ins;
    GuestMembers *members;
} GuestFiles;

/**
 * GuestDescriptor: shows later whether a guest's descriptor still refers to the same file.
 * @info: /proc/TID/fdinfo/N, open; -1: it cannot be checked later
 * @inode, @mount: the file's inode and mount, as @info names them
 */
typedef struct {
    int info;
    uint64_t inode;
    uint64_t mount;
} GuestDescriptor;

/** guest_file_which: find the instance's file that a descriptor from guest_thread_file() refers to. @files: GuestFiles.
 * Returns 0 or EBADF. */
int guest_file_which(int fd, FileKey *key, const void *files);

/**
 * guest_file_identify: find the instance's file that a guest's descriptor refers to.
 * @tid: a thread of the guest, which waits for the worker or the broker
 * @key: set to the file's key
 * @seen: set; the caller owns its @info
 *
 * Returns: 0, or EBADF: the descriptor is closed, or does not refer to a file of this instance.
 */
int guest_file_identify(const GuestFiles *files, pid_t tid, int fd, FileKey *key,
                        GuestDescriptor *seen);

/**
 * guest_file_identify_waiting: like guest_file_identify(), for a thread that waits in a notification.
 * @file: set to a descriptor of the file, as from guest_thread_file(), which the caller owns, even on error; or to -1
 */
int guest_file_identify_waiting(const GuestFiles *files, int listener,
                                const struct seccomp_notif *notif, int fd, FileKey *key, int *file);
