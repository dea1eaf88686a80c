/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that read requests and carry them out, each the ones it read itself: no request is handed
 * from thread to thread.
 *
 * A source is a descriptor that can be polled and read without waiting: of /dev/cuse, a socket. One thread at a time
 * reads a source, and keeps it for as long as it finds requests and waits for nobody. A thread that is about to wait for
 * somebody else says so first (reader_pool_may_wait): it may if another goes on reading, which is started
 * if need be. If it may not, since as many calls are in progress as there may be, or no thread can
 * be started, it leaves the work for a thread that is done with its own, and reads on. So the
 * sources have a reader at all times, however long work takes: whoever waits for something that a
 * reader does by itself (transport.h) cannot be starved.
 *
 * Idle threads wait in epoll_wait() of one epoll instance, for all sources. The kernel wakes the one that came there last (Linux,
 * fs/eventpoll.c, ep_poll(): __add_wait_queue_exclusive()), whose caches are warm; of threads that wait in read() or
 * recvmsg() it would wake the one that came first, each time another one, mostly on another processor. A thread that gives a
 * source up wakes nobody: it only lets the epoll instance tell of the source again, and the kernel wakes a thread when there
 * is a request to be read. While a thread has a source, epoll does not tell of it. So who has one can look for the next request
 * before it sleeps (look.h).
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/transport/look.h"

typedef struct ReaderPool ReaderPool;

/** ReaderServed: what came of looking for a request. */
typedef enum {
    READER_NOTHING, /* there was none */
    READER_SERVED,  /* there may be more */
    READER_OVER,    /* there will be no more */
} ReaderServed;

/**
 * ReaderPoolOps: what the threads do.
 * @serve: take a request of a source if there is one, without waiting for it, and do what can be done. Called by one thread
 *     at a time for each source, but for what it does after reader_pool_may_wait().
 * @run: carry out what was left, which it owns; may wait
 */
typedef struct {
    ReaderServed (*serve)(unsigned source, gpointer data);
    void (*run)(gpointer job, gpointer data);
} ReaderPoolOps;

/**
 * reader_pool_new: nobody reads yet.
 * @sources, @n_sources: descriptors to be polled; they are numbered from 0, and stay the caller's
 * @workers: most that wait at once, at least 1
 * @look: the process's, or NULL: threads sleep at once
 */
ReaderPool *reader_pool_new(const char *name, const ReaderPoolOps *ops, gpointer data,
                            const int *sources, unsigned n_sources, unsigned workers, Look *look);

/** reader_pool_start: begin, with one thread that reads and one for what is left. Threads never
 * end, but for those too many; the process does. */
void reader_pool_start(ReaderPool *pool);

/**
 * reader_pool_may_wait: from within serve(): may this thread wait for others, until serve() returns?
 * If so it may for good, and if not, it must leave what it has.
 */
bool reader_pool_may_wait(ReaderPool *pool);

/** reader_pool_leave: from within serve(): let another thread run @job, which is owned from now on. */
void reader_pool_leave(ReaderPool *pool, gpointer job);
