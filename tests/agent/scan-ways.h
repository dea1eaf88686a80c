/* SPDX-License-Identifier: Apache-2.0 */
/* Ways to another thread's descriptors that go past pidfd_open() and open(). */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/**
 * ring_open: open a file by a ring of io_uring's, which no filter of system calls sees.
 * @direct: into the ring's own table of files, and from there into this process's (Linux 6.8)
 * Returns: a descriptor, which the caller owns, or -1.
 */
int ring_open(const char *path, int flags, bool direct);

/**
 * credentials_pidfd: the pidfd that comes with a message whose sender says that it is this thread (SO_PASSPIDFD,
 * Linux 6.5). Saying so of another than oneself takes CAP_SYS_ADMIN.
 * Returns: a descriptor, which the caller owns, or -1.
 */
int credentials_pidfd(pid_t tid);

/** kernel_has_credentials_pidfd: is there such a thing as the above? */
bool kernel_has_credentials_pidfd(void);

/** is_same_file: is a descriptor of the caller's the open file of another thread's? */
bool is_same_file(int fd, pid_t tid, int number);

/** has_other_namespaces: is a thread in a namespace that the caller is not in? False of a thread that is no more. */
bool has_other_namespaces(pid_t tid);

/**
 * in_shared_table: run a function in a process that shares the caller's table of descriptors, but not its memory.
 * @act: returns a number up to 255
 * Returns: that number.
 */
int in_shared_table(int (*act)(void));
