/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that read requests and carry them out, each the ones it read itself: no request is handed
 * from thread to thread, and threads of different sources, or in different requests, share nothing.
 *
 * A source is what blocks in read until there is a request: a file of /dev/cuse. Every idle thread
 * of a source blocks there. A thread that is about to wait for somebody else says so first
 * (reader_pool_may_wait): it may if another thread of its source goes on reading, which is started
 * if need be. If it may not, since as many calls are in progress as there may be, or no thread can
 * be started, it leaves the work for a thread that is done with its own, and reads on. So every
 * source has a reader at all times, however long work takes: whoever waits for something that a
 * reader does by itself (transport.h) cannot be starved.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef struct ReaderPool ReaderPool;

/**
 * ReaderPoolOps: what the threads do.
 * @serve: take a request of a source, waiting for it, and do what can be done. Returns false if
 * there will be no more: the thread ends.
 * @run: carry out what was left; may wait
 */
typedef struct {
    bool (*serve)(unsigned source, gpointer data);
    void (*run)(gpointer job, gpointer data);
} ReaderPoolOps;

/**
 * reader_pool_new: nobody reads yet.
 * @sources: how many; they are numbered from 0
 * @workers: most that wait at once, at least 1
 */
ReaderPool *reader_pool_new(const char *name, const ReaderPoolOps *ops, gpointer data,
                            unsigned sources, unsigned workers);

/** reader_pool_start: begin, with one thread for each source and one for what is left. Threads never
 * end but as @serve says; the process does. */
void reader_pool_start(ReaderPool *pool);

/**
 * reader_pool_may_wait: from within serve(): may this thread wait for others, until serve() returns?
 * If so it may for good, and if not, it must leave what it has.
 */
bool reader_pool_may_wait(ReaderPool *pool);

/** reader_pool_leave: from within serve(): let another thread run @job, which is owned from now on. */
void reader_pool_leave(ReaderPool *pool, gpointer job);
