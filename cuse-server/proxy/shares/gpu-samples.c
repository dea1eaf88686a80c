/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/shares/gpu-samples.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

#include "abi/control/ctrl2080-perf.h"

enum {
    SAMPLE_TYPE = 2,       /* NV2080_CTRL_GPUMON_SAMPLE_TYPE_PERFMON_UTIL */
    UTIL_WHOLE = 100 * 100 /* util of an engine that was busy all the time: in units of pct*100 */
};

/* A sample stands for the time since the sample before. After a gap, for this much at most. */
#define SAMPLE_NS_MAX G_GUINT64_CONSTANT(1000000000)

/* SampleShape: where the members are in the parameters of some driver versions. */
typedef struct {
    size_t size, type, buffer_size, samples, stride, n, time, util, process;
} SampleShape;

#define SHAPE(PARAMS, SAMPLE)                                                           \
    {                                                                                   \
        .size = sizeof(PARAMS), .type = offsetof(PARAMS, type),                         \
        .buffer_size = offsetof(PARAMS, bufSize), .samples = offsetof(PARAMS, samples), \
        .stride = sizeof(SAMPLE), .n = G_N_ELEMENTS(((const PARAMS *)NULL)->samples),   \
        .time = offsetof(SAMPLE, base.timeStamp), .util = offsetof(SAMPLE, gr.util),    \
        .process = offsetof(SAMPLE, gr.procId)                                          \
    }

static const SampleShape shapes[] = {
    SHAPE(NV2080_CTRL_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2_PARAMS,
          NV2080_CTRL_PERF_GPUMON_PERFMON_UTIL_SAMPLE),
    SHAPE(NV2080_CTRL_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2_PARAMS_V550,
          NV2080_CTRL_PERF_GPUMON_PERFMON_UTIL_SAMPLE_V550),
    SHAPE(NV2080_CTRL_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2_PARAMS_V570,
          NV2080_CTRL_PERF_GPUMON_PERFMON_UTIL_SAMPLE_V570),
};

G_STATIC_ASSERT(sizeof(NV2080_CTRL_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2_PARAMS_V570) ==
                GPU_SAMPLES_MAX);

/* Sample: what is needed of one. */
typedef struct {
    uint64_t time;
    uint32_t util;
    uint32_t process;
} Sample;

static const SampleShape *shape_of(size_t size)
{
    for (size_t i = 0; i < G_N_ELEMENTS(shapes); i++) {
        if (shapes[i].size == size) {
            return &shapes[i];
        }
    }
    return NULL;
}

size_t gpu_samples_ask(void *params, size_t size)
{
    const SampleShape *shape = shape_of(size);

    if (!shape) {
        return 0;
    }
    memset(params, 0, size);
    const NvU8 type = SAMPLE_TYPE;
    const NvU32 bytes = (NvU32)(shape->n * shape->stride);
    memcpy((char *)params + shape->type, &type, sizeof type);
    memcpy((char *)params + shape->buffer_size, &bytes, sizeof bytes);
    return size;
}

static Sample sample_at(const SampleShape *shape, const char *params, size_t i)
{
    const char *at = params + shape->samples + i * shape->stride;
    Sample sample;

    memcpy(&sample.time, at + shape->time, sizeof sample.time);
    memcpy(&sample.util, at + shape->util, sizeof sample.util);
    memcpy(&sample.process, at + shape->process, sizeof sample.process);
    return sample;
}

static int by_time(gconstpointer a, gconstpointer b)
{
    const Sample *x = a;
    const Sample *y = b;

    return (x->time > y->time) - (x->time < y->time);
}

/* List the samples after a time, oldest first. The driver's list is a ring. Places without a sample have the time 0. */
static GArray *samples_after(const SampleShape *shape, const void *params, uint64_t time)
{
    GArray *samples = g_array_new(FALSE, FALSE, sizeof(Sample));

    for (size_t i = 0; i < shape->n; i++) {
        const Sample sample = sample_at(shape, params, i);
        if (sample.time > time) {
            g_array_append_val(samples, sample);
        }
    }
    g_array_sort(samples, by_time);
    return samples;
}

static bool is_of(const Sample *sample, const uint32_t processes[GPU_SAMPLES_PROCESSES])
{
    return sample->process != 0 &&
           (sample->process == processes[0] || sample->process == processes[1]);
}

uint64_t gpu_samples_add(const void *params, size_t size,
                         const uint32_t processes[GPU_SAMPLES_PROCESSES], uint64_t *last)
{
    const SampleShape *shape = shape_of(size);
    g_autoptr(GArray) samples = shape ? samples_after(shape, params, *last) : NULL;
    const bool begins = *last == 0;
    uint64_t busy = 0;

    for (guint i = 0; samples && i < samples->len; i++) {
        const Sample *sample = &g_array_index(samples, Sample, i);
        const uint64_t length = MIN(sample->time - *last, SAMPLE_NS_MAX);
        if (!begins && is_of(sample, processes)) {
            busy += length * MIN(sample->util, UTIL_WHOLE) / UTIL_WHOLE;
        }
        *last = sample->time;
    }
    return busy;
}
