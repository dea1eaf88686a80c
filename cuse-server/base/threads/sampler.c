/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/threads/sampler.h"

#include "cuse-server/base/threads/sleeper.h"

struct Sampler {
    const SamplerOps *ops;
    gpointer data;
    Sleeper sleeper;
};

static gint64 in_ms(unsigned ms)
{
    return g_get_monotonic_time() + ms * G_TIME_SPAN_MILLISECOND;
}

static gpointer run(gpointer data)
{
    Sampler *sampler = data;
    const SamplerOps *ops = sampler->ops;

    while (sleeper_wait(&sampler->sleeper)) {
        if (!ops->runs(sampler->data)) {
            continue;
        }
        do {
            ops->read(sampler->data);
        } while (sleeper_wait_while(&sampler->sleeper, in_ms(ops->interval_ms), ops->runs,
                                    sampler->data));
        if (sleeper_wait_until(&sampler->sleeper, in_ms(ops->last_ms))) {
            ops->read(sampler->data);
        }
    }
    return NULL;
}

Sampler *sampler_new(const SamplerOps *ops, gpointer data)
{
    Sampler *sampler = g_new(Sampler, 1);

    *sampler = (Sampler){
        .ops = ops, .data = data, .sleeper = {.name = ops->name, .run = run, .data = sampler}};
    return sampler;
}

void sampler_wake(Sampler *sampler)
{
    sleeper_wake(&sampler->sleeper);
}

void sampler_free(Sampler *sampler)
{
    if (sampler) {
        sleeper_end(&sampler->sleeper);
        g_free(sampler);
    }
}
