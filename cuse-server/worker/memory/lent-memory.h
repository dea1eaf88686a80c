/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of guests that the broker has lent: what a call reads and writes besides what the kernel copies.
 *
 * To ask the broker whose memory a call is about costs as much as several calls. So the broker's answer may be kept:
 * for the same thread, with the same user and group, on the same file. What makes such an answer wrong, and what
 * prevents that:
 *
 *     what could happen                              why the answer is not used then
 *     the thread ends, and its number is another's   /proc/TID/comm of the thread that was looked at is kept as well,
 *                                                    and cannot be read any more (source: fs/proc/base.c, comm_show())
 *     the process executes a program; its memory     exec() waits for the agent in the process, and that is not let
 *     stays, for a child made by clone(CLONE_VM)     go before the broker has taken the memory back
 *     has it still                                   (lent_memories_take_back())
 *     the process ends, and its number is another's  the same: the number is taken until the agent is let go
 *     the thread changes its user or group           the kernel tells both with each call
 *     the file is closed, and its number is          numbers of files are used once; what is kept of a file is dropped
 *     another's                                      with it (lent_memories_drop_file())
 *     an answer comes after it was taken back        lent_memories_keep() keeps nothing that was asked for before the
 *                                                    last time that anything was taken back
 *
 * The protocol's other half, and what a worker that has fallen gains by it: broker/identity/caller-memory.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/proxy/host.h"

/* Threads of which memory is kept; each needs two descriptors. What comes beyond them puts away all others. */
enum { LENT_THREADS_MAX = 256 };

typedef struct LentMemories LentMemories;

/**
 * LentKey: what an answer is good for.
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
 * Lent: what the broker answers.
 * @lending: the broker's number for it; used once
 * @memory: /proc/TID/mem
 * @thread: /proc/TID/comm
 * @process: whose memory it is
 */
typedef struct {
    uint64_t lending;
    int memory;
    int thread;
    GuestProcess process;
} Lent;

/** LentMemory: the memory of a process, as one of its threads was lent it. Reference counted. */
typedef struct {
    gatomicrefcount refs;
    Lent lent;
} LentMemory;

/** lent_memory_new: that is kept nowhere. The descriptors are owned from now on. */
LentMemory *lent_memory_new(const Lent *lent);

/** lent_memory_unref: drop a reference; NULL is none. */
void lent_memory_unref(LentMemory *lent);

LentMemories *lent_memories_new(void);
void lent_memories_free(LentMemories *memories);

/** lent_memories_find: (transfer full): what is kept for a call, whose thread lives; NULL: nothing. */
LentMemory *lent_memories_find(LentMemories *memories, const LentKey *key);

/** lent_memories_ask: before the broker is asked. Returns what lent_memories_keep() takes. */
uint64_t lent_memories_ask(LentMemories *memories);

/**
 * lent_memories_keep: keep the broker's answer.
 * @asked: what lent_memories_ask() returned
 * @lent: its descriptors are owned from now on
 * Returns: (transfer full): the memory, for the call that it was asked for, be it kept or not.
 */
LentMemory *lent_memories_keep(LentMemories *memories, const LentKey *key, uint64_t asked,
                               const Lent *lent);

/** lent_memories_extend: what is kept of a thread is good for another file as well, if it is of this lending. @lending: or 0:
 * it is not. */
void lent_memories_extend(LentMemories *memories, const LentKey *key, uint64_t lending);

/**
 * lent_memories_process: whose thread this is, if that is known from its memory, and it lives.
 * @uid: as in LentKey. The answer is used if the process's user was this one as well: who calls as a user may be
 *     that user, and nobody goes on being one that was given up.
 */
bool lent_memories_process(LentMemories *memories, pid_t tid, uid_t uid, GuestProcess *process);

/** lent_memories_take_back: from now on nothing of this lending is found. Calls that use it go on: their callers
 * wait for them, and keep their memory until then. Does not wait. */
void lent_memories_take_back(LentMemories *memories, uint64_t lending);

/** lent_memories_drop_file: a file is closed. */
void lent_memories_drop_file(LentMemories *memories, uint32_t file);

/** lent_memories_size: how many answers are kept. */
unsigned lent_memories_size(LentMemories *memories);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LentMemory, lent_memory_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LentMemories, lent_memories_free)
