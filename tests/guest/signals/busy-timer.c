/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/guest/signals/busy-timer.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/time.h>

static atomic_uint handled;

static void on_alarm(int number)
{
    (void)number;
    atomic_fetch_add(&handled, 1);
}

void busy_timer_set(suseconds_t every)
{
    const struct sigaction action = {.sa_handler = on_alarm};
    const struct itimerval timer = {{0, every}, {0, every}};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

unsigned busy_timer_signals(void)
{
    return atomic_load(&handled);
}
