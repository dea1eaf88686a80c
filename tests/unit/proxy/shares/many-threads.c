/* SPDX-License-Identifier: Apache-2.0 */
/* A guest that calls all the time, while its instance has a cap, and is paused and resumed. */
#include <criterion/criterion.h>

#include "abi/status.h"
#include "tests/unit/proxy/shares/one-gpu.h"

enum { ROUNDS = 300 };

static HostOps ops; /* the fake's, one call at a time */
static int (*inner)(Host *host, const HostCall *call);
static GMutex lock;
static gint ends;

static int one_at_a_time(Host *host, const HostCall *call)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&lock);

    return inner(host, call);
}

static void setup(void)
{
    gpu_setup("580.105.08");
    ops = *fake->host.ops;
    inner = ops.ioctl;
    ops.ioctl = one_at_a_time;
    fake->host.ops = &ops;
}

TestSuite(many_threads, .init = setup, .fini = gpu_teardown);

static gpointer pause_and_resume(gpointer data)
{
    for (unsigned i = 0; !g_atomic_int_get(&ends); i++) {
        page.paused = i % 2;
        page.gpu_share = 100 + i % 300;
        proxy_apply_shares(&fake->proxy);
        g_usleep(1000);
    }
    return data;
}

static void act(unsigned i)
{
    const NvHandle channel = CHANNEL + i % 2;

    switch_off(channel, i % 3 == 0);
    set_slice(GROUP, i);
    if (i % 5 == 0) {
        schedule(GROUP, false);
    }
    if (i % 7 == 0) {
        free_object(channel);
        make_channel(channel, GROUP, COMPUTE);
    }
    schedule(GROUP, true);
    cr_expect_eq(get_slice(GROUP), i);
}

Test(many_threads, in_the_end_everything_is_as_it_should_be, .timeout = 60)
{
    make_context(0);
    page.gpu_cap = 50;
    GThread *thread = g_thread_new("pauser", pause_and_resume, NULL);
    for (unsigned i = 0; i < ROUNDS; i++) {
        act(i);
    }
    g_atomic_int_set(&ends, true);
    g_thread_join(thread);
    page.paused = true;
    page.gpu_share = 400;
    proxy_apply_shares(&fake->proxy);
    cr_expect_eq(n_running(), 0);
    page.paused = false;
    page.gpu_cap = 0;
    proxy_apply_shares(&fake->proxy);
    cr_expect_eq(n_running(), 2);
    cr_expect_eq(thing(GROUP)->slice, 8192);
}
