/* SPDX-License-Identifier: Apache-2.0 */
/* poll() on a guest's files: events of the host are reported once, and none is lost. */
#include <poll.h>

#include <criterion/criterion.h>

#include "tests/unit/support/fake-host.h"

static Fake *fake;
static NvFile *gpu;
static unsigned woken;
static unsigned dropped;

static void wake(PollWaiter *waiter)
{
    woken++;
    g_free(waiter);
}

static void drop(PollWaiter *waiter)
{
    dropped++;
    g_free(waiter);
}

static PollWaiter *waiter_new(void)
{
    PollWaiter *waiter = g_new(PollWaiter, 1);

    *waiter = (PollWaiter){wake, drop};
    return waiter;
}

static void setup(void)
{
    fake = fake_new("535.309.01", NV_CAPS_DEFAULT);
    gpu = fake_open(fake, FAKE_GPU, 3);
    woken = 0;
    dropped = 0;
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(poll, .init = setup, .fini = teardown);

Test(poll, an_event_is_reported_once)
{
    cr_assert_eq(proxy_poll(gpu, POLLIN, NULL), 0);
    proxy_file_event(&fake->proxy, gpu->id, POLLIN | POLLPRI);
    cr_assert_eq(proxy_poll(gpu, POLLIN, NULL), POLLIN);
    cr_assert_eq(proxy_poll(gpu, POLLIN, NULL), 0);
    cr_assert_eq(proxy_poll(gpu, POLLPRI, NULL), POLLPRI, "what was not asked for is kept");
}

Test(poll, what_the_host_has_now_is_found)
{
    fake->events = POLLIN | POLLPRI;
    cr_assert_eq(proxy_poll(gpu, POLLIN, NULL), POLLIN);
    cr_assert_eq(fake->events, 0, "the driver's poll took both");
    cr_assert_eq(proxy_poll(gpu, POLLPRI, NULL), POLLPRI, "and neither is lost");
}

Test(poll, an_event_before_the_wait_is_not_lost)
{
    proxy_file_event(&fake->proxy, gpu->id, POLLIN);
    cr_assert_eq(proxy_poll(gpu, POLLIN, waiter_new()), POLLIN);
}

Test(poll, a_waiter_is_woken_once)
{
    cr_assert_eq(proxy_poll(gpu, POLLIN, waiter_new()), 0);
    proxy_file_event(&fake->proxy, gpu->id, POLLIN);
    proxy_file_event(&fake->proxy, gpu->id, POLLIN);
    cr_assert_eq(woken, 1);
    cr_assert_eq(proxy_poll(gpu, POLLIN, NULL), POLLIN);
}

Test(poll, a_newer_waiter_takes_an_older_ones_place)
{
    proxy_poll(gpu, POLLIN, waiter_new());
    proxy_poll(gpu, POLLIN, waiter_new());
    cr_assert_eq(dropped, 1);
    proxy_release(&fake->proxy, gpu->id);
    cr_assert_eq(dropped, 2);
    cr_assert_eq(woken, 0);
}

Test(poll, errors_are_reported_unasked)
{
    proxy_file_event(&fake->proxy, gpu->id, POLLERR);
    cr_assert_eq(proxy_poll(gpu, POLLOUT, NULL), POLLERR);
}

Test(poll, an_event_for_a_closed_file_is_nobodys)
{
    uint32_t id = gpu->id;

    proxy_release(&fake->proxy, id);
    proxy_file_event(&fake->proxy, id, POLLIN);
    proxy_file_event(&fake->proxy, 12345, POLLIN);
}

Test(poll, an_event_wakes_who_waits_for_its_file_alone)
{
    NvFile *other = fake_open(fake, FAKE_GPU, 4);

    cr_assert_eq(proxy_poll(gpu, POLLIN, waiter_new()), 0);
    cr_assert_eq(proxy_poll(other, POLLIN, waiter_new()), 0);
    proxy_file_event(&fake->proxy, other->id, POLLIN);
    cr_assert_eq(woken, 1);
    cr_assert_eq(proxy_poll(gpu, POLLIN, NULL), 0);
    cr_assert_eq(proxy_poll(other, POLLIN, NULL), POLLIN);
    proxy_file_event(&fake->proxy, gpu->id, POLLIN);
    cr_assert_eq(woken, 2);
}

enum { EVENTS = 20000, LOST_SECONDS = 10 };

static GMutex lock;
static GCond changed;
static unsigned asked; /* events that the other thread is to fire */
static unsigned wakes;

static void count_wake(PollWaiter *waiter)
{
    g_mutex_lock(&lock);
    wakes++;
    g_cond_broadcast(&changed);
    g_mutex_unlock(&lock);
    g_free(waiter);
}

static void forget(PollWaiter *waiter)
{
    g_free(waiter);
}

static gpointer fire_what_is_asked(gpointer data)
{
    (void)data;
    for (unsigned fired = 0; fired < EVENTS; fired++) {
        g_mutex_lock(&lock);
        while (asked == fired) {
            g_cond_wait(&changed, &lock);
        }
        g_mutex_unlock(&lock);
        proxy_file_event(&fake->proxy, gpu->id, POLLIN);
    }
    return NULL;
}

static unsigned wakes_now(void)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);

    return wakes;
}

/* Poll like the kernel: ask, sleep until woken if there is no event, and ask again. */
static void poll_until_ready(void)
{
    for (;;) {
        gint64 deadline = g_get_monotonic_time() + LOST_SECONDS * G_TIME_SPAN_SECOND;
        unsigned before = wakes_now();
        PollWaiter *waiter = g_new(PollWaiter, 1);

        *waiter = (PollWaiter){count_wake, forget};
        if (proxy_poll(gpu, POLLIN, waiter)) {
            return;
        }
        g_mutex_lock(&lock);
        while (wakes == before) {
            cr_assert(g_cond_wait_until(&changed, &lock, deadline), "event %u was lost", asked);
        }
        g_mutex_unlock(&lock);
    }
}

Test(poll, no_event_is_lost_between_the_look_and_the_wait)
{
    GThread *thread = g_thread_new("events", fire_what_is_asked, NULL);

    for (unsigned i = 0; i < EVENTS; i++) {
        g_mutex_lock(&lock);
        asked++;
        g_cond_broadcast(&changed);
        g_mutex_unlock(&lock);
        poll_until_ready();
    }
    g_thread_join(thread);
}
