/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to a seccomp notification: a guest's system call waits until the broker answers it. */
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
 * notification_hand_over: from now on, have the kernel wake the caller and the thread that answers on the same
 * processor, since one of the two always waits for the other. Kernels before 6.6 wake them on any processor.
 */
void notification_hand_over(int listener);

/** notification_is_valid: does the caller still wait? Then what was read of it before by its thread id is its own. */
bool notification_is_valid(int listener, uint64_t id);

/** notification_continue: let the kernel carry out the call. */
void notification_continue(int listener, uint64_t id);

/**
 * notification_fail: have the call fail.
 * @error: an errno
 */
void notification_fail(int listener, uint64_t id, int error);

/**
 * notification_return: have the call return @value.
 * Returns: false if the caller does not wait any more: it was killed, or interrupted by a signal (then it
 * makes the call again).
 */
bool notification_return(int listener, uint64_t id, int64_t value);

/**
 * notification_add: put a file into the caller's descriptor table. The caller goes on waiting.
 * @flags: 0 or O_CLOEXEC
 * Returns: as notification_give()
 */
int notification_add(int listener, uint64_t id, int fd, int flags);

/** notification_put: like notification_add(), at the descriptor number @number. Replaces a file that is there. */
int notification_put(int listener, uint64_t id, int fd, int number, int flags);

/**
 * notification_give: put a file into the caller's descriptor table, and have the call return its number.
 * @flags: 0 or O_CLOEXEC
 * Returns: the number, or minus an errno: ENOENT: the caller does not wait any more; EMFILE: the table is full.
 */
int notification_give(int listener, uint64_t id, int fd, int flags);

/** notification_give_as: like notification_give(), at the descriptor number @number. Replaces a file that is there. EBADF:
 * @number is above the caller's limit. */
int notification_give_as(int listener, uint64_t id, int fd, int number, int flags);
