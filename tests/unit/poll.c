/* SPDX-License-Identifier: Apache-2.0 */
#include <poll.h>

#include <criterion/criterion.h>

#include "tests/unit/fake-host.h"

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
