/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the memory of a guest that waits for the worker, so that the worker can read and write it.
 *
 * The worker names the thread. The worker may have fallen, so the broker checks the thread itself. It gives out the memory
 * only if
 *
 *  - the thread is, right now, in an ioctl() with a word of the driver's (broker/guests/driver-words.h);
 *  - the ioctl() is on a file of this instance;
 *  - the thread's program may not do more than the program that opened the file (broker/identity/guest-rights.h).
 *
 * The broker checks this before it opens the memory, and once more afterwards. The descriptor is of that one address space:
 * it does not lead to the memory of another process, nor to that of a program that the process executes later. It stays
 * good until the worker closes it, or the address space ends.
 *
 * Theory of lending. The worker may also use the memory for later calls of the same thread, without asking again, as long
 * as the process has an agent (broker/agents/agents.c). The agent lets the broker learn that the process is about to end or
 * to execute another program, before it does. For the kernel completes an exec(), and frees the process's number, only
 * when the tracer of every traced thread has taken note of that thread's end (fs/exec.c, de_thread(); kernel/exit.c,
 * release_task()). The agent's tracer is a thread of the broker. It takes back what was lent before it takes that note.
 *
 *     state              what changes the state                                      next state
 *     not lent           caller_memory_open(): the thread is in a call,              lent, with a number of its own
 *                        and its process has an agent
 *     lent               the agent ends, by itself or by force: its tracer acts      being taken back; the broker does not
 *                                                                                    lend memory of the process any more
 *     being taken back   the worker answers WORKER_TAKE_BACK, or the worker is gone  over; the tracer releases the agent
 *
 * What each rule prevents:
 *
 *  - The thread is in a call while the broker looks for its process's agent. Otherwise the process's number could belong to
 *    another process by then.
 *  - The memory is lent for one thread, not for a process. clone(CLONE_VM) without CLONE_THREAD makes another process in the
 *    same memory, which has another agent or none at all.
 *  - The broker takes the memory back before it releases the agent. So exec() by any thread of the process cannot get ahead
 *    of that, even if another process keeps the old memory alive.
 *  - The worker keeps /proc/TID/comm open. So it does not mistake a thread of another process with the same number for this
 *    one.
 *
 * A fallen worker keeps the descriptors that it was given anyway: they are of one address space, of a program that had no
 * more rights than the file's opener, and good until that address space ends. By not answering, such a worker can delay the
 * end of agents, and so the end of its own container's processes, until the worker itself is ended.
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
 * CallerRule: decides which threads' memory may be given out.
 * @members: the instance's guests
 * @identify: tells which file of the instance a descriptor from guest_thread_file() refers to. Returns 0 or an errno
 * @data: for @identify
 * @openers: the rights of the openers of the instance's files
 * @agents: the agents, which make it possible to lend memory
 */
typedef struct {
    GuestMembers *members;
    int (*identify)(int fd, FileKey *file, const void *data);
    const void *data;
    Openers *openers;
    Agents *agents;
} CallerRule;

/**
 * CallerMemory: what the worker gets for a thread.
 * @memory: /proc/TID/mem, open for reading and writing; or -1
 * @thread: /proc/TID/comm, which can be read as long as the thread lives; or -1
 * @file: the file that the thread's call is on
 * @process: the thread's process
 * @lending: the number under which the broker takes the memory back; 0: the memory is given for this call only
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
 * @memory: set; the caller owns its descriptors
 *
 * Returns: 0 or an errno: ESRCH: there is no such thread, or it is not a guest's; EPERM: the thread is not in an ioctl() on a
 * file of this instance; EINVAL: the call's word is not the driver's; EACCES: the thread's program may do more than the
 * file's opener.
 */
int caller_memory_open(const CallerRule *rule, pid_t tid, CallerMemory *memory);

/**
 * caller_memory_open_waiting: like caller_memory_open(), for a thread whose call waits in a notification.
 * @file: the file that the call is on
 * @fd: set to /proc/TID/mem, which the caller owns, even if an errno says that it must not be given out; or to -1
 */
int caller_memory_open_waiting(Openers *openers, const GuestCall *call, FileKey file, int *fd);
