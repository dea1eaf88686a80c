/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/pool/reader-pool.h"

#include "cuse-server/base/pool/pool-sources.h"

/*
 * #syscalls:worker clone futex
 * #syscalls:broker clone futex
 */

/* Readers that a pool keeps when work is done; threads beyond them end. */
enum { SPARE_READERS = 8 };

/*
 * @readers: atomic: number of threads that serve sources and do not wait for others; never below 1
 * @working: atomic: number of threads that may wait for others, without the one in run_left(); @working_max: its maximum
 * @n_left: atomic: the length of @left, for threads that only check whether there is a job
 * @threads: threads to join, of a pool that ends; NULL for other pools
 */
struct ReaderPool {
    const char *name;
    const ReaderPoolOps *ops;
    gpointer data;
    Look *look;
    PoolSources *sources;
    gint readers;
    gint working_max;
    gint working;
    gint n_left;
    GMutex lock; /* guards @left and @threads */
    GCond wanted;
    GQueue left;
    GPtrArray *threads;
};

/* What this thread is doing. Only readers have a source. */
static _Thread_local struct {
    Source *source;
    bool working;
    LookTurn turn;
} self;

static gpointer read_sources(gpointer data);

/* --- threads ---------------------------------------------------------------------------------- */

/* Count one more thread in @working. Returns false if there are as many as are allowed. */
static bool begin_work(ReaderPool *pool)
{
    if (g_atomic_int_add(&pool->working, 1) < pool->working_max) {
        return true;
    }
    g_atomic_int_add(&pool->working, -1);
    return false;
}

/* Leave the readers. Returns false if no reader would be left. */
static bool leave_readers(ReaderPool *pool)
{
    gint readers = g_atomic_int_get(&pool->readers);

    while (readers > 1) {
        if (g_atomic_int_compare_and_exchange(&pool->readers, readers, readers - 1)) {
            return true;
        }
        readers = g_atomic_int_get(&pool->readers);
    }
    return false;
}

/* Join the readers again. Returns false if there are enough. In a pool that ends every thread joins. */
static bool join_readers(ReaderPool *pool)
{
    if (g_atomic_int_add(&pool->readers, 1) < SPARE_READERS || pool->threads) {
        return true;
    }
    return !leave_readers(pool);
}

/* Keep a new thread for reader_pool_free() if the pool ends; otherwise drop the reference to it. */
static void keep_thread(ReaderPool *pool, GThread *thread)
{
    if (pool->threads) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pool->lock);
        g_ptr_array_add(pool->threads, thread);
    } else {
        g_thread_unref(thread);
    }
}

/* Start a reader in this thread's place. The number of readers stays the same. */
static bool start_reader(ReaderPool *pool)
{
    GThread *thread = g_thread_try_new(pool->name, read_sources, pool, NULL);

    if (thread) {
        keep_thread(pool, thread);
    }
    return thread;
}

bool reader_pool_may_wait(ReaderPool *pool)
{
    if (self.working) {
        return true;
    }
    if (!begin_work(pool)) {
        return false;
    }
    if (!leave_readers(pool) && !start_reader(pool)) {
        g_atomic_int_add(&pool->working, -1);
        return false;
    }
    self.working = true;
    look_end(&self.turn, true); /* another thread may look meanwhile */
    pool_sources_give_up(pool->sources, self.source);
    return true;
}

/* Take a job that was left. @wait: wait for one. Returns NULL if there is none, or if the pool is over. */
static gpointer take_left(ReaderPool *pool, bool wait)
{
    gpointer job = NULL;

    if (!wait && g_atomic_int_get(&pool->n_left) == 0) {
        return NULL;
    }
    g_mutex_lock(&pool->lock);
    while (!reader_pool_is_over(pool) && !(job = g_queue_pop_head(&pool->left)) && wait) {
        g_cond_wait(&pool->wanted, &pool->lock);
    }
    if (job) {
        g_atomic_int_add(&pool->n_left, -1);
    }
    g_mutex_unlock(&pool->lock);
    return job;
}

void reader_pool_leave(ReaderPool *pool, gpointer job)
{
    g_mutex_lock(&pool->lock);
    g_queue_push_tail(&pool->left, job);
    g_atomic_int_add(&pool->n_left, 1);
    g_cond_signal(&pool->wanted);
    g_mutex_unlock(&pool->lock);
    /*
     * A thread that finished just before may have missed the job. Then its place is free by now, and this thread takes
     * the place and the job. The order matters: here the job is counted before the free place is looked for, and in
     * finish_work() the place is freed before a job is looked for. So at least one of the two threads sees the other.
     */
    (void)reader_pool_may_wait(pool);
}

/* Run jobs that other threads left, after this thread's own work. */
static void finish_work(ReaderPool *pool)
{
    do {
        gpointer job;
        while ((job = take_left(pool, false))) {
            pool->ops->run(job, pool->data);
        }
        g_atomic_int_add(&pool->working, -1);
    } while (g_atomic_int_get(&pool->n_left) > 0 && !reader_pool_is_over(pool) && begin_work(pool));
    self.working = false;
}

/* Serve one request of this thread's source. Waits for a request as long as the thread may keep the source. */
static ReaderServed serve_next(ReaderPool *pool, const Source *source)
{
    ReaderServed served;

    do {
        served = pool->ops->serve(pool_source_index(source), pool->data);
        if (served != READER_NOTHING) {
            look_end(&self.turn, true);
            return served;
        }
        if (!look_goes_on(pool->look, &self.turn)) {
            look_end(&self.turn, false);
            if (!pool_sources_sleep_with(pool->sources, source, &self.turn)) {
                return READER_NOTHING;
            }
        }
    } while (!reader_pool_is_over(pool));
    return READER_NOTHING;
}

/* Serve a source that this thread has taken, until the thread gives the source up. */
static void serve_source(ReaderPool *pool, Source *source)
{
    ReaderServed served;

    self.source = source;
    do {
        served = serve_next(pool, source);
    } while (served == READER_SERVED && !self.working && !reader_pool_is_over(pool));
    if (served == READER_OVER) {
        reader_pool_stop(pool); /* the source stays taken */
    } else if (!self.working) {
        pool_sources_give_up(pool->sources, source);
    }
}

/* Serve a source as long as this thread has it. Returns false if there are enough readers without this thread. */
static bool stay_at(ReaderPool *pool, Source *source)
{
    do {
        serve_source(pool, source);
        if (!self.working) {
            return true;
        }
        finish_work(pool);
        if (!join_readers(pool)) {
            return false;
        }
    } while (pool_sources_take_again(pool->sources, source, &self.turn));
    return true;
}

static gpointer read_sources(gpointer data)
{
    ReaderPool *pool = data;
    Source *source;

    while ((source = pool_sources_wait(pool->sources, &self.turn)) && stay_at(pool, source)) {
    }
    return NULL;
}

/* Run jobs that were left. One thread does only this, so that jobs are run even if all other threads are busy. */
static gpointer run_left(gpointer data)
{
    ReaderPool *pool = data;
    gpointer job;

    while ((job = take_left(pool, true))) {
        pool->ops->run(job, pool->data);
    }
    return NULL;
}

/* --- the pool --------------------------------------------------------------------------------- */

ReaderPool *reader_pool_new(const ReaderPoolConfig *config)
{
    ReaderPool *pool = g_new(ReaderPool, 1);

    *pool = (ReaderPool){
        .name = config->name,
        .ops = config->ops,
        .data = config->data,
        .look = config->look,
        .sources = pool_sources_new(config->sources, config->n_sources, config->look, config->keeps,
                                    config->ends),
        .readers = 1,
        .working_max = (gint)MIN(MAX(config->workers, 1) - 1, G_MAXINT / 2),
        .threads = config->ends ? g_ptr_array_new() : NULL,
    };
    g_mutex_init(&pool->lock);
    g_cond_init(&pool->wanted);
    g_queue_init(&pool->left);
    return pool;
}

void reader_pool_start(ReaderPool *pool)
{
    keep_thread(pool, g_thread_new(pool->name, run_left, pool));
    keep_thread(pool, g_thread_new(pool->name, read_sources, pool));
}

void reader_pool_stop(ReaderPool *pool)
{
    if (!pool_sources_can_end(pool->sources)) {
        return;
    }
    g_mutex_lock(&pool->lock);
    pool_sources_set_over(pool->sources);
    g_cond_broadcast(&pool->wanted);
    g_mutex_unlock(&pool->lock);
    pool_sources_wake_all(pool->sources);
}

bool reader_pool_is_over(ReaderPool *pool)
{
    return pool_sources_are_over(pool->sources);
}

/* Take a thread that has not been joined yet. Returns NULL if there is none. */
static GThread *take_thread(ReaderPool *pool)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&pool->lock);

    return pool->threads->len > 0 ? g_ptr_array_steal_index_fast(pool->threads, 0) : NULL;
}

void reader_pool_free(ReaderPool *pool)
{
    GThread *thread;

    /* A thread that starts another one is itself in the list or is being joined, so no thread is missed. */
    while ((thread = take_thread(pool))) {
        g_thread_join(thread);
    }
    g_queue_clear_full(&pool->left, pool->ops->drop);
    g_ptr_array_unref(pool->threads);
    g_mutex_clear(&pool->lock);
    g_cond_clear(&pool->wanted);
    pool_sources_free(pool->sources);
    g_free(pool);
}
