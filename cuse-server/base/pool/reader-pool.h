/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pool of threads that read requests and carry them out. Each thread carries out the requests that it read itself.
 * A request goes to another thread only through reader_pool_leave().
 *
 * A source is a descriptor that can be polled: of /dev/cuse, a socket, a seccomp listener. One thread at a time reads
 * a source. It keeps the source as long as it does not wait for other threads or processes. Before a thread waits, it
 * asks for permission (reader_pool_may_wait):
 *   - It may wait if another thread goes on reading. If necessary, a new thread is started for that.
 *   - It may not wait if as many calls are in progress as are allowed, or if no thread can be started. Then it leaves
 *     the work to a thread that has finished its own work (reader_pool_leave), and reads on.
 * So the sources always have a reader, however long the work takes. A thread that waits for something that a reader
 * does by itself (transport.h) therefore never starves.
 *
 * A thread that gives up a source does not wake another thread. Idle threads sleep in epoll_wait() of one epoll
 * instance, and the giving thread only arms the source there again. So the kernel wakes a thread when there is a
 * request to read, and not before. The kernel wakes the thread that went to sleep last (Linux, fs/eventpoll.c,
 * ep_poll(): __add_wait_queue_exclusive()); its caches are warm. Of threads that sleep in read() or recvmsg() the kernel
 * would wake the one that went to sleep first: another thread each time, mostly on another processor. While a thread
 * has a source, epoll does not report the source.
 *
 * When a thread has finished its work, it may look for the next request before it sleeps (look.h). To do that, it
 * takes its source again, if no other thread has it.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/base/pool/look.h"

typedef struct ReaderPool ReaderPool;

/** ReaderServed: the result of looking for a request. */
typedef enum {
    READER_NOTHING, /* there was no request */
    READER_SERVED,  /* a request was served; there may be more */
    READER_OVER,    /* the source has ended */
} ReaderServed;

/**
 * ReaderPoolOps: what the threads do.
 * @serve: take a request of a source, without waiting for one, and carry it out. For each source one thread at a time
 *     calls it, until that thread has called reader_pool_may_wait() and may wait.
 * @run: carry out a job that was left, and free it; may wait
 * @drop: free a job that was left and will not be carried out; NULL if the pool does not end
 */
typedef struct {
    ReaderServed (*serve)(unsigned source, gpointer data);
    void (*run)(gpointer job, gpointer data);
    GDestroyNotify drop;
} ReaderPoolOps;

/**
 * ReaderPoolConfig: how a pool is made.
 * @name: name of its threads
 * @data: for the operations
 * @sources, @n_sources: descriptors, numbered from 0. The caller keeps them. The array is copied.
 * @workers: how many threads may wait at once; at least 1
 * @look: the process's Look, or NULL: threads sleep at once
 * @keeps: whether a thread sleeps in poll() of the source that it has, and takes that source again when its work is
 *     done. The pool then has only one source. This is for a seccomp listener: its callers then wake that thread on
 *     their own processor (SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP), and epoll does not pass such a wake-up on. For other
 *     sources epoll is faster. Linux before 6.6 does not have this wake-up. There, on busy processors, a thread that
 *     slept in SECCOMP_IOCTL_NOTIF_RECV itself would get the call sooner. But the broker is not allowed anything
 *     that gets a thread out of that ioctl when the pool has to end.
 * @ends: whether the whole pool ends when one source has ended or the pool is stopped. If not, the other sources go on.
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

/** reader_pool_new: make a pool. No thread reads yet. */
ReaderPool *reader_pool_new(const ReaderPoolConfig *config);

/** reader_pool_start: start one thread that reads and one that runs jobs that were left. */
void reader_pool_start(ReaderPool *pool);

/**
 * reader_pool_may_wait: ask, from within serve(), whether this thread may wait for other threads or processes.
 * Returns: true: it may wait until serve() returns. False: it must not wait, and must leave its job.
 */
bool reader_pool_may_wait(ReaderPool *pool);

/** reader_pool_leave: let another thread run @job; called from within serve(). The pool takes ownership of @job. */
void reader_pool_leave(ReaderPool *pool, gpointer job);

/** reader_pool_stop: end a pool that was made with @ends. Does not wait. */
void reader_pool_stop(ReaderPool *pool);

/** reader_pool_is_over: check whether the pool has ended. Its threads may still be at work. */
bool reader_pool_is_over(ReaderPool *pool);

/**
 * reader_pool_free: wait until a pool that was made with @ends has ended and all its threads are done. Jobs that no
 * thread has begun are dropped.
 */
void reader_pool_free(ReaderPool *pool);
