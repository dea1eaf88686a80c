/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "cuse-server/transport/leader-pool.h"

enum { JOB_END = 1, JOB_QUICK, JOB_BLOCK };

/* Work comes through a queue; jobs that block wait for the gate. */
typedef struct {
    GAsyncQueue *work;
    GMutex lock;
    GCond changed;
    gboolean open;
    unsigned taken, begun, done, running, most, dropped;
    gint leaders; /* atomic */
} World;

static unsigned dropped;

static void count(World *world, unsigned *counter)
{
    g_mutex_lock(&world->lock);
    (*counter)++;
    g_cond_broadcast(&world->changed);
    g_mutex_unlock(&world->lock);
}

static void wait_for(World *world, const unsigned *counter, unsigned n)
{
    gint64 deadline = g_get_monotonic_time() + 20 * G_TIME_SPAN_SECOND;

    g_mutex_lock(&world->lock);
    while (*counter < n) {
        cr_assert(g_cond_wait_until(&world->changed, &world->lock, deadline), "%u instead of %u",
                  *counter, n);
    }
    g_mutex_unlock(&world->lock);
}

static gpointer take(gpointer data)
{
    World *world = data;

    cr_assert_eq(g_atomic_int_add(&world->leaders, 1), 0, "two leaders at once");
    gpointer job = g_async_queue_pop(world->work);
    g_atomic_int_add(&world->leaders, -1);
    count(world, &world->taken);
    return GPOINTER_TO_UINT(job) == JOB_END ? NULL : job;
}

static void run(gpointer job, gpointer data)
{
    World *world = data;

    g_mutex_lock(&world->lock);
    world->begun++;
    world->running++;
    world->most = MAX(world->most, world->running);
    g_cond_broadcast(&world->changed);
    while (GPOINTER_TO_UINT(job) == JOB_BLOCK && !world->open) {
        g_cond_wait(&world->changed, &world->lock);
    }
    world->running--;
    g_mutex_unlock(&world->lock);
    count(world, &world->done);
}

static void drop(gpointer job)
{
    (void)job;
    dropped++;
}

static const LeaderPoolOps ops = {take, run, drop};

static void push(World *world, unsigned job, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        g_async_queue_push(world->work, GUINT_TO_POINTER(job));
    }
}

static void open_gate(World *world)
{
    g_mutex_lock(&world->lock);
    world->open = TRUE;
    g_cond_broadcast(&world->changed);
    g_mutex_unlock(&world->lock);
}

static World *world_new(void)
{
    World *world = g_new0(World, 1);

    world->work = g_async_queue_new();
    g_mutex_init(&world->lock);
    g_cond_init(&world->changed);
    return world;
}

static void world_free(World *world)
{
    g_async_queue_unref(world->work);
    g_free(world);
}

Test(leader_pool, there_is_a_leader_even_when_every_worker_is_blocked)
{
    World *world = world_new();
    LeaderPool *pool = leader_pool_new("test", &ops, world, 2);

    push(world, JOB_BLOCK, 5);
    wait_for(world, &world->taken, 5);
    wait_for(world, &world->begun, 2);
    open_gate(world);
    wait_for(world, &world->done, 5);
    cr_assert_eq(world->most, 2, "%u at once", world->most);
    push(world, JOB_END, 1);
    leader_pool_free(pool);
    world_free(world);
}

Test(leader_pool, one_worker_does_everything)
{
    World *world = world_new();
    LeaderPool *pool = leader_pool_new("test", &ops, world, 1);

    push(world, JOB_QUICK, 5000);
    wait_for(world, &world->done, 5000);
    cr_assert_eq(world->most, 1);
    push(world, JOB_END, 1);
    leader_pool_free(pool);
    world_free(world);
}

Test(leader_pool, many_workers_lose_nothing)
{
    World *world = world_new();
    LeaderPool *pool = leader_pool_new("test", &ops, world, 8);

    push(world, JOB_QUICK, 20000);
    push(world, JOB_END, 1);
    leader_pool_wait(pool);
    leader_pool_free(pool);
    cr_assert_eq(world->done + dropped, 20000);
    world_free(world);
}

Test(leader_pool, an_end_with_blocked_workers_waits_for_them_alone)
{
    World *world = world_new();
    LeaderPool *pool = leader_pool_new("test", &ops, world, 1);

    push(world, JOB_BLOCK, 3);
    push(world, JOB_END, 1);
    leader_pool_wait(pool);
    cr_assert_eq(world->done, 0);
    open_gate(world);
    leader_pool_free(pool);
    cr_assert_eq(world->done, 1);
    cr_assert_eq(dropped, 2);
    world_free(world);
}
