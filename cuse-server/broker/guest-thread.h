/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the broker does to a thread of a guest that waits for it: read a string, duplicate a
 * descriptor. The thread is named by its id in the broker's pid namespace. It is kept from ending
 * by what it waits for: a seccomp notification (check that it is still valid afterwards) or a CUSE
 * request.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** guest_thread_group: the process a thread belongs to, or -1 with errno set. */
pid_t guest_thread_group(pid_t tid);

/**
 * guest_thread_dup: duplicate a descriptor of the thread's process.
 * Returns: a descriptor that the caller owns, or -1 with errno set (EBADF: not open there).
 */
int guest_thread_dup(pid_t tid, int fd);

/**
 * guest_thread_string: read a string from the thread's memory.
 * @addr: where it starts
 * @buffer: @size bytes; terminated on success
 * Returns: its length, or -1 with errno set: EFAULT: not readable; ENAMETOOLONG: no end in @size
 * bytes.
 */
ssize_t guest_thread_string(pid_t tid, uint64_t addr, char *buffer, size_t size);
