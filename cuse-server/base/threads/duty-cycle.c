/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/threads/duty-cycle.h"

/* #syscalls:worker clone futex */

/* @woken: duty_cycle_wake() was called since the thread asked last */
struct DutyCycle {
    const DutyCycleOps *ops;
    gpointer data;
    GMutex lock; /* guards what follows */
    GCond changed;
    bool woken;
    bool ends;
    GThread *thread;
};

DutyCycle *duty_cycle_new(const DutyCycleOps *ops, gpointer data)
{
    DutyCycle *cycle = g_new0(DutyCycle, 1);

    cycle->ops = ops;
    cycle->data = data;
    g_mutex_init(&cycle->lock);
    g_cond_init(&cycle->changed);
    return cycle;
}

/* Sleep until somebody wakes the thread, or ends it. Returns false for the end. */
static bool sleep_until_woken(DutyCycle *cycle)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&cycle->lock);

    while (!cycle->woken && !cycle->ends) {
        g_cond_wait(&cycle->changed, &cycle->lock);
    }
    cycle->woken = false;
    return !cycle->ends;
}

/* Sleep until a time, or the end. Returns false for the end. */
static bool sleep_until(DutyCycle *cycle, gint64 time)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&cycle->lock);

    while (!cycle->ends && g_cond_wait_until(&cycle->changed, &cycle->lock, time)) {
    }
    return !cycle->ends;
}

/* One cycle. Returns false if it was the last one. */
static bool go_round(DutyCycle *cycle)
{
    const gint64 began = g_get_monotonic_time();
    const unsigned on_ms = cycle->ops->on_ms(cycle->data);

    if (on_ms >= DUTY_CYCLE_MS) {
        return sleep_until_woken(cycle);
    }
    bool goes_on = sleep_until(cycle, began + on_ms * G_TIME_SPAN_MILLISECOND);
    if (goes_on) {
        cycle->ops->turn(cycle->data, true);
        goes_on = sleep_until(cycle, began + DUTY_CYCLE_MS * G_TIME_SPAN_MILLISECOND);
        cycle->ops->turn(cycle->data, false);
    }
    return goes_on;
}

static gpointer run(gpointer data)
{
    while (go_round(data)) {
    }
    return NULL;
}

void duty_cycle_wake(DutyCycle *cycle)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&cycle->lock);

    cycle->woken = true;
    if (!cycle->thread) {
        /* If there can be no thread now, the next call tries again. */
        cycle->thread = g_thread_try_new(cycle->ops->name, run, cycle, NULL);
    }
    g_cond_signal(&cycle->changed);
}

void duty_cycle_free(DutyCycle *cycle)
{
    g_mutex_lock(&cycle->lock);
    cycle->ends = true;
    g_cond_signal(&cycle->changed);
    g_mutex_unlock(&cycle->lock);
    if (cycle->thread) {
        g_thread_join(cycle->thread);
    }
    g_cond_clear(&cycle->changed);
    g_mutex_clear(&cycle->lock);
    g_free(cycle);
}
