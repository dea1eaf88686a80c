/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A duty cycle: a thread that switches something on for a part of each 100 ms, and off for the rest. The thread is started when
 * it is needed for the first time. It sleeps while there is nothing to do.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

typedef struct DutyCycle DutyCycle;

enum { DUTY_CYCLE_MS = 100 };

/**
 * DutyCycleOps: what a duty cycle switches. The thread calls these functions without a lock.
 * @name: of the thread
 * @on_ms: for how many milliseconds of the next cycle it is to be on; DUTY_CYCLE_MS: for all of them, until duty_cycle_wake()
 * @turn: switch it off or on. It is on in the beginning
 */
typedef struct {
    const char *name;
    unsigned (*on_ms)(gpointer data);
    void (*turn)(gpointer data, bool off);
} DutyCycleOps;

/** duty_cycle_new: @ops and @data outlive it. Does not start the thread yet. */
DutyCycle *duty_cycle_new(const DutyCycleOps *ops, gpointer data);

/** duty_cycle_wake: make the thread ask for DutyCycleOps.on_ms, if it sleeps. Starts the thread if it does not run yet. */
void duty_cycle_wake(DutyCycle *cycle);

/** duty_cycle_free: end the thread, after it has switched on. */
void duty_cycle_free(DutyCycle *cycle);
