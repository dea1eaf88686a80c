/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that read requests and carry them out, each the ones it read itself: no request is handed
 * from thread to thread.
 *
 * A source is a descriptor that can be polled: of /dev/cuse, a socket, a seccomp listener. One thread at a
 * time reads a source, and keeps it for as long as it waits for nobody. A thread that is about to wait for
 * somebody else says so first (reader_pool_may_wait): it may if another goes on reading, which is started
 * if need be. If it may not, since as many calls are in progress as there may be, or no thread can
 * be started, it leaves the work for a thread that is done with its own, and reads on. So the
 * sources have a reader at all times, however long work takes: whoever waits for something that a
 * reader does by itself (transport.h) cannot be starved.
 *
 * A thread that gives a source up wakes nobody. Idle threads sleep in epoll_wait() of one epoll instance, which
 * is told to tell of the source again: so the kernel wakes one when there is a request to be read, and not
 * before. It wakes the one that came last (Linux, fs/eventpoll.c, ep_poll(): __add_wait_queue_exclusive()),
 * whose caches are warm. Of threads that sleep in read() or recvmsg() it would wake the one that came first,
 * each time another, mostly on another processor. While a thread has a source, epoll does not tell of it.
 *
 * Done with its work, a thread may look for the next request before it sleeps (look.h). For that it takes its
 * source again, if no other thread has it.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/base/pool/look.h"

typedef struct ReaderPool ReaderPool;

/** ReaderServed: what came of looking for a request. */
typedef enum {
    READER_NOTHING, /* there was none */
    READER_SERVED,  /* there may be more */
    READER_OVER,    /* there will be no more */
} ReaderServed;

/**
 * ReaderPoolOps: what the threads do.
 * @serve: take a request of a source if there is one, without waiting for it, and do what can be done. Called
 *     by one thread at a time for each source, but for what it does after reader_pool_may_wait().
 * @run: carry out what was left, which it owns; may wait
 * @drop: free what was left and will not be carried out; NULL if the pool does not end
 */
typedef struct {
    ReaderServed (*serve)(unsigned source, gpointer data);
    void (*run)(gpointer job, gpointer data);
    GDestroyNotify drop;
} ReaderPoolOps;

/**
 * ReaderPoolConfig: a pool.
 * @name: its threads'
 * @data: for the operations
 * @sources, @n_sources: descriptors, numbered from 0; they stay the caller's. The array is copied.
 * @workers: most that wait at once, at least 1
 * @look: the process's, or NULL: threads sleep at once
 * @keeps: whether a thread that has the source, which is the only one, sleeps in poll() of it, and takes it again when
 *     its work is done. So a listener's callers wake that thread on their own processor
 *     (SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP), which epoll does not pass on. Otherwise epoll is faster. Before Linux 6.6 there
 *     is no such wake-up, and on busy processors a thread that slept in SECCOMP_IOCTL_NOTIF_RECV itself would have the call
 *     sooner; but nothing that the broker may do gets it out of there when the pool is to end.
 * @ends: whether the pool ends, as soon as a source is over or it is stopped. If not, the others go on.
 */
typedef struct {
    const char *name;
    const ReaderPoolOps *ops;
    gpointer data;
    const int *sources;
    unsigned n_sources;
    unsigned workers;
    Look *look;
    bool keeps;
    bool ends;
} ReaderPoolConfig;

/** reader_pool_new: nobody reads yet. */
ReaderPool *reader_pool_new(const ReaderPoolConfig *config);

/** reader_pool_start: begin, with one thread that reads and one for what is left. */
void reader_pool_start(ReaderPool *pool);

/**
 * reader_pool_may_wait: from within serve(): may this thread wait for others, until serve() returns?
 * If so it may for good, and if not, it must leave what it has.
 */
bool reader_pool_may_wait(ReaderPool *pool);

/** reader_pool_leave: from within serve(): let another thread run @job, which is owned from now on. */
void reader_pool_leave(ReaderPool *pool, gpointer job);

/** reader_pool_stop: end a pool that ends. Waits for nobody. */
void reader_pool_stop(ReaderPool *pool);

/** reader_pool_is_over: true if the pool has ended; its threads may still be at work. */
bool reader_pool_is_over(ReaderPool *pool);

/**
 * reader_pool_free: wait until a pool that ends has ended and all its threads are done. What nobody has begun
 * is dropped.
 */
void reader_pool_free(ReaderPool *pool);
