/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the broker reads and takes from a guest's thread, such as a string or a descriptor, while the thread waits. The
 * callers name the thread by its id in the broker's pid namespace. The thread does not end while it waits in a seccomp
 * notification (check that the notification is still valid afterwards) or in a CUSE request.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/seccomp.h>

#include "cuse-server/broker/identity/guest-members.h"
#include "cuse-server/wire/guest-process.h"

/* Process ids fit into this many bits: PID_MAX_LIMIT, include/linux/threads.h. */
enum { GUEST_PROCESS_BITS = 22 };

/** guest_process_id: make the GuestProcess.id of a process. @started: its start time, in clock ticks */
static inline uint64_t guest_process_id(uint64_t started, pid_t group)
{
    return started << GUEST_PROCESS_BITS | (uint64_t)group;
}

/** guest_process_group: get the process's number from a GuestProcess.id. */
static inline pid_t guest_process_group(uint64_t process)
{
    return (pid_t)(process & ((UINT64_C(1) << GUEST_PROCESS_BITS) - 1));
}

/** guest_thread_group: get the number of the process that a thread belongs to. Returns -1 with errno set on failure. */
pid_t guest_thread_group(pid_t tid);

/**
 * guest_thread_process: find the process that a thread belongs to. @process distinguishes it from every other process of the
 * past, present and future, since it has the start time as well as the number.
 * Returns: false with errno set if the thread does not exist any more, or is not one of @members.
 */
bool guest_thread_process(GuestMembers *members, pid_t tid, GuestProcess *process);

/**
 * guest_thread_number: get the process id that a process has in the pid namespace of another process's thread.
 * @tid: the thread that asks
 * @process: GuestProcess.id of the process, see guest_thread_process()
 * @number: set to the process id
 * Returns: false with errno set if the thread or the process does not exist any more or is not one of @members, or if the
 *     process is not in the thread's pid namespace or one below it.
 */
bool guest_thread_number(GuestMembers *members, pid_t tid, uint64_t process, uint32_t *number);

/**
 * guest_thread_is_numbered: does the thread @other have the number @number in the pid namespace of the thread @tid?
 * @tid: the thread that uses the number
 * @other: named by its id in the broker's pid namespace, like @tid
 */
bool guest_thread_is_numbered(pid_t tid, pid_t other, uint32_t number);

/**
 * guest_thread_capabilities: get the capabilities that a thread has or could give itself.
 * Returns: false with errno set if the thread does not exist any more.
 */
bool guest_thread_capabilities(pid_t tid, uint64_t *capabilities);

/** guest_thread_tracer: get the thread that traces the thread @tid by ptrace(). Returns 0 if there is none. */
pid_t guest_thread_tracer(pid_t tid);

/** guest_thread_filters: get the number of seccomp filters that the thread is under (Linux 5.9). Returns 0 if the thread does
 * not exist any more, or the kernel does not report the number. */
unsigned guest_thread_filters(pid_t tid);

/** guest_thread_has_signal: does the thread have a pending signal that it does not block? */
bool guest_thread_has_signal(pid_t tid);

/** guest_thread_time: get the time that the thread has run in user mode, in clock ticks. Returns 0 if the thread does not exist
 * any more. */
uint64_t guest_thread_time(pid_t tid);

/**
 * guest_thread_file: open the path of the file that a descriptor of the thread's refers to. The open file itself does not come
 * into the broker's descriptor table: closing it there could make the broker wait for a guest that serves a FUSE file
 * system.
 * @directory: the thread's directory in /proc
 * Returns: an O_PATH descriptor that the caller owns, by which the kernel tells which file it is; or -1 with errno set:
 *     EBADF: the thread does not have an open file at that number, or opened it with O_PATH.
 */
int guest_thread_file(const char *directory, int fd);

/**
 * guest_thread_take: duplicate a file from the descriptor table of a thread that the broker holds (Linux 6.9). The caller must
 * know whether the file can be closed without waiting for a guest.
 * Returns: a descriptor that the caller owns, or -1 with errno set.
 */
int guest_thread_take(pid_t tid, int fd);

/**
 * guest_threads_have_pidfds: does the kernel make pidfds of single threads, which give access to a thread's own descriptor
 * table (Linux 6.9)? If not, pidfd_getfd() takes files only from the table of a process's first thread.
 */
bool guest_threads_have_pidfds(void);

/**
 * guest_thread_pidfd_target: find the thread that a pidfd in a thread's descriptor table refers to. pidfd_getfd() takes files
 * from the table of that thread. For a pidfd of a process, it is the process's first thread.
 * Returns: the thread's id in the broker's pid namespace; 0: the descriptor is not open, or is not a pidfd; -1: the thread
 *     does not exist any more.
 * Source: fs/pidfs.c, pidfd_show_fdinfo
 */
pid_t guest_thread_pidfd_target(pid_t tid, int pidfd);

/**
 * guest_thread_memory: open the memory of the thread's address space for reading and writing. If the thread still waits for
 * the broker afterwards, the descriptor is of the waiting thread's address space, and stays so whatever the process executes
 * later.
 * Returns: a descriptor that the caller owns, or -1 with errno set.
 */
int guest_thread_memory(pid_t tid);

/**
 * guest_thread_read: read all of @size bytes from the thread's memory.
 * Returns: false with errno set to EFAULT if a part of the memory is not readable.
 */
bool guest_thread_read(pid_t tid, uint64_t addr, void *buffer, size_t size);

/**
 * guest_thread_string: read a string from the thread's memory.
 * @addr: address where the string starts
 * @buffer: @size bytes; terminated on success
 * Returns: the string's length, or -1 with errno set: EFAULT: the memory is not readable; ENAMETOOLONG: the string does not
 *     end within @size bytes.
 */
ssize_t guest_thread_string(pid_t tid, uint64_t addr, char *buffer, size_t size);
