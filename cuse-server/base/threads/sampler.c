/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/threads/sampler.h"

/* #syscalls:worker clone futex */

/* @woken: sampler_wake() was called since the thread slept last */
struct Sampler {
    const SamplerOps *ops;
    gpointer data;
    GMutex lock; /* guards what follows */
    GCond changed;
    bool woken;
    bool ends;
    GThread *thread;
};

Sampler *sampler_new(const SamplerOps *ops, gpointer data)
{
    Sampler *sampler = g_new0(Sampler, 1);

    sampler->ops = ops;
    sampler->data = data;
    g_mutex_init(&sampler->lock);
    g_cond_init(&sampler->changed);
    return sampler;
}

/* Sleep until somebody wakes the thread, or ends it. Returns false for the end. */
static bool sleep_until_woken(Sampler *sampler)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sampler->lock);

    while (!sampler->woken && !sampler->ends) {
        g_cond_wait(&sampler->changed, &sampler->lock);
    }
    sampler->woken = false;
    return !sampler->ends;
}

/* Sleep for a time, or less if there is nothing to read any more. Returns whether there is. */
static bool sleep_while_it_runs(Sampler *sampler)
{
    const gint64 end = g_get_monotonic_time() + sampler->ops->interval_ms * G_TIME_SPAN_MILLISECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sampler->lock);
    bool runs;

    while ((runs = !sampler->ends && sampler->ops->runs(sampler->data)) &&
           g_cond_wait_until(&sampler->changed, &sampler->lock, end)) {
    }
    return runs;
}

/* Sleep until the last read, or the end. Returns false for the end. */
static bool sleep_until_last(Sampler *sampler)
{
    const gint64 end = g_get_monotonic_time() + sampler->ops->last_ms * G_TIME_SPAN_MILLISECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sampler->lock);

    while (!sampler->ends && g_cond_wait_until(&sampler->changed, &sampler->lock, end)) {
    }
    return !sampler->ends;
}

static gpointer run(gpointer data)
{
    Sampler *sampler = data;

    while (sleep_until_woken(sampler)) {
        if (!sampler->ops->runs(sampler->data)) {
            continue;
        }
        do {
            sampler->ops->read(sampler->data);
        } while (sleep_while_it_runs(sampler));
        if (sleep_until_last(sampler)) {
            sampler->ops->read(sampler->data);
        }
    }
    return NULL;
}

void sampler_wake(Sampler *sampler)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&sampler->lock);

    sampler->woken = true;
    if (!sampler->thread) {
        /* If there can be no thread now, the next call tries again. */
        sampler->thread = g_thread_try_new(sampler->ops->name, run, sampler, NULL);
    }
    g_cond_signal(&sampler->changed);
}

void sampler_free(Sampler *sampler)
{
    if (!sampler) {
        return;
    }
    g_mutex_lock(&sampler->lock);
    sampler->ends = true;
    g_cond_signal(&sampler->changed);
    g_mutex_unlock(&sampler->lock);
    if (sampler->thread) {
        g_thread_join(sampler->thread);
    }
    g_cond_clear(&sampler->changed);
    g_mutex_clear(&sampler->lock);
    g_free(sampler);
}
