/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that take work and do it, by the leader/follower pattern: one thread, the leader, waits
 * for work; when it has some, it makes another thread the leader and does the work itself, so a
 * call is carried out by the thread that received it, with no hand-over in its way.
 *
 * If every other thread is at work and no more may be started, the leader stays and leaves what it
 * takes for the first thread that is done. So there always is a leader, however long work takes:
 * whoever waits for something that the leader does by itself (transport.h) cannot be starved.
 */
#pragma once

#include <glib.h>

typedef struct LeaderPool LeaderPool;

/**
 * LeaderPoolOps: what the threads do.
 * @take: wait for work; called by one thread at a time. Returns a job, or NULL: there will be no
 * more.
 * @run: do a job, which it owns; called by many threads at once
 * @drop: free a job that will not be run
 */
typedef struct {
    gpointer (*take)(gpointer data);
    void (*run)(gpointer job, gpointer data);
    GDestroyNotify drop;
} LeaderPoolOps;

/**
 * leader_pool_new: start with one thread.
 * @workers: most jobs at once, at least 1; there is one thread more than that
 */
LeaderPool *leader_pool_new(const char *name, const LeaderPoolOps *ops, gpointer data,
                            unsigned workers);

/** leader_pool_is_over: true if take() has returned NULL. */
gboolean leader_pool_is_over(LeaderPool *pool);

/** leader_pool_wait: wait until take() returned NULL; jobs may still be running then. */
void leader_pool_wait(LeaderPool *pool);

/**
 * leader_pool_free: wait until take() returned NULL and all threads are done. Jobs that nobody has
 * begun are dropped.
 */
void leader_pool_free(LeaderPool *pool);
