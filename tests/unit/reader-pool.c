/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "cuse-server/transport/reader-pool.h"

enum { REQUEST_QUICK = 1, REQUEST_WORK, REQUEST_BLOCK, SOURCES = 2 };

/* Requests come through a queue for each source; those that block wait for the gate. */
typedef struct {
    ReaderPool *pool;
    GAsyncQueue *requests[SOURCES];
    GMutex lock;
    GCond changed;
    bool open;
    unsigned quick, done, blocked, running, most, left;
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

static bool serve(unsigned source, gpointer data)
{
    unsigned request = GPOINTER_TO_UINT(g_async_queue_pop(world.requests[source]));

    (void)data;
    if (request == REQUEST_QUICK) {
        g_mutex_lock(&world.lock);
        world.quick++;
        g_cond_broadcast(&world.changed);
        g_mutex_unlock(&world.lock);
    } else if (reader_pool_may_wait(world.pool)) {
        cr_assert(reader_pool_may_wait(world.pool), "it may for good");
        work(request);
    } else {
        g_mutex_lock(&world.lock);
        world.left++;
        g_cond_broadcast(&world.changed);
        g_mutex_unlock(&world.lock);
        reader_pool_leave(world.pool, GUINT_TO_POINTER(request));
    }
    return true;
}

static void run(gpointer job, gpointer data)
{
    (void)data;
    work(GPOINTER_TO_UINT(job));
}

static const ReaderPoolOps ops = {serve, run};

static void start(unsigned workers)
{
    for (unsigned i = 0; i < SOURCES; i++) {
        world.requests[i] = g_async_queue_new();
    }
    world.pool = reader_pool_new("pool", &ops, NULL, SOURCES, workers);
    reader_pool_start(world.pool);
}

static void ask(unsigned source, unsigned request, unsigned n)
{
    while (n-- > 0) {
        g_async_queue_push(world.requests[source], GUINT_TO_POINTER(request));
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

/* What the broker's questions need: with every thread at work, and more waiting, there is a reader. */
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
    ask(0, REQUEST_BLOCK, 2); /* one by its reader, one left */
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
