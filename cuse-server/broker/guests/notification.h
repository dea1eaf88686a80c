/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to a seccomp notification: a guest's system call that waits for what we say. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <linux/seccomp.h>

/* Absent from older headers; Linux 6.6. */
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS      SECCOMP_IOW(4, __u64)
#endif

/**
 * notification_hand_over: from now on, whoever calls and whoever answers wake each other on the same
 * processor, since one of them always waits for the other. Older kernels wake them anywhere.
 */
void notification_hand_over(int listener);

/** notification_is_valid: the caller still waits: what was read of it meanwhile was its own. */
bool notification_is_valid(int listener, uint64_t id);

/** notification_continue: let the kernel carry the call out. */
void notification_continue(int listener, uint64_t id);

/**
 * notification_fail: have the call fail.
 * @error: an errno
 */
void notification_fail(int listener, uint64_t id, int error);

/**
 * notification_return: have the call return @value.
 * Returns: false if nobody waits for it any more: the caller was killed, or interrupted by a signal
 * (then it calls again).
 */
bool notification_return(int listener, uint64_t id, int64_t value);

/**
 * notification_add: put a file into the caller's table, and have it wait on.
 * @flags, and what it returns: as for notification_give()
 */
int notification_add(int listener, uint64_t id, int fd, int flags);

/** notification_put: the same under a number of our choice, in place of what is there. */
int notification_put(int listener, uint64_t id, int fd, int number, int flags);

/**
 * notification_give: put a file into the caller's table, and have the call return its number.
 * @flags: 0 or O_CLOEXEC
 * Returns: the number, or minus an errno: ENOENT: nobody waits for it any more; EMFILE: the table is
 * full.
 */
int notification_give(int listener, uint64_t id, int fd, int flags);

/** notification_give_as: the same under a number of our choice, in place of what is there. EBADF: the caller may have none so
 * high. */
int notification_give_as(int listener, uint64_t id, int fd, int number, int flags);
