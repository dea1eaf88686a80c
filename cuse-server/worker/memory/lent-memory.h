/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of guests that the broker has lent. A call uses it for what it reads and writes beyond what the kernel copies.
 *
 * Asking the broker whose memory a call is about costs as much as several calls. So the worker may keep the broker's answer,
 * for the same thread, with the same user and group, on the same file. What makes an answer wrong, and why it is not used
 * then:
 *
 *     what could happen                              why the answer is not used then
 *     the thread ends, and another thread gets its   /proc/TID/comm of the first thread is kept as well, and cannot be
 *     number                                         read any more (source: fs/proc/base.c, comm_show())
 *     the process executes a program; its old        exec() waits for the agent in the process, and the broker does not
 *     memory stays, since a child made by            let the agent go before it has taken the memory back
 *     clone(CLONE_VM) still has it                   (lent_memories_take_back())
 *     the process ends, and another process gets     the same: the number stays in use until the agent is let go
 *     its number
 *     the thread changes its user or group           the kernel tells both with each call
 *     the file is closed, and another file gets      numbers of files are used once; all answers about a file are dropped
 *     its number                                     with the file (lent_memories_drop_file())
 *     an answer arrives after it was taken back      lent_memories_keep() does not keep an answer that was asked for before
 *                                                    anything was last taken back
 *
 * For the broker's half of the protocol, and for what a worker that has fallen gains by it, see
 * broker/identity/caller-memory.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/proxy/host.h"

/* The most threads whose memory is kept. Each needs two descriptors. One thread more drops all others. */
enum { LENT_THREADS_MAX = 256 };

typedef struct LentMemories LentMemories;

/**
 * LentKey: the calls for which an answer holds.
 * @file: the file's id
 * @tid, @uid, @gid: the caller, as the kernel told
 */
typedef struct {
    uint32_t file;
    pid_t tid;
    uid_t uid;
    gid_t gid;
} LentKey;

/**
 * Lent: the broker's answer.
 * @lending: the broker's number for this lending; used once
 * @memory: /proc/TID/mem
 * @thread: /proc/TID/comm
 * @process: the process whose memory it is
 */
typedef struct {
    uint64_t lending;
    int memory;
    int thread;
    GuestProcess process;
} Lent;

/** LentMemory: the memory of a process, as the broker lent it for one of the process's threads. Reference counted. */
typedef struct {
    gatomicrefcount refs;
    Lent lent;
} LentMemory;

/** lent_memory_new: create memory that is not kept for later calls. The descriptors are owned from now on. */
LentMemory *lent_memory_new(const Lent *lent);

/** lent_memory_unref: drop a reference. NULL is allowed. */
void lent_memory_unref(LentMemory *lent);

LentMemories *lent_memories_new(void);
void lent_memories_free(LentMemories *memories);

/** lent_memories_find: find the memory that is kept for a call. (transfer full) NULL if none is kept or the thread has ended. */
LentMemory *lent_memories_find(LentMemories *memories, const LentKey *key);

/** lent_memories_ask: call this before asking the broker. Returns the value to pass to lent_memories_keep() as @asked. */
uint64_t lent_memories_ask(LentMemories *memories);

/**
 * lent_memories_keep: keep the broker's answer, unless something was taken back since @asked.
 * @asked: what lent_memories_ask() returned
 * @lent: its descriptors are owned from now on
 * Returns: (transfer full): the memory, for the call that it was asked for, whether it is kept or not.
 */
LentMemory *lent_memories_keep(LentMemories *memories, const LentKey *key, uint64_t asked,
                               const Lent *lent);

/** lent_memories_extend: use the kept memory of a thread for another file as well, if the memory is of this lending.
 * @lending: 0: the memory is not lent; does nothing */
void lent_memories_extend(LentMemories *memories, const LentKey *key, uint64_t lending);

/**
 * lent_memories_process: find the process of a thread by the thread's kept memory. Returns false if no memory is kept, or the
 * thread has ended, or the user differs.
 * @uid: the caller's user, as in LentKey. The answer is used only if the process's user at that time was the same: a thread
 *     that calls as a user may be that user, and a thread that gave a user up does not go on calling as that user.
 */
bool lent_memories_process(LentMemories *memories, pid_t tid, uid_t uid, GuestProcess *process);

/** lent_memories_take_back: drop all answers of this lending. Calls that already use the memory go on: their callers
 * wait for them, and keep their memory until then. Does not wait. */
void lent_memories_take_back(LentMemories *memories, uint64_t lending);

/** lent_memories_drop_file: drop all answers about a file that is closed. */
void lent_memories_drop_file(LentMemories *memories, uint32_t file);

/** lent_memories_size: how many answers are kept. */
unsigned lent_memories_size(LentMemories *memories);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LentMemory, lent_memory_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LentMemories, lent_memories_free)
