/* SPDX-License-Identifier: Apache-2.0 */
/* Adding up the driver's samples of how busy a GPU is. */
#include "cuse-server/proxy/shares/gpu-samples.h"

#include <string.h>

#include <criterion/criterion.h>

#include "abi/control/ctrl2080-perf.h"

enum { OURS = 4711, OURS_ELSEWHERE = 1, OTHER = 4712, NOBODY = -1, PLACES = 72 };

#define MS UINT64_C(1000000)

typedef NV2080_CTRL_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2_PARAMS Params;
typedef NV2080_CTRL_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2_PARAMS_V550 Params550;
typedef NV2080_CTRL_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2_PARAMS_V570 Params570;

static const uint32_t ours[] = {OURS, OURS_ELSEWHERE};
static Params570 params;
static uint64_t last;

static void setup(void)
{
    memset(&params, 0, sizeof params);
    last = 1000 * MS;
}

TestSuite(gpu_samples, .init = setup);

static void put(unsigned place, uint64_t time, int process, uint32_t util)
{
    params.samples[place].base.timeStamp = time;
    params.samples[place].gr.procId = (NvU32)process;
    params.samples[place].gr.util = util;
}

static uint64_t add(void)
{
    return gpu_samples_add(&params, sizeof params, ours, &last);
}

Test(gpu_samples, only_ours_count_by_how_busy_the_engine_was)
{
    put(0, 1200 * MS, OURS, 10000);
    put(1, 1400 * MS, OTHER, 10000);
    put(2, 1600 * MS, OURS, 2500);
    put(3, 1800 * MS, NOBODY, 0);
    params.samples[4].base.timeStamp = 2000 * MS;
    params.samples[4].fb.procId = OURS; /* the memory's traffic is not computing */
    params.samples[4].fb.util = 10000;
    cr_assert_eq(add(), 250 * MS);
    cr_assert_eq(last, 2000 * MS);
    cr_assert_eq(add(), 0, "nothing counts twice");
}

Test(gpu_samples, a_process_may_have_two_numbers_and_zero_is_nobodys)
{
    static const uint32_t one[] = {OURS, 0};

    put(0, 1200 * MS, OURS_ELSEWHERE, 10000);
    put(1, 1400 * MS, 0, 10000);
    cr_assert_eq(add(), 200 * MS);
    put(2, 1600 * MS, 0, 10000);
    cr_assert_eq(gpu_samples_add(&params, sizeof params, one, &last), 0);
}

Test(gpu_samples, the_list_is_a_ring)
{
    for (unsigned i = 0; i < PLACES; i++) {
        put((i + 50) % PLACES, 1000 * MS + MS * 200 * (i + 1), OURS, 10000);
    }
    cr_assert_eq(add(), MS * 200 * PLACES);
    put(50, last + 200 * MS, OURS, 10000); /* the oldest one goes */
    cr_assert_eq(add(), 200 * MS);
}

Test(gpu_samples, the_first_list_is_a_beginning)
{
    put(0, 1200 * MS, OURS, 10000);
    put(1, 1400 * MS, OURS, 10000);
    last = 0;
    cr_assert_eq(add(), 0);
    cr_assert_eq(last, 1400 * MS);
    put(2, 1600 * MS, OURS, 10000);
    cr_assert_eq(add(), 200 * MS);
}

Test(gpu_samples, a_gap_counts_as_a_second_at_most_and_nothing_as_more_than_whole)
{
    put(0, 60000 * MS, OURS, 10000);
    cr_assert_eq(add(), 1000 * MS);
    put(1, last + 100 * MS, OURS, UINT32_MAX);
    cr_assert_eq(add(), 100 * MS);
    put(2, UINT64_MAX, OURS, 10000);
    cr_assert_eq(add(), 1000 * MS);
}

Test(gpu_samples, an_empty_list_changes_nothing)
{
    cr_assert_eq(add(), 0);
    cr_assert_eq(last, 1000 * MS);
    last = 0;
    cr_assert_eq(add(), 0);
    cr_assert_eq(last, 0);
}

Test(gpu_samples, asks_in_the_shape_of_each_driver)
{
    Params old;
    Params550 middle;

    memset(&params, 0xff, sizeof params);
    cr_assert_eq(gpu_samples_ask(&old, sizeof old), sizeof old);
    cr_assert_eq(gpu_samples_ask(&middle, sizeof middle), sizeof middle);
    cr_assert_eq(gpu_samples_ask(&params, sizeof params), sizeof params);
    cr_assert(old.type == 2 && old.bufSize == sizeof old.samples);
    cr_assert(middle.type == 2 && middle.bufSize == sizeof middle.samples);
    cr_assert(params.type == 2 && params.bufSize == sizeof params.samples);
    cr_assert(params.count == 0 && params.samples[71].base.timeStamp == 0);
    old.samples[3].base.timeStamp = middle.samples[3].base.timeStamp = 1100 * MS;
    old.samples[3].gr.procId = middle.samples[3].gr.procId = OURS;
    old.samples[3].gr.util = middle.samples[3].gr.util = 10000;
    cr_assert_eq(gpu_samples_add(&old, sizeof old, ours, &last), 100 * MS);
    last = 1000 * MS;
    cr_assert_eq(gpu_samples_add(&middle, sizeof middle, ours, &last), 100 * MS);
    cr_assert_eq(gpu_samples_ask(&params, sizeof params - 8), 0, "a size that no driver has");
    cr_assert_eq(gpu_samples_add(&params, sizeof params - 8, ours, &last), 0);
}
