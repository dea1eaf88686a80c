/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/reader-pool.h"

#include <sys/epoll.h>

/* #syscalls:worker clone futex epoll_create1 epoll_ctl epoll_wait */

/* Readers that a pool keeps when work is done; threads beyond them end. */
enum { SPARE_READERS = 8 };

/* @taken: atomic: a thread has it, and epoll need not tell of it */
typedef struct {
    unsigned index;
    int fd;
    gint taken;
} Source;

struct ReaderPool {
    const char *name;
    const ReaderPoolOps *ops;
    gpointer data;
    int epoll;
    Look *look;
    gint readers; /* atomic: threads that serve sources and do not wait for others; never below 1 */
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
    LookTurn turn;
} self;

static gpointer read_sources(gpointer data);

/* --- sources ---------------------------------------------------------------------------------- */

/* Of a source that is over, only that is told, and only once. */
static void tell_of(const ReaderPool *pool, const Source *source, uint32_t events)
{
    struct epoll_event event = {.events = events | EPOLLONESHOT, .data.u32 = source->index};

    (void)epoll_ctl(pool->epoll, EPOLL_CTL_MOD, source->fd, &event);
}

static bool take_source(Source *source)
{
    return g_atomic_int_compare_and_exchange(&source->taken, false, true);
}

/*
 * Give a source up. If there is a request already, the kernel wakes a thread for it. Who takes the source in between and
 * gives it up again does the same, so none is overlooked.
 */
static void give_source_up(const ReaderPool *pool, Source *source)
{
    g_atomic_int_set(&source->taken, false);
    tell_of(pool, source, EPOLLIN);
}

/* Wait for a source that is to be read, and take it. */
static Source *wait_for_source(ReaderPool *pool)
{
    struct epoll_event event;

    for (;;) {
        const uint64_t since = look_sleeps(pool->look, &self.turn);
        if (epoll_wait(pool->epoll, &event, 1, -1) == 1 &&
            take_source(&pool->sources[event.data.u32])) {
            look_woken(pool->look, since);
            return &pool->sources[event.data.u32];
        }
    }
}

/* Take a source again that this thread had given up, if that is to be looked at: nobody need be woken for it meanwhile. */
static bool look_again(ReaderPool *pool, Source *source)
{
    if (!look_begin(pool->look, &self.turn)) {
        return false;
    }
    if (!take_source(source)) {
        look_cancel(&self.turn);
        return false;
    }
    tell_of(pool, source, 0);
    return true;
}

/* --- threads ---------------------------------------------------------------------------------- */

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

/* Back to the readers. Returns false if there are enough. */
static bool join_readers(ReaderPool *pool)
{
    if (g_atomic_int_add(&pool->readers, 1) < SPARE_READERS) {
        return true;
    }
    return !leave_readers(pool);
}

/* Put a new reader in this thread's place: the number stays the same. */
static bool start_reader(ReaderPool *pool)
{
    GThread *thread = g_thread_try_new(pool->name, read_sources, pool, NULL);

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
    if (!leave_readers(pool) && !start_reader(pool)) {
        g_atomic_int_add(&pool->working, -1);
        return false;
    }
    self.working = true;
    look_end(&self.turn, true); /* another may look meanwhile */
    give_source_up(pool, self.source);
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

/* Serve a source, which this thread has taken, until no request comes or the thread has given it up. */
static void serve_source(ReaderPool *pool, Source *source)
{
    ReaderServed served;

    self.source = source;
    do {
        served = pool->ops->serve(source->index, pool->data);
        if (served == READER_SERVED) {
            look_end(&self.turn, true);
        }
    } while (!self.working && (served == READER_SERVED ||
                               (served == READER_NOTHING && look_goes_on(pool->look, &self.turn))));
    look_end(&self.turn, false);
    /* What is over stays taken. */
    if (!self.working && served != READER_OVER) {
        give_source_up(pool, source);
    }
}

/* Serve a source for as long as it is this thread's. Returns false if there are enough readers without this thread. */
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
    } while (look_again(pool, source));
    return true;
}

static gpointer read_sources(gpointer data)
{
    ReaderPool *pool = data;

    while (stay_at(pool, wait_for_source(pool))) {
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

/* --- the pool --------------------------------------------------------------------------------- */

ReaderPool *reader_pool_new(const char *name, const ReaderPoolOps *ops, gpointer data,
                            const int *sources, unsigned n_sources, unsigned workers, Look *look)
{
    ReaderPool *pool = g_malloc0(sizeof *pool + n_sources * sizeof pool->sources[0]);

    pool->name = name;
    pool->ops = ops;
    pool->data = data;
    pool->look = look;
    pool->epoll = epoll_create1(EPOLL_CLOEXEC);
    g_assert(pool->epoll >= 0);
    pool->readers = 1;
    pool->working_max = (gint)MIN(MAX(workers, 1) - 1, G_MAXINT / 2);
    g_mutex_init(&pool->lock);
    g_cond_init(&pool->wanted);
    g_queue_init(&pool->left);
    pool->n_sources = n_sources;
    for (unsigned i = 0; i < n_sources; i++) {
        struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u32 = i};
        pool->sources[i] = (Source){.index = i, .fd = sources[i]};
        int rc = epoll_ctl(pool->epoll, EPOLL_CTL_ADD, sources[i], &event);
        g_assert(rc == 0);
    }
    return pool;
}

void reader_pool_start(ReaderPool *pool)
{
    g_thread_unref(g_thread_new(pool->name, run_left, pool));
    g_thread_unref(g_thread_new(pool->name, read_sources, pool));
}
