/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of a guest that waits for the worker, for the worker to read and write.
 *
 * The worker names the thread, and the worker may have fallen: so the broker looks for itself, and
 * hands out the memory of no thread but one that is, right now, in an ioctl() with a word of the driver's
 * (broker/driver-words.h) on a file of this instance, and whose program may not do more than the one that opened
 * the file (broker/guest-rights.h). The descriptor stays good until the worker closes it, or the address space
 * ends. It is of that one address space: of no other process, and not of what the process may execute
 * later; all that is looked at is looked at before it is opened, and once more afterwards.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "cuse-server/broker/guest-calls.h"
#include "cuse-server/broker/guest-members.h"
#include "cuse-server/broker/openers.h"

/**
 * CallerRule: whose memory it may be.
 * @members: the instance's guests
 * @identify: which file of the instance's a descriptor is of, as from guest_thread_file(). Returns 0 or an errno
 * @data: for it
 * @openers: who opened them
 */
typedef struct {
    GuestMembers *members;
    int (*identify)(int fd, FileKey *file, const void *data);
    const void *data;
    Openers *openers;
} CallerRule;

/**
 * caller_memory_open: open the memory of a thread that is in a call.
 * @tid: the thread, in the broker's pid namespace
 * @fd: set to /proc/TID/mem, open for reading and writing, which the caller owns; or -1
 *
 * Returns: 0 or an errno: ESRCH: there is no such thread; EPERM: it is in no call of this instance's; EINVAL: the
 * call's word is not the driver's; EACCES: its program may do more than the file's opener.
 */
int caller_memory_open(const CallerRule *rule, pid_t tid, int *fd);

/**
 * caller_memory_open_waiting: the same of a thread whose call waits in a notification, on a file that is known.
 * @fd: set even if it is not to be given out, or to -1
 */
int caller_memory_open_waiting(Openers *openers, const GuestCall *call, FileKey file, int *fd);
