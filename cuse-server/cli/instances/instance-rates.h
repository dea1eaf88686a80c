/* SPDX-License-Identifier: Apache-2.0 */
/* How fast the counters of instances rise, from one report to the next. */
#pragma once

#include <stdbool.h>

#include <json-glib/json-glib.h>

typedef struct InstanceRates InstanceRates;

InstanceRates *instance_rates_new(void);
void instance_rates_free(InstanceRates *rates);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InstanceRates, instance_rates_free)

/**
 * InstanceRate: the rates of one instance.
 * @known: there was an earlier report; else the others are 0
 * @gpu_known: so did the worker read the GPUs' times twice
 * @gpu: percentage of one GPU's time that guests have computed, added up over all GPUs
 * @calls, @refused: calls per second
 */
typedef struct {
    bool known;
    bool gpu_known;
    double gpu;
    double calls;
    double refused;
} InstanceRate;

/**
 * instance_rates_add: compare a report with the one before of the same instance. The worker reads the GPUs' times every few seconds;
 * until it has read them again, the rate is that of the last time.
 * @instance: what the instance reports about itself
 * @now: microseconds of the monotonic clock
 */
InstanceRate instance_rates_add(InstanceRates *rates, JsonObject *instance, gint64 now);
