/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of a guest that waits for the worker, for the worker to read and write.
 *
 * The worker names the thread, and the worker may have fallen: so the broker looks for itself, and
 * hands out the memory of no thread but one that is, right now, in an ioctl() with a word of the driver's
 * (broker/guests/driver-words.h) on a file of this instance, and whose program may not do more than the one that opened
 * the file (broker/identity/guest-rights.h). The descriptor stays good until the worker closes it, or the address space
 * ends. It is of that one address space: of no other process, and not of what the process may execute
 * later; all that is looked at is looked at before it is opened, and once more afterwards.
 *
 * Theory of lending. The worker may use the memory for later calls of the same thread too, without asking, as long as
 * the process has an agent (broker/agents/agents.c): then the broker learns that the process is about to be another program
 * or no more, before it is. The kernel has exec(), and the end of the process's number, wait until the tracer of every
 * traced thread has taken note of that thread's end (fs/exec.c, de_thread(); kernel/exit.c, release_task()); and the
 * agent's tracer takes back what was lent before it does.
 *
 *     state      who moves it on                                                       to
 *     not lent   caller_memory_open(): the thread is in a call, its process has an agent   lent, with a number of its own
 *     lent       the agent's tracer: the agent ends, by itself or by force                 being taken back: nothing
 *                                                                                          is lent any more
 *     being      the worker answers WORKER_TAKE_BACK, or is gone                           over: the agent is let go
 *     taken back
 *
 * What each rule stops: that the thread is in a call while its process's agent is looked for: a number that is another
 * process's by now. That the memory is the thread's, and not "the process's": clone(CLONE_VM) without CLONE_THREAD has
 * a process of its own, with no agent or another. That the agent's end is told before it is let go: exec() by any
 * thread of the process, also if another process keeps its old memory alive. That the worker keeps /proc/TID/comm: a
 * thread of another process with the same number. A worker that has fallen keeps what it was given anyway: memory of
 * one address space, of a program that had no more rights than the file's opener, until that ends. It can hold up the
 * end of agents, and so of its own container's processes, by not answering: until it is ended.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "cuse-server/broker/agents/agents.h"
#include "cuse-server/broker/guests/guest-calls.h"
#include "cuse-server/broker/identity/guest-members.h"
#include "cuse-server/broker/identity/openers.h"
#include "cuse-server/wire/guest-process.h"

/**
 * CallerRule: whose memory it may be.
 * @members: the instance's guests
 * @identify: which file of the instance's a descriptor is of, as from guest_thread_file(). Returns 0 or an errno
 * @data: for it
 * @openers: who opened them
 * @agents: by which memory can be lent
 */
typedef struct {
    GuestMembers *members;
    int (*identify)(int fd, FileKey *file, const void *data);
    const void *data;
    Openers *openers;
    Agents *agents;
} CallerRule;

/**
 * CallerMemory: what is given out of a thread.
 * @memory: /proc/TID/mem, open for reading and writing; or -1
 * @thread: /proc/TID/comm, which can be read as long as the thread lives; or -1
 * @file: the file that its call is on
 * @process: whose it is
 * @lending: the number under which it is taken back; 0: it is given for this call only
 */
typedef struct {
    int memory;
    int thread;
    FileKey file;
    GuestProcess process;
    uint64_t lending;
} CallerMemory;

/** caller_memory_clear: close the descriptors. */
void caller_memory_clear(CallerMemory *memory);

/**
 * caller_memory_open: open the memory of a thread that is in a call.
 * @tid: the thread, in the broker's pid namespace
 * @memory: set; its descriptors are the caller's
 *
 * Returns: 0 or an errno: ESRCH: there is no such thread; EPERM: it is in no call of this instance's; EINVAL: the
 * call's word is not the driver's; EACCES: its program may do more than the file's opener.
 */
int caller_memory_open(const CallerRule *rule, pid_t tid, CallerMemory *memory);

/**
 * caller_memory_open_waiting: the same of a thread whose call waits in a notification, on a file that is known.
 * @fd: set to /proc/TID/mem, which the caller owns, even if it is not to be given out; or to -1
 */
int caller_memory_open_waiting(Openers *openers, const GuestCall *call, FileKey file, int *fd);
