/* SPDX-License-Identifier: Apache-2.0 */
/* Accounting: when the driver is asked how busy the GPU is, and what is told. */
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/proxy/shares/one-gpu.h"

#define MS UINT64_C(1000000)

static unsigned told, changed;
static uint64_t told_ns;

static void note_change(gpointer data)
{
    cr_assert_eq(data, &told);
    changed++;
}

static void tell(uint32_t gpu, uint64_t nanoseconds, gpointer data)
{
    cr_assert_eq(gpu, 0, "the first of the instance's GPUs");
    cr_assert_eq(data, &told);
    told_ns = nanoseconds;
    told++;
}

static const GpuTimeOps ops = {.changed = note_change, .time = tell};

static void setup(void)
{
    gpu_setup("580.105.08");
    told = changed = 0;
    told_ns = 0;
    proxy_count_time(&fake->proxy, &ops, &told);
}

TestSuite(gpu_time, .init = setup, .fini = gpu_teardown);

static bool runs(void)
{
    return time_shares_run(fake->proxy.shares);
}

static void read_once(void)
{
    time_shares_read(fake->proxy.shares);
}

static void sample(unsigned place, uint64_t time, uint32_t process)
{
    samples.samples[place].base.timeStamp = time;
    samples.samples[place].gr.util = 10000;
    samples.samples[place].gr.procId = process;
}

Test(gpu_time, counts_from_the_first_channel_to_the_last)
{
    const unsigned open = fake->n_open;

    sample(0, 1000 * MS, (uint32_t)getpid()); /* before: a process that had this number */
    make_group(GROUP, COMPUTE);
    make_channel(CHANNEL, GROUP, COMPUTE);
    cr_assert(!runs(), "nothing is scheduled yet");
    changed = 0;
    schedule(GROUP, true);
    cr_assert(runs());
    cr_assert_gt(changed, 0, "the reader is told to begin");
    read_once();
    cr_assert(told == 1 && told_ns == 0);
    cr_assert_geq(fake->n_open, open + 2, "the GPU is kept");
    sample(1, 1200 * MS, (uint32_t)getpid());
    sample(2, 1400 * MS, (uint32_t)getpid() + 1);
    changed = 0;
    free_object(GROUP);
    cr_assert_gt(changed, 0, "and to end");
    cr_assert_geq(fake->n_open, open + 2, "the GPU is kept until the last samples are read");
    read_once();
    cr_assert(told == 2 && told_ns == 200 * MS);
    cr_assert_eq(fake->n_open, open + 1, "only the file that found the GPU is open");
    cr_assert(!runs());
    read_once();
    cr_assert_eq(told, 2, "there is no GPU to ask about");
}

Test(gpu_time, goes_on_with_the_next_channel)
{
    for (unsigned i = 0; i < 3; i++) {
        sample(i + 1, 1000 * MS + MS * 200 * i, (uint32_t)getpid());
        make_context(i);
        read_once();
        free_object(GROUP + i);
        read_once();
    }
    cr_assert_eq(told_ns, 400 * MS);
}

/* A channel that is stopped first, and freed later. */
Test(gpu_time, lets_go_of_a_gpu_whose_channels_have_gone)
{
    const unsigned open = fake->n_open;

    make_context(0);
    read_once();
    schedule(GROUP, false);
    read_once();
    cr_assert(!runs());
    cr_assert_geq(fake->n_open, open + 2, "the GPU is kept as long as it has channels");
    changed = 0;
    free_object(GROUP);
    cr_assert_gt(changed, 0);
    cr_assert(runs(), "there is something to let go of");
    read_once();
    cr_assert(!runs());
    cr_assert_eq(fake->n_open, open + 1);
}

/* A driver before 570 names the process by the number that the host has for it. */
Test(gpu_time, knows_the_process_by_the_brokers_number_too)
{
    page.worker = 4711;
    sample(0, 1000 * MS, 4711);
    make_context(0);
    read_once();
    sample(1, 1200 * MS, 4711);
    sample(2, 1400 * MS, 4712);
    read_once();
    cr_assert_eq(told_ns, 200 * MS);
}

Test(gpu_time, a_pause_between_keeps_what_is_counted)
{
    make_context(0);
    sample(0, 1000 * MS, (uint32_t)getpid());
    read_once();
    page.paused = true;
    proxy_apply_shares(&fake->proxy);
    sample(1, 1200 * MS, (uint32_t)getpid());
    read_once();
    page.paused = false;
    proxy_apply_shares(&fake->proxy);
    sample(2, 1400 * MS, (uint32_t)getpid());
    free_object(GROUP);
    read_once();
    cr_assert_eq(told_ns, 400 * MS);
}
