/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/reader-pool.h"

/* #syscalls:worker clone futex */

/* Readers that a source keeps when work is done; threads beyond them end. */
enum { SPARE_READERS = 8 };

typedef struct {
    ReaderPool *pool;
    unsigned index;
    gint readers; /* atomic: threads that serve it and do not wait for others; never below 1 */
} Source;

struct ReaderPool {
    const char *name;
    const ReaderPoolOps *ops;
    gpointer data;
    gint working_max; /* besides the one that does what is left */
    gint working;     /* atomic */
    gint n_left; /* atomic: the length of @left, for those who only want to know if there is any */
    GMutex lock; /* guards @left */
    GCond wanted;
    GQueue left;
    unsigned n_sources;
    Source sources[];
};

/* What the thread itself is doing; threads that are no readers serve nothing. */
static _Thread_local struct {
    Source *source;
    bool working;
} self;

static gpointer read_source(gpointer data);

/* Count one more at work, if there may be one. */
static bool begin_work(ReaderPool *pool)
{
    if (g_atomic_int_add(&pool->working, 1) < pool->working_max) {
        return true;
    }
    g_atomic_int_add(&pool->working, -1);
    return false;
}

/* Stop reading, unless nobody would be left who does. */
static bool leave_source(Source *source)
{
    gint readers = g_atomic_int_get(&source->readers);

    while (readers > 1) {
        if (g_atomic_int_compare_and_exchange(&source->readers, readers, readers - 1)) {
            return true;
        }
        readers = g_atomic_int_get(&source->readers);
    }
    return false;
}

/* Put a new reader in this thread's place: the number stays the same. */
static bool start_reader(Source *source)
{
    GThread *thread = g_thread_try_new(source->pool->name, read_source, source, NULL);

    if (thread) {
        g_thread_unref(thread);
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
    if (!leave_source(self.source) && !start_reader(self.source)) {
        g_atomic_int_add(&pool->working, -1);
        return false;
    }
    self.working = true;
    return true;
}

static gpointer take_left(ReaderPool *pool, bool wait)
{
    gpointer job;

    if (!wait && g_atomic_int_get(&pool->n_left) == 0) {
        return NULL;
    }
    g_mutex_lock(&pool->lock);
    while (!(job = g_queue_pop_head(&pool->left)) && wait) {
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
     * Who finished just before may not have seen it; then there is room for us by now. First the job
     * is seen, then the room; in finish_work() it is the other way round.
     */
    (void)reader_pool_may_wait(pool);
}

/* After its own work, a thread does what others left. */
static void finish_work(ReaderPool *pool)
{
    do {
        gpointer job;
        while ((job = take_left(pool, false))) {
            pool->ops->run(job, pool->data);
        }
        g_atomic_int_add(&pool->working, -1);
    } while (g_atomic_int_get(&pool->n_left) > 0 && begin_work(pool));
    self.working = false;
}

/* Back to the source. Returns false if it has enough readers. */
static bool return_to(Source *source)
{
    if (g_atomic_int_add(&source->readers, 1) < SPARE_READERS) {
        return true;
    }
    return !leave_source(source);
}

static gpointer read_source(gpointer data)
{
    Source *source = data;
    ReaderPool *pool = source->pool;

    self.source = source;
    while (pool->ops->serve(source->index, pool->data)) {
        if (self.working) {
            finish_work(pool);
            if (!return_to(source)) {
                break;
            }
        }
    }
    return NULL;
}

/* Whatever all the others do, one thread takes what is left. */
static gpointer run_left(gpointer data)
{
    ReaderPool *pool = data;

    for (;;) {
        pool->ops->run(take_left(pool, true), pool->data);
    }
    return NULL;
}

ReaderPool *reader_pool_new(const char *name, const ReaderPoolOps *ops, gpointer data,
                            unsigned sources, unsigned workers)
{
    ReaderPool *pool = g_malloc0(sizeof *pool + sources * sizeof pool->sources[0]);

    pool->name = name;
    pool->ops = ops;
    pool->data = data;
    pool->working_max = (gint)MIN(MAX(workers, 1) - 1, G_MAXINT / 2);
    g_mutex_init(&pool->lock);
    g_cond_init(&pool->wanted);
    g_queue_init(&pool->left);
    pool->n_sources = sources;
    return pool;
}

void reader_pool_start(ReaderPool *pool)
{
    g_thread_unref(g_thread_new(pool->name, run_left, pool));
    for (unsigned i = 0; i < pool->n_sources; i++) {
        pool->sources[i] = (Source){.pool = pool, .index = i, .readers = 1};
        g_thread_unref(g_thread_new(pool->name, read_source, &pool->sources[i]));
    }
}
