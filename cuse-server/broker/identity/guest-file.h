/* SPDX-License-Identifier: Apache-2.0 */
/* Which open file of an instance a guest's descriptor is. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/seccomp.h>

#include "cuse-server/broker/files/stand-ins.h"
#include "cuse-server/broker/identity/guest-members.h"

/**
 * GuestFiles: what it takes to tell.
 * @stand_ins: the instance's
 * @members: whose descriptors may be looked at
 */
typedef struct {
    const StandIns *stand_ins;
    GuestMembers *members;
} GuestFiles;

/**
 * GuestDescriptor: by what it can be seen whether a guest's descriptor still is of the file that it was.
 * @info: /proc/TID/fdinfo/N, open; -1: it cannot be seen
 * @inode, @mount: of the file, as that names them
 */
typedef struct {
    int info;
    uint64_t inode;
    uint64_t mount;
} GuestDescriptor;

/** guest_file_which: which of the instance's files a descriptor is of, as from guest_thread_file(). @files: GuestFiles.
 * Returns 0 or EBADF. */
int guest_file_which(int fd, FileKey *key, const void *files);

/**
 * guest_file_identify: look at a guest's descriptor.
 * @tid: a thread of the guest that waits for us
 * @key: set to which it is
 * @seen: set; its info is the caller's
 *
 * Returns: 0, or EBADF: it is closed, or no file of this instance.
 */
int guest_file_identify(const GuestFiles *files, pid_t tid, int fd, FileKey *key,
                        GuestDescriptor *seen);

/**
 * guest_file_identify_waiting: the same of a thread that waits in a notification.
 * @file: set to a descriptor of what it is, as from guest_thread_file(), which the caller owns; or -1
 */
int guest_file_identify_waiting(const GuestFiles *files, int listener,
                                const struct seccomp_notif *notif, int fd, FileKey *key, int *file);
