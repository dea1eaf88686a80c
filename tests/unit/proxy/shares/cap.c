/* SPDX-License-Identifier: Apache-2.0 */
/* Caps: for how long channels run. */
#include <criterion/criterion.h>

#include "abi/status.h"
#include "cuse-server/base/threads/duty-cycle.h"
#include "tests/unit/proxy/shares/one-gpu.h"

static void wait_ms(unsigned ms)
{
    g_usleep(ms * 1000UL);
}

static void setup(void)
{
    gpu_setup("580.105.08");
}

TestSuite(cap, .init = setup, .fini = gpu_teardown);

static void set_cap(uint32_t cap)
{
    page.gpu_cap = cap;
    proxy_apply_shares(&fake->proxy);
}

/* Let a channel run with a cap for a while. Returns the percentage of the time in which it ran. The machine may be busy. */
static double run_capped(uint32_t percent)
{
    gint64 began = g_get_monotonic_time();

    set_cap(percent);
    wait_ms(1500);
    set_cap(0);
    const gint64 took = g_get_monotonic_time() - began;
    schedule(GROUP, false);
    return 100.0 * (double)ran_us / (double)took;
}

Test(cap, a_channel_runs_for_a_part_of_the_time)
{
    make_group(GROUP, COMPUTE);
    make_channel(CHANNEL, GROUP, COMPUTE);
    schedule(GROUP, true);
    reset_counts();
    thing(CHANNEL)->since = g_get_monotonic_time();
    const double share = run_capped(20);
    cr_expect(share > 10 && share < 35, "%f %%", share);
    cr_expect_geq(n_switches, 10);
    cr_expect_leq(n_switches, 32);
}

Test(cap, values_that_do_not_cap_start_nothing)
{
    static const uint32_t caps[] = {0, 100, 101, UINT32_MAX};

    make_context(0);
    for (size_t i = 0; i < G_N_ELEMENTS(caps); i++) {
        set_cap(caps[i]);
        wait_ms(150);
    }
    cr_expect_eq(n_switches, 0);
    cr_expect_eq(n_running(), 2);
}

Test(cap, without_a_cap_channels_run_and_without_channels_nothing_is_done)
{
    set_cap(20);
    wait_ms(250);
    cr_expect_eq(n_switches, 0, "there is no channel");
    make_context(0);
    wait_ms(350);
    set_cap(0);
    cr_expect_geq(n_switches, 2);
    cr_expect_eq(n_running(), 2);
    const unsigned before = n_switches;
    wait_ms(250);
    cr_expect_eq(n_switches, before);
}

Test(cap, a_pause_and_a_cap_leave_nothing_behind)
{
    make_context(0);
    set_cap(50);
    page.paused = true;
    proxy_apply_shares(&fake->proxy);
    wait_ms(300); /* the cycle in progress ends */
    const unsigned before = n_switches;
    wait_ms(250);
    cr_expect_eq(n_running(), 0);
    cr_expect_eq(n_switches, before, "paused channels are not switched on and off");
    set_cap(0);
    page.paused = false;
    proxy_apply_shares(&fake->proxy);
    cr_expect_eq(n_running(), 2);
}

Test(cap, the_thread_ends_in_the_middle_of_a_cycle_with_channels_on)
{
    make_context(0);
    set_cap(1);
    wait_ms(150);
    const gint64 began = g_get_monotonic_time();
    proxy_clear(&fake->proxy);
    cr_expect_lt(g_get_monotonic_time() - began, 90 * G_TIME_SPAN_MILLISECOND,
                 "it does not wait for the end of it");
    cr_expect_eq(n_running(), 2);
    proxy_init(&fake->proxy, fake->abi, NV_CAPS_SUPPORTED, fake->devices,
               G_N_ELEMENTS(fake->devices), &(ProxyLimits){16, {4, 64}}, &fake->host);
}
