/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of a guest that waits for the worker, for the worker to read and write.
 *
 * The worker names the thread, and the worker may have fallen: so the broker looks for itself, and
 * hands out the memory of no thread but one that is, right now, in an ioctl() on a file of this
 * instance. That thread's memory is the worker's to read and write anyway for as long as its call
 * lasts (FUSE_IOCTL_RETRY names any range). What the descriptor gives beyond that is time: it stays
 * good until the worker closes it, or the address space ends. It is of that one address space: of no
 * other process, and not of what the process may execute later.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "cuse-server/broker/guest-calls.h"
#include "cuse-server/broker/guest-members.h"

/** CallerFileCheck: is this descriptor, of the broker's own, a file of the instance's? */
typedef bool (*CallerFileCheck)(int fd, const void *data);

/**
 * caller_memory_open: open the memory of a thread that is in a call.
 * @members: whose memory it may be
 * @tid: the thread, in the broker's pid namespace
 * @is_own: called with a duplicate of the file that the thread's ioctl() is on
 * @fd: set to /proc/TID/mem, open for reading and writing, which the caller owns; or -1
 * @duplicate: set to that duplicate, or -1. The caller closes it when it can wait: its close may be
 * the last
 *
 * Returns: 0 or an errno: ESRCH: there is no such thread; EPERM: it is in no call of this instance's.
 */
int caller_memory_open(GuestMembers *members, pid_t tid, CallerFileCheck is_own, const void *data,
                       int *fd, int *duplicate);

/**
 * caller_memory_open_waiting: the same of a thread whose call waits in a notification, and so needs no other
 * look.
 */
int caller_memory_open_waiting(const GuestCall *call, int *fd);
