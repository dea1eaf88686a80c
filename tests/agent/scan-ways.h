/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to another thread's descriptors that avoid pidfd_open() and open(). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/**
 * ring_open: open a file through io_uring, which no filter of system calls sees.
 * @direct: into the ring's own table of files, and from there into this process's (Linux 6.8)
 * Returns: a descriptor, which the caller owns, or -1.
 */
int ring_open(const char *path, int flags, bool direct);

/**
 * credentials_pidfd: take the pidfd that comes with a message whose sender claims to be this thread (SO_PASSPIDFD, Linux
 * 6.5). Only CAP_SYS_ADMIN allows to claim another thread than the sender's own.
 * Returns: a descriptor, which the caller owns, or -1.
 */
int credentials_pidfd(pid_t tid);

/** kernel_has_credentials_pidfd: whether the kernel has SO_PASSPIDFD. */
bool kernel_has_credentials_pidfd(void);

/** is_same_file: whether a descriptor of the caller's and one of another thread's refer to the same open file. */
bool is_same_file(int fd, pid_t tid, int number);

/** has_other_namespaces: whether a thread is in a namespace that the caller is not in; false if the thread has ended. */
bool has_other_namespaces(pid_t tid);

/**
 * in_shared_table: run a function in a process that shares the caller's table of descriptors, but not its memory.
 * @act: returns a number up to 255
 * Returns: that number.
 */
int in_shared_table(int (*act)(void));
