/* SPDX-License-Identifier: Apache-2.0 */
/* Rates as nvcuse top shows them. */
#include "cuse-server/cli/instances/instance-rates.h"

#include <criterion/criterion.h>

#include "cuse-server/base/json/json-reader.h"

static InstanceRates *rates;

static void setup(void)
{
    rates = instance_rates_new();
}

static void teardown(void)
{
    instance_rates_free(rates);
}

TestSuite(instance_rates, .init = setup, .fini = teardown);

/* @now, @read: seconds; @gpu: milliseconds */
static InstanceRate report(int now, int started, int calls, int read, int gpu)
{
    g_autofree char *text = g_strdup_printf(
        "{\"name\": \"web\", \"started\": %d, \"calls\": %d, \"refused\": %d, \"gpu_time_read\": "
        "%d000000, \"gpu_time\": [{\"gpu\": \"0\", \"microseconds\": %d000}, {\"gpu\": \"1\", "
        "\"microseconds\": %d000}]}",
        started, calls, calls / 10, read, gpu, gpu);
    g_autoptr(JsonObject) instance = json_read_object(text, NULL);

    cr_assert_not_null(instance);
    return instance_rates_add(rates, instance, now * G_TIME_SPAN_SECOND);
}

Test(instance_rates, need_two_reports)
{
    InstanceRate rate = report(100, 1, 500, 100, 1000);

    cr_assert(!rate.known && !rate.gpu_known);
    rate = report(102, 1, 700, 100, 1000);
    cr_assert(rate.known && !rate.gpu_known, "the worker has not read the GPUs' times again");
    cr_assert_float_eq(rate.calls, 100, 1e-6);
    cr_assert_float_eq(rate.refused, 10, 1e-6);
    rate = report(106, 1, 700, 105, 2000);
    cr_assert(rate.gpu_known);
    cr_assert_float_eq(rate.gpu, 40, 1e-6, "each of two GPUs was busy for one of five seconds");
    cr_assert_float_eq(rate.calls, 0, 1e-6);
}

Test(instance_rates, a_gpu_that_is_not_read_again_keeps_its_rate_for_a_while)
{
    report(100, 1, 0, 100, 0);
    report(105, 1, 0, 105, 2500);
    cr_assert_float_eq(report(107, 1, 0, 105, 2500).gpu, 100, 1e-6);
    cr_assert_float_eq(report(121, 1, 0, 105, 2500).gpu, 0, 1e-6, "nothing runs any more");
    cr_assert(report(122, 1, 0, 105, 2500).gpu_known);
}

Test(instance_rates, another_instance_of_the_name_begins_anew)
{
    report(100, 1, 1000, 100, 1000);
    cr_assert(!report(105, 2, 10, 105, 10).known);
    cr_assert_float_eq(report(110, 2, 60, 110, 10).calls, 10, 1e-6);
}

Test(instance_rates, nonsense_does_no_harm)
{
    g_autoptr(JsonObject) nothing = json_read_object("{}", NULL);
    g_autoptr(JsonObject) wrong = json_read_object(
        "{\"name\": \"web\", \"gpu_time\": [1, {\"microseconds\": 9223372036854775807}, "
        "{\"microseconds\": 9223372036854775807}], \"gpu_time_read\": -5, \"calls\": []}",
        NULL);

    cr_assert(!instance_rates_add(rates, nothing, 1).known);
    cr_assert(!instance_rates_add(rates, wrong, 1).known);
    cr_assert(!instance_rates_add(rates, wrong, 1).gpu_known);
}
