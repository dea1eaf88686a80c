/* SPDX-License-Identifier: Apache-2.0 */
/* The pool of threads that read requests and carry them out: no request is lost or waits for a thread that is held up. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <glib-unix.h>

#include "cuse-server/base/pool/reader-pool.h"

enum { REQUEST_QUICK = 1, REQUEST_WORK, REQUEST_BLOCK, REQUEST_NOTE, SOURCES = 2 };

/* Each source's requests arrive through a pipe; a request that blocks waits for the gate. */
typedef struct {
    ReaderPool *pool;
    Look *look;
    int readers[SOURCES], writers[SOURCES];
    gint serving[SOURCES]; /* atomic */
    GMutex lock;
    GCond changed;
    bool open;
    unsigned quick, done, blocked, running, most, left, over, dropped;
    unsigned noted,
        changes; /* how often a request was read, and by another thread than the previous one */
    GThread *last;
} World;

static World world;

static void wait_for(const unsigned *counter, unsigned n)
{
    gint64 deadline = g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND;

    g_mutex_lock(&world.lock);
    while (*counter < n) {
        cr_assert(g_cond_wait_until(&world.changed, &world.lock, deadline), "%u instead of %u",
                  *counter, n);
    }
    g_mutex_unlock(&world.lock);
}

static void count(unsigned *counter)
{
    g_mutex_lock(&world.lock);
    (*counter)++;
    g_cond_broadcast(&world.changed);
    g_mutex_unlock(&world.lock);
}

static void work(unsigned request)
{
    g_mutex_lock(&world.lock);
    world.running++;
    world.most = MAX(world.most, world.running);
    if (request == REQUEST_BLOCK) {
        world.blocked++;
        g_cond_broadcast(&world.changed);
        while (!world.open) {
            g_cond_wait(&world.changed, &world.lock);
        }
    }
    world.running--;
    world.done++;
    g_cond_broadcast(&world.changed);
    g_mutex_unlock(&world.lock);
}

static void note(void)
{
    g_mutex_lock(&world.lock);
    world.noted++;
    world.changes += world.last != g_thread_self();
    world.last = g_thread_self();
    g_cond_broadcast(&world.changed);
    g_mutex_unlock(&world.lock);
}

static ReaderServed serve_request(unsigned request)
{
    if (request == REQUEST_QUICK) {
        count(&world.quick);
    } else if (request == REQUEST_NOTE) {
        note();
    } else if (reader_pool_may_wait(world.pool)) {
        cr_assert(reader_pool_may_wait(world.pool), "it may for good");
        work(request);
    } else {
        count(&world.left);
        reader_pool_leave(world.pool, GUINT_TO_POINTER(request));
    }
    return READER_SERVED;
}

static ReaderServed serve(unsigned source, gpointer data)
{
    unsigned char request;

    (void)data;
    cr_assert_eq(g_atomic_int_add(&world.serving[source], 1), 0, "two read one source");
    ssize_t n = read(world.readers[source], &request, sizeof request);
    g_atomic_int_add(&world.serving[source], -1);
    if (n < 0) {
        cr_assert_eq(errno, EAGAIN);
        return READER_NOTHING;
    }
    if (n == 0) {
        count(&world.over);
        return READER_OVER;
    }
    return serve_request(request);
}

static void run(gpointer job, gpointer data)
{
    (void)data;
    work(GPOINTER_TO_UINT(job));
}

static void drop(gpointer job)
{
    (void)job;
    count(&world.dropped);
}

static const ReaderPoolOps ops = {serve, run, drop};

static void start_with(unsigned sources, unsigned workers, bool ends)
{
    for (unsigned i = 0; i < sources; i++) {
        int pipe[2];
        cr_assert(g_unix_open_pipe(pipe, FD_CLOEXEC, NULL));
        cr_assert(g_unix_set_fd_nonblocking(pipe[0], TRUE, NULL));
        world.readers[i] = pipe[0];
        world.writers[i] = pipe[1];
    }
    world.pool = reader_pool_new(&(ReaderPoolConfig){
        .name = "pool",
        .ops = &ops,
        .sources = world.readers,
        .n_sources = sources,
        .workers = workers,
        .look = world.look,
        .keeps = sources == 1,
        .ends = ends,
    });
    reader_pool_start(world.pool);
}

static void start(unsigned workers)
{
    start_with(SOURCES, workers, false);
}

static void ask(unsigned source, unsigned request, unsigned n)
{
    const unsigned char byte = (unsigned char)request;

    while (n-- > 0) {
        cr_assert_eq(write(world.writers[source], &byte, 1), 1);
    }
}

static void open_gate(void)
{
    g_mutex_lock(&world.lock);
    world.open = true;
    g_cond_broadcast(&world.changed);
    g_mutex_unlock(&world.lock);
}

TestSuite(reader_pool, .timeout = 60);

Test(reader_pool, everything_is_done)
{
    start(4);
    ask(0, REQUEST_WORK, 500);
    ask(1, REQUEST_WORK, 500);
    ask(1, REQUEST_QUICK, 500);
    wait_for(&world.done, 1000);
    wait_for(&world.quick, 500);
}

/* The broker's questions depend on this: while every thread works, and more requests wait, one thread still reads. */
Test(reader_pool, a_source_has_a_reader_whatever_the_others_do)
{
    for (unsigned workers = 1; workers <= 3; workers++) {
        world = (World){0};
        start(workers);
        ask(0, REQUEST_BLOCK, 10);
        wait_for(&world.blocked, workers);
        wait_for(&world.left, 10 - (workers - 1));
        ask(0, REQUEST_QUICK, 1);
        ask(1, REQUEST_QUICK, 1);
        wait_for(&world.quick, 2);
        open_gate();
        wait_for(&world.done, 10);
        cr_assert_eq(world.most, workers, "%u at once", world.most);
    }
}

Test(reader_pool, what_was_left_is_done_though_the_one_who_does_it_is_held)
{
    start(2);
    ask(0, REQUEST_BLOCK, 2); /* one with its reader, one left */
    wait_for(&world.blocked, 2);
    ask(1, REQUEST_BLOCK, 3);
    wait_for(&world.left, 4);
    open_gate();
    wait_for(&world.done, 5);
    ask(0, REQUEST_WORK, 100);
    ask(1, REQUEST_WORK, 100);
    wait_for(&world.done, 205);
}

Test(reader_pool, many_at_once)
{
    start(64);
    ask(0, REQUEST_BLOCK, 40);
    ask(1, REQUEST_BLOCK, 24);
    wait_for(&world.blocked, 64);
    ask(0, REQUEST_QUICK, 1);
    wait_for(&world.quick, 1);
    open_gate();
    wait_for(&world.done, 64);
    ask(0, REQUEST_WORK, 100);
    wait_for(&world.done, 164);
}

/* The thread with warm caches continues: requests arrive one by one, each when the reader sleeps again. */
Test(reader_pool, the_latest_idle_reader_is_woken)
{
    for (unsigned sources = 1; sources <= SOURCES; sources++) {
        world = (World){0};
        start_with(sources, 8, false);
        ask(0, REQUEST_BLOCK, 7); /* so that there are many readers */
        wait_for(&world.blocked, 7);
        open_gate();
        wait_for(&world.done, 7);
        g_usleep(50000);
        for (unsigned i = 0; i < 20; i++) {
            ask(i % sources, REQUEST_NOTE, 1);
            wait_for(&world.noted, i + 1);
            g_usleep(5000);
        }
        cr_assert_leq(world.changes, 4, "%u times another thread", world.changes);
    }
}

static uint64_t clock_ns(void)
{
    return (uint64_t)g_get_monotonic_time() * 1000;
}

Test(reader_pool, everything_is_done_by_readers_that_look)
{
    for (unsigned sources = 1; sources <= SOURCES; sources++) {
        world = (World){.look = look_new_for(2, clock_ns)};
        start_with(sources, 4, false);
        for (unsigned i = 0; i < 1000; i++) {
            ask(i % sources, i % 3 ? REQUEST_QUICK : REQUEST_WORK, 1);
            g_usleep(20UL * (i % 7));
        }
        wait_for(&world.done, 334);
        wait_for(&world.quick, 666);
    }
}

Test(reader_pool, a_source_that_is_over_is_left_alone)
{
    start(2);
    close(world.writers[0]);
    wait_for(&world.over, 1);
    ask(1, REQUEST_WORK, 100);
    wait_for(&world.done, 100);
    cr_assert_eq(world.over, 1);
}

Test(reader_pool, one_worker_does_everything)
{
    start_with(1, 1, true);
    ask(0, REQUEST_WORK, 5000);
    wait_for(&world.done, 5000);
    cr_assert_eq(world.most, 1, "%u at once", world.most);
    cr_assert_not(reader_pool_is_over(world.pool));
    close(world.writers[0]);
    reader_pool_free(world.pool);
    cr_assert_eq(world.over, 1);
}

Test(reader_pool, an_end_loses_nothing)
{
    start_with(1, 8, true);
    ask(0, REQUEST_WORK, 20000);
    close(world.writers[0]);
    reader_pool_free(world.pool);
    cr_assert_eq(world.done + world.dropped, 20000, "%u done and %u dropped", world.done,
                 world.dropped);
}

Test(reader_pool, an_end_with_blocked_workers_waits_for_them_alone)
{
    start_with(1, 2, true);
    ask(0, REQUEST_BLOCK, 4); /* one with its reader, one with the thread that takes what is left */
    wait_for(&world.blocked, 2);
    wait_for(&world.left, 3);
    close(world.writers[0]);
    while (!reader_pool_is_over(world.pool)) {
        g_usleep(1000);
    }
    cr_assert_eq(world.done, 0);
    open_gate();
    reader_pool_free(world.pool);
    cr_assert_eq(world.done, 2);
    cr_assert_eq(world.dropped, 2);
}

/* Whatever the threads do: sleep, work, or serve a source that always has a request. */
Test(reader_pool, is_stopped_by_its_owner)
{
    for (unsigned workers = 1; workers <= 4; workers++) {
        world = (World){0};
        start_with(1, workers, true);
        ask(0, REQUEST_WORK, 50 * workers);
        wait_for(&world.done, 50 * workers);
        ask(0, REQUEST_QUICK, 20000);
        reader_pool_stop(world.pool);
        cr_assert(reader_pool_is_over(world.pool));
        reader_pool_free(world.pool);
        cr_assert_eq(world.over, 0);
    }
}
