/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the broker does to a thread of a guest that waits for it: read a string, duplicate a
 * descriptor. The thread is named by its id in the broker's pid namespace. It is kept from ending
 * by what it waits for: a seccomp notification (check that it is still valid afterwards) or a CUSE
 * request.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/seccomp.h>

#include "cuse-server/broker/identity/guest-members.h"
#include "cuse-server/wire/guest-process.h"

/* Process ids are below it: PID_MAX_LIMIT, include/linux/threads.h. */
enum { GUEST_PROCESS_BITS = 22 };

/** guest_process_id: GuestProcess.id of a process that was started at this time, in clock ticks. */
static inline uint64_t guest_process_id(uint64_t started, pid_t group)
{
    return started << GUEST_PROCESS_BITS | (uint64_t)group;
}

/** guest_process_group: the number of the process with this GuestProcess.id. */
static inline pid_t guest_process_group(uint64_t process)
{
    return (pid_t)(process & ((UINT64_C(1) << GUEST_PROCESS_BITS) - 1));
}

/** guest_thread_group: the process a thread belongs to, or -1 with errno set. */
pid_t guest_thread_group(pid_t tid);

/**
 * guest_thread_process: the process a thread belongs to, so that it can be told from every other that
 * is, was or will be: the time it started counts as well as its number.
 * Returns: false with errno set if it is no more, or not one of @members.
 */
bool guest_thread_process(GuestMembers *members, pid_t tid, GuestProcess *process);

/**
 * guest_thread_number: the process id that one of @members has in the pid namespace of another's thread.
 * @tid: a thread of the one that asks
 * @process: see guest_thread_process()
 * Returns: false with errno set if one of them is no more, or not one of @members, or the process is not in
 * that namespace or one below it.
 */
bool guest_thread_number(GuestMembers *members, pid_t tid, uint64_t process, uint32_t *number);

/**
 * guest_thread_is_numbered: whether a thread's pid namespace has another thread under this number.
 * @tid: the thread that uses the number; @other: as the broker numbers it
 */
bool guest_thread_is_numbered(pid_t tid, pid_t other, uint32_t number);

/**
 * guest_thread_capabilities: the capabilities that a thread has or could give itself.
 * Returns: false with errno set if it is no more.
 */
bool guest_thread_capabilities(pid_t tid, uint64_t *capabilities);

/** guest_thread_tracer: the thread that has it under ptrace; 0: nobody has. */
pid_t guest_thread_tracer(pid_t tid);

/** guest_thread_filters: how many seccomp filters it is under (Linux 5.9); 0: it is no more, or the kernel does not say. */
unsigned guest_thread_filters(pid_t tid);

/** guest_thread_has_signal: one that it does not block, and has not taken yet. */
bool guest_thread_has_signal(pid_t tid);

/** guest_thread_time: how long it has run in user mode, in clock ticks; 0 if it is no more. */
uint64_t guest_thread_time(pid_t tid);

/**
 * guest_thread_file: look at what a descriptor of the thread's refers to. The file itself does not come into the
 * broker's table: to close it there could keep the broker waiting for a guest, which may serve a FUSE file system.
 * @directory: the thread's, in /proc
 * Returns: a descriptor (O_PATH) that the caller owns, good to ask the kernel what it is of; or -1 with errno set:
 *     EBADF: the thread has no open file there.
 */
int guest_thread_file(const char *directory, int fd);

/**
 * guest_thread_take: take a file out of the table of a thread that we hold (Linux 6.9). Whether it can be closed without
 * waiting for a guest is for the caller to know.
 * Returns: a descriptor that the caller owns, or -1 with errno set.
 */
int guest_thread_take(pid_t tid, int fd);

/**
 * guest_threads_have_pidfds: does the kernel make pidfds of single threads, by which a thread's own descriptor table
 * can be had (Linux 6.9)? If not, pidfd_getfd() takes from the table of a process's first thread alone.
 */
bool guest_threads_have_pidfds(void);

/**
 * guest_thread_pidfd_target: which thread a descriptor of a thread's is a pidfd of: whose table pidfd_getfd() takes
 * from, so the first thread's if it is one of a process.
 * Returns: the thread, as the broker numbers it; 0: it is not open there, or no pidfd; -1: of one that is no more.
 * Source: fs/pidfs.c, pidfd_show_fdinfo
 */
pid_t guest_thread_pidfd_target(pid_t tid, int pidfd);

/**
 * guest_thread_memory: open the memory of the thread's address space, to read and write. If the thread
 * still waits for us afterwards, it is that one's, and stays so whatever the process executes later.
 * Returns: a descriptor that the caller owns, or -1 with errno set.
 */
int guest_thread_memory(pid_t tid);

/**
 * guest_thread_string: read a string from the thread's memory.
 * @addr: where it starts
 * @buffer: @size bytes; terminated on success
 * Returns: its length, or -1 with errno set: EFAULT: not readable; ENAMETOOLONG: no end in @size
 * bytes.
 */
ssize_t guest_thread_string(pid_t tid, uint64_t addr, char *buffer, size_t size);
