/* SPDX-License-Identifier: Apache-2.0 */
/* What threads have in common that work now and then: such a thread is started when it is needed for the first time, sleeps until
 * something wakes it, and can be ended while it sleeps. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** Sleeper: zeroed but for @name, @run and @data. @name: of the thread; @run: what the thread runs, with @data */
typedef struct {
    const char *name;
    GThreadFunc run;
    gpointer data;
    GMutex lock; /* guards what follows */
    GCond changed;
    bool woken; /* sleeper_wake() was called since sleeper_wait() returned last */
    bool ends;
    GThread *thread;
} Sleeper;

/** sleeper_wake: wake the thread. Starts it if it does not run yet; if there can be no thread now, the next call tries again. */
void sleeper_wake(Sleeper *sleeper);

/** sleeper_end: wake the thread, and wait until it has ended. It has to end when one of the functions below returns false. */
void sleeper_end(Sleeper *sleeper);

/* The thread calls the functions below. Each returns false at once if the thread is to end. */

/** sleeper_wait: sleep until sleeper_wake(). */
bool sleeper_wait(Sleeper *sleeper);

/** sleeper_wait_until: sleep until a time of g_get_monotonic_time(), whoever wakes the thread. */
bool sleeper_wait_until(Sleeper *sleeper, gint64 time);

/** sleeper_wait_while: the same, but return false as soon as @runs returns false. It is asked each time that the thread is woken, with
 * the lock held. */
bool sleeper_wait_while(Sleeper *sleeper, gint64 time, bool (*runs)(gpointer data), gpointer data);
