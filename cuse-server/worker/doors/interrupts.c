/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/doors/interrupts.h"

#include <signal.h>

/*
 * #syscalls:worker tgkill getpid rt_sigreturn clock_nanosleep clone
 * #syscalls:before rt_sigaction
 */

enum { REPEAT_MICROSECONDS = 10 * 1000 };

struct Interrupts {
    GMutex lock; /* guards what follows; never held while anything waits */
    GCond raised;
    GQueue calls; /* InterruptibleCall: those that were raised and are not over */
    GThread *repeater;
};

/* Do nothing. Running a handler is enough: the interrupted system call ends with EINTR. */
static void on_signal(int number)
{
    (void)number;
}

Interrupts *interrupts_new(void)
{
    Interrupts *interrupts = g_new0(Interrupts, 1);
    const struct sigaction action = {.sa_handler = on_signal}; /* without SA_RESTART */

    g_mutex_init(&interrupts->lock);
    g_cond_init(&interrupts->raised);
    g_queue_init(&interrupts->calls);
    (void)sigaction(SIGUSR1, &action, NULL); /* cannot fail for a valid signal */
    return interrupts;
}

static void kick(gpointer data, gpointer user_data)
{
    const InterruptibleCall *call = data;

    (void)user_data;
    (void)pthread_kill(call->thread, SIGUSR1);
}

/* Repeat the signals of all raised calls. Runs until the process ends. */
static gpointer repeat(gpointer data)
{
    Interrupts *interrupts = data;

    g_mutex_lock(&interrupts->lock);
    for (;;) {
        while (g_queue_is_empty(&interrupts->calls)) {
            g_cond_wait(&interrupts->raised, &interrupts->lock);
        }
        g_mutex_unlock(&interrupts->lock);
        g_usleep(REPEAT_MICROSECONDS);
        g_mutex_lock(&interrupts->lock);
        g_queue_foreach(&interrupts->calls, kick, NULL);
    }
    return NULL;
}

void interrupts_begin(Interrupts *interrupts, InterruptibleCall *call)
{
    *call = (InterruptibleCall){
        .interrupts = interrupts, .thread = pthread_self(), .link = {.data = call}};
}

void interrupts_raise(InterruptibleCall *call)
{
    Interrupts *interrupts = call->interrupts;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&interrupts->lock);

    if (g_atomic_int_exchange(&call->raised, true)) {
        return;
    }
    g_queue_push_tail_link(&interrupts->calls, &call->link);
    kick(call, NULL);
    if (!interrupts->repeater) {
        /* If there is no memory for this thread, only the narrow case is missed: a signal just before the driver. */
        interrupts->repeater = g_thread_try_new("worker-signals", repeat, interrupts, NULL);
    }
    g_cond_signal(&interrupts->raised);
}

void interrupts_end(InterruptibleCall *call)
{
    /* Taking the lock waits until interrupts_raise() has released it, and so does not use the call any more. */
    if (g_atomic_int_get(&call->raised)) {
        g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&call->interrupts->lock);
        g_queue_unlink(&call->interrupts->calls, &call->link);
    }
}
