/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/threads/duty-cycle.h"

#include "cuse-server/base/threads/sleeper.h"

struct DutyCycle {
    const DutyCycleOps *ops;
    gpointer data;
    Sleeper sleeper;
};

/* One cycle. Returns false if it was the last one. */
static bool go_round(DutyCycle *cycle)
{
    const gint64 began = g_get_monotonic_time();
    const unsigned on_ms = cycle->ops->on_ms(cycle->data);

    if (on_ms >= DUTY_CYCLE_MS) {
        return sleeper_wait(&cycle->sleeper);
    }
    bool goes_on = sleeper_wait_until(&cycle->sleeper, began + on_ms * G_TIME_SPAN_MILLISECOND);
    if (goes_on) {
        cycle->ops->turn(cycle->data, true);
        goes_on =
            sleeper_wait_until(&cycle->sleeper, began + DUTY_CYCLE_MS * G_TIME_SPAN_MILLISECOND);
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

DutyCycle *duty_cycle_new(const DutyCycleOps *ops, gpointer data)
{
    DutyCycle *cycle = g_new(DutyCycle, 1);

    *cycle = (DutyCycle){
        .ops = ops, .data = data, .sleeper = {.name = ops->name, .run = run, .data = cycle}};
    return cycle;
}

void duty_cycle_wake(DutyCycle *cycle)
{
    sleeper_wake(&cycle->sleeper);
}

void duty_cycle_free(DutyCycle *cycle)
{
    sleeper_end(&cycle->sleeper);
    g_free(cycle);
}
