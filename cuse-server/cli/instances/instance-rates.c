/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/instances/instance-rates.h"

#include "cuse-server/base/json/json-reader.h"

/* Readings of the GPUs' times that are older than this say nothing about now: no channel has run since. */
#define GPU_STALE (15 * G_TIME_SPAN_SECOND)

/* Readings: what an instance has reported last. @started: tells instances of one name apart; @gpu_read, @now: when */
typedef struct {
    gint64 started;
    gint64 now;
    gint64 calls;
    gint64 refused;
    gint64 gpu;
    gint64 gpu_read;
    bool gpu_known;
    double gpu_rate;
} Readings;

struct InstanceRates {
    GHashTable *by_name; /* name -> Readings */
};

InstanceRates *instance_rates_new(void)
{
    InstanceRates *rates = g_new(InstanceRates, 1);

    rates->by_name = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return rates;
}

void instance_rates_free(InstanceRates *rates)
{
    g_hash_table_unref(rates->by_name);
    g_free(rates);
}

/* Add up all GPUs, without overflow: the worker can report any number. */
static gint64 gpu_time(JsonObject *instance)
{
    JsonArray *gpus = json_read_array(instance, "gpu_time");
    gint64 sum = 0;

    for (guint i = 0; gpus && i < json_array_get_length(gpus); i++) {
        JsonNode *node = json_array_get_element(gpus, i);
        const gint64 time = JSON_NODE_HOLDS_OBJECT(node)
                                ? json_read_int(json_node_get_object(node), "microseconds")
                                : 0;
        sum = time > G_MAXINT64 - sum ? G_MAXINT64 : sum + time;
    }
    return sum;
}

static Readings readings_of(JsonObject *instance, gint64 now)
{
    return (Readings){
        .started = json_read_int(instance, "started"),
        .now = now,
        .calls = json_read_int(instance, "calls"),
        .refused = json_read_int(instance, "refused"),
        .gpu = gpu_time(instance),
        .gpu_read = json_read_int(instance, "gpu_time_read"),
    };
}

static double per(gint64 after, gint64 before, gint64 microseconds, double unit)
{
    return microseconds > 0 ? unit * ((double)after - (double)before) / (double)microseconds : 0;
}

/* Take the rate of the GPUs' times, or that of the last time if they were not read again. */
static void rate_gpu(Readings *now, const Readings *before)
{
    if (now->gpu_read > before->gpu_read && before->gpu_read > 0) {
        now->gpu_known = true;
        now->gpu_rate = per(now->gpu, before->gpu, now->gpu_read - before->gpu_read, 100);
    } else {
        now->gpu_known = before->gpu_known;
        now->gpu_rate = now->now - now->gpu_read < GPU_STALE ? before->gpu_rate : 0;
    }
}

InstanceRate instance_rates_add(InstanceRates *rates, JsonObject *instance, gint64 now)
{
    const char *name = json_read_string(instance, "name");
    const Readings *before = name ? g_hash_table_lookup(rates->by_name, name) : NULL;
    Readings present = readings_of(instance, now);
    InstanceRate rate = {0};

    if (before && before->started == present.started) {
        rate_gpu(&present, before);
        rate = (InstanceRate){
            .known = true,
            .gpu_known = present.gpu_known,
            .gpu = present.gpu_rate,
            .calls = per(present.calls, before->calls, now - before->now, G_TIME_SPAN_SECOND),
            .refused = per(present.refused, before->refused, now - before->now, G_TIME_SPAN_SECOND),
        };
    }
    if (name) {
        g_hash_table_replace(rates->by_name, g_strdup(name), g_memdup2(&present, sizeof present));
    }
    return rate;
}
