/* SPDX-License-Identifier: Apache-2.0 */
/* Samplers: when they read. */
#include "cuse-server/base/threads/sampler.h"

#include <stdatomic.h>

#include <criterion/criterion.h>

enum { INTERVAL_MS = 100, LAST_MS = 50 };

static atomic_bool on;
static atomic_uint reads;
static Sampler *sampler;

static bool runs(gpointer data)
{
    (void)data;
    return on;
}

static void read_once(gpointer data)
{
    (void)data;
    reads++;
}

static const SamplerOps ops = {.name = "sampler",
                               .runs = runs,
                               .read = read_once,
                               .interval_ms = INTERVAL_MS,
                               .last_ms = LAST_MS};

static void setup(void)
{
    on = false;
    reads = 0;
    sampler = sampler_new(&ops, NULL);
}

static void teardown(void)
{
    g_clear_pointer(&sampler, sampler_free);
}

TestSuite(sampler, .init = setup, .fini = teardown, .timeout = 30);

static void wait_for(unsigned n)
{
    const gint64 end = g_get_monotonic_time() + 10 * G_TIME_SPAN_SECOND;

    while (reads < n && g_get_monotonic_time() < end) {
        g_usleep(1000);
    }
    cr_assert_geq(reads, n);
}

static void turn(bool now)
{
    on = now;
    sampler_wake(sampler);
}

Test(sampler, reads_at_the_beginning_again_and_again_and_at_the_end)
{
    const gint64 began = g_get_monotonic_time();

    turn(true);
    wait_for(1);
    wait_for(3);
    cr_assert_geq(g_get_monotonic_time() - began, 2L * INTERVAL_MS * G_TIME_SPAN_MILLISECOND);
    turn(false);
    const unsigned until_now = reads;
    wait_for(until_now + 1);
    g_usleep(3UL * INTERVAL_MS * 1000);
    cr_assert_leq(reads, until_now + 2, "one read may have been in progress");
}

Test(sampler, reads_nothing_without_a_reason)
{
    turn(false);
    sampler_wake(sampler);
    g_usleep(2UL * INTERVAL_MS * 1000);
    cr_assert_eq(reads, 0);
}

Test(sampler, is_woken_without_reading_more_often)
{
    const gint64 began = g_get_monotonic_time();
    unsigned elapsed;

    turn(true);
    do {
        sampler_wake(sampler);
        g_usleep(1000);
        elapsed = (unsigned)((g_get_monotonic_time() - began) / G_TIME_SPAN_MILLISECOND);
    } while (elapsed < 5 * INTERVAL_MS);
    cr_assert_leq(reads, 1 + elapsed / INTERVAL_MS);
}

Test(sampler, begins_again)
{
    for (unsigned i = 0; i < 3; i++) {
        turn(true);
        wait_for(2 * i + 1);
        turn(false);
        wait_for(2 * i + 2);
    }
}

Test(sampler, ends_at_once)
{
    turn(true);
    wait_for(1);
    const gint64 began = g_get_monotonic_time();
    g_clear_pointer(&sampler, sampler_free);
    cr_assert_lt(g_get_monotonic_time() - began, 5 * G_TIME_SPAN_SECOND);
}
