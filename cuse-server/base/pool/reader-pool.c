/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/pool/reader-pool.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * Pools of the worker do not end.
 *
 * #syscalls:worker clone futex epoll_create1 epoll_ctl epoll_wait poll write close
 * #syscalls:broker clone futex epoll_create1 epoll_ctl epoll_wait poll write close eventfd2
 * #syscalls:before eventfd2
 */

/* Readers that a pool keeps when work is done; threads beyond them end. */
enum { SPARE_READERS = 8 };

/* The number that epoll reports for @end, in place of a source's. */
enum { THE_END = G_MAXINT };

/* @taken: atomic: a thread has the source, and epoll need not report it */
typedef struct {
    unsigned index;
    int fd;
    gint taken;
} Source;

/*
 * @keeps: a thread sleeps in poll() of the source that it has, and keeps the source meanwhile
 * @end: an eventfd that is readable when the pool is over; -1: the pool does not end
 * @over: atomic: the pool is over
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
    bool keeps;
    int epoll;
    int end;
    gint over;
    gint readers;
    gint working_max;
    gint working;
    gint n_left;
    GMutex lock; /* guards @left and @threads */
    GCond wanted;
    GQueue left;
    GPtrArray *threads;
    unsigned n_sources;
    Source sources[];
};

/* What this thread is doing. Only readers have a source. */
static _Thread_local struct {
    Source *source;
    bool working;
    LookTurn turn;
} self;

static gpointer read_sources(gpointer data);

/* --- sources ---------------------------------------------------------------------------------- */

/* Arm epoll to report @events of a source once. With no @events it reports only that the source has ended, also once. */
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
 * Give a source up. If there is a request already, the kernel wakes a thread for it. A thread that takes the source
 * in between arms epoll too when it gives the source up, so no request is overlooked.
 */
static void give_source_up(const ReaderPool *pool, Source *source)
{
    g_atomic_int_set(&source->taken, false);
    tell_of(pool, source, EPOLLIN);
}

/*
 * Take a source again that this thread had given up, to sleep in poll() of it or to look for a request. Meanwhile
 * epoll does not wake another thread for the source.
 */
static bool take_again(ReaderPool *pool, Source *source)
{
    if (!pool->keeps && !look_begin(pool->look, &self.turn)) {
        return false;
    }
    if (!take_source(source)) {
        look_cancel(&self.turn);
        return false;
    }
    tell_of(pool, source, 0);
    return true;
}

/* Wait for a source that has a request, and take it. Returns NULL if the pool is over. */
static Source *wait_for_source(ReaderPool *pool)
{
    struct epoll_event event;

    while (!reader_pool_is_over(pool)) {
        const uint64_t since = look_sleeps(pool->look, &self.turn);
        if (epoll_wait(pool->epoll, &event, 1, -1) == 1 && event.data.u32 != THE_END &&
            take_source(&pool->sources[event.data.u32])) {
            look_woken(pool->look, since);
            return &pool->sources[event.data.u32];
        }
    }
    return NULL;
}

/* Sleep until this thread's source has a request. Returns false if the thread may not keep its source while it sleeps. */
static bool sleep_with(ReaderPool *pool, const Source *source)
{
    struct pollfd polls[] = {{.fd = source->fd, .events = POLLIN},
                             {.fd = pool->end, .events = POLLIN}};

    if (!pool->keeps) {
        return false;
    }
    const uint64_t since = look_sleeps(pool->look, &self.turn);
    if (poll(polls, G_N_ELEMENTS(polls), -1) > 0) {
        look_woken(pool->look, since);
    }
    return true;
}

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
    give_source_up(pool, self.source);
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
        served = pool->ops->serve(source->index, pool->data);
        if (served != READER_NOTHING) {
            look_end(&self.turn, true);
            return served;
        }
        if (!look_goes_on(pool->look, &self.turn)) {
            look_end(&self.turn, false);
            if (!sleep_with(pool, source)) {
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
        give_source_up(pool, source);
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
    } while (take_again(pool, source));
    return true;
}

static gpointer read_sources(gpointer data)
{
    ReaderPool *pool = data;
    Source *source;

    while ((source = wait_for_source(pool)) && stay_at(pool, source)) {
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

static void add_to_epoll(const ReaderPool *pool, int fd, uint32_t events, uint32_t what)
{
    struct epoll_event event = {.events = events, .data.u32 = what};
    int rc = epoll_ctl(pool->epoll, EPOLL_CTL_ADD, fd, &event);

    g_assert(rc == 0);
}

/* Make the eventfd that ends the pool. Once written it stays readable, so that every thread sees it. */
static void prepare_end(ReaderPool *pool)
{
    pool->end = eventfd(0, EFD_CLOEXEC);
    g_assert(pool->end >= 0);
    add_to_epoll(pool, pool->end, EPOLLIN, THE_END);
    pool->threads = g_ptr_array_new();
}

ReaderPool *reader_pool_new(const ReaderPoolConfig *config)
{
    ReaderPool *pool = g_malloc0(sizeof *pool + config->n_sources * sizeof pool->sources[0]);

    *pool = (ReaderPool){
        .name = config->name,
        .ops = config->ops,
        .data = config->data,
        .look = config->look,
        .keeps = config->keeps,
        .epoll = epoll_create1(EPOLL_CLOEXEC),
        .end = -1,
        .readers = 1,
        .working_max = (gint)MIN(MAX(config->workers, 1) - 1, G_MAXINT / 2),
        .n_sources = config->n_sources,
    };
    g_assert(pool->epoll >= 0 && (!config->keeps || config->n_sources == 1));
    g_mutex_init(&pool->lock);
    g_cond_init(&pool->wanted);
    g_queue_init(&pool->left);
    for (unsigned i = 0; i < config->n_sources; i++) {
        pool->sources[i] = (Source){.index = i, .fd = config->sources[i]};
        add_to_epoll(pool, config->sources[i], EPOLLIN | EPOLLONESHOT, i);
    }
    if (config->ends) {
        prepare_end(pool);
    }
    return pool;
}

void reader_pool_start(ReaderPool *pool)
{
    keep_thread(pool, g_thread_new(pool->name, run_left, pool));
    keep_thread(pool, g_thread_new(pool->name, read_sources, pool));
}

void reader_pool_stop(ReaderPool *pool)
{
    if (pool->end < 0) {
        return;
    }
    g_mutex_lock(&pool->lock);
    g_atomic_int_set(&pool->over, true);
    g_cond_broadcast(&pool->wanted);
    g_mutex_unlock(&pool->lock);
    (void)eventfd_write(pool->end, 1);
}

bool reader_pool_is_over(ReaderPool *pool)
{
    return g_atomic_int_get(&pool->over);
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
    close(pool->end);
    close(pool->epoll);
    g_free(pool);
}
