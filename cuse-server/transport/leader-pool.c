/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/leader-pool.h"

#include <stdbool.h>

/*
 * Threads, locks and conditions.
 * #syscalls:worker clone futex
 * #syscalls:broker clone futex
 */

struct LeaderPool {
    const char *name;
    const LeaderPoolOps *ops;
    gpointer data;
    unsigned max_threads;

    GMutex lock;  /* guards what follows; never held around an operation */
    GCond wanted; /* there is no leader, or no more work */
    GCond over;
    GPtrArray *threads;
    unsigned idle;
    bool led;
    bool ended;
    GQueue left; /* jobs that a leader could not begin */
};

static gpointer serve(gpointer data);

static bool start_thread(LeaderPool *pool)
{
    GThread *thread = g_thread_try_new(pool->name, serve, pool, NULL);

    if (thread) {
        g_ptr_array_add(pool->threads, thread);
    }
    return thread;
}

/*
 * Called by the leader with its new job: give up the lead if there is somebody to take it. Returns
 * the job if this thread is to do it, or NULL if it goes on leading.
 */
static gpointer pass_lead(LeaderPool *pool, gpointer job)
{
    if (pool->idle > 0) {
        g_cond_signal(&pool->wanted);
    } else if (pool->threads->len == pool->max_threads || !start_thread(pool)) {
        g_queue_push_tail(&pool->left, job);
        return NULL;
    }
    pool->led = false;
    return job;
}

/* Lead until there is a job for this thread. Returns NULL if there will be no more. */
static gpointer lead(LeaderPool *pool)
{
    gpointer mine = NULL;

    pool->led = true;
    while (!mine && !pool->ended) {
        g_mutex_unlock(&pool->lock);
        gpointer job = pool->ops->take(pool->data);
        g_mutex_lock(&pool->lock);
        if (job) {
            mine = pass_lead(pool, job);
        } else {
            pool->ended = true;
            g_cond_broadcast(&pool->wanted);
            g_cond_signal(&pool->over);
        }
    }
    return mine;
}

static gpointer next_job(LeaderPool *pool)
{
    while (!pool->ended) {
        gpointer job = g_queue_pop_head(&pool->left);
        if (!job && !pool->led) {
            job = lead(pool);
        }
        if (job) {
            return job;
        }
        if (!pool->ended) {
            pool->idle++;
            g_cond_wait(&pool->wanted, &pool->lock);
            pool->idle--;
        }
    }
    return NULL;
}

static gpointer serve(gpointer data)
{
    LeaderPool *pool = data;
    gpointer job;

    g_mutex_lock(&pool->lock);
    while ((job = next_job(pool))) {
        g_mutex_unlock(&pool->lock);
        pool->ops->run(job, pool->data);
        g_mutex_lock(&pool->lock);
    }
    g_mutex_unlock(&pool->lock);
    return NULL;
}

LeaderPool *leader_pool_new(const char *name, const LeaderPoolOps *ops, gpointer data,
                            unsigned workers)
{
    LeaderPool *pool = g_new0(LeaderPool, 1);

    pool->name = name;
    pool->ops = ops;
    pool->data = data;
    pool->max_threads = MAX(workers, 1) + 1;
    g_mutex_init(&pool->lock);
    g_cond_init(&pool->wanted);
    g_cond_init(&pool->over);
    g_queue_init(&pool->left);
    pool->threads = g_ptr_array_new();
    g_ptr_array_add(pool->threads, g_thread_new(name, serve, pool));
    return pool;
}

gboolean leader_pool_is_over(LeaderPool *pool)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pool->lock);
    return pool->ended;
}

void leader_pool_wait(LeaderPool *pool)
{
    g_mutex_lock(&pool->lock);
    while (!pool->ended) {
        g_cond_wait(&pool->over, &pool->lock);
    }
    g_mutex_unlock(&pool->lock);
}

void leader_pool_free(LeaderPool *pool)
{
    leader_pool_wait(pool);
    /* Nobody starts threads any more. */
    for (guint i = 0; i < pool->threads->len; i++) {
        g_thread_join(g_ptr_array_index(pool->threads, i));
    }
    g_queue_clear_full(&pool->left, pool->ops->drop);
    g_ptr_array_unref(pool->threads);
    g_mutex_clear(&pool->lock);
    g_cond_clear(&pool->wanted);
    g_cond_clear(&pool->over);
    g_free(pool);
}
