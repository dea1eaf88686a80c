/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guests/call-watch.h"

#include <stdbool.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-thread.h"

/*
 * #syscalls:broker close clock_nanosleep
 * #syscalls:before clone
 */

/*
 * A signal for a whole process is pending at all of its threads for a moment, until one of them takes it. So a signal
 * counts as the caller's own only if two looks in a row find it.
 */
enum { LOOK_MICROSECONDS = 10 * 1000, LOOKS_WITH_SIGNAL = 2 };

struct CallWatch {
    GuestCalls *calls;
    WorkerLink *worker;
    GThread *thread;
    gint stop; /* atomic */
};

/* Is the caller gone, or does it have a signal? */
static bool is_over(const GuestCall *call)
{
    bool signalled = guest_thread_has_signal(call->tid);

    /* If the caller still waits, what was read is its own: the thread id has not been reused. */
    return !notification_is_valid(call->listener, call->id) || signalled;
}

static void interrupt(const CallWatch *watch, const GuestCall *call)
{
    WorkerQuestion question = {.op = WORKER_INTERRUPT, .ioctl = {.tid = call->tid}};
    int fd = -1;

    (void)worker_link_ask(watch->worker, &question, 0, -1,
                          &fd); /* if the call has already ended, all the better */
    close_if_open(fd);
}

static void look_at(const CallWatch *watch, pid_t tid)
{
    GuestCall *call = guest_calls_use(watch->calls, tid);

    if (!call) {
        return;
    }
    call->signals = is_over(call) ? call->signals + 1 : 0;
    if (call->signals == LOOKS_WITH_SIGNAL) {
        interrupt(watch, call);
    }
    guest_calls_unuse(watch->calls, call);
}

static gpointer watch_calls(gpointer data)
{
    const CallWatch *watch = data;

    while (!g_atomic_int_get(&watch->stop)) {
        g_autoptr(GArray) waiting = guest_calls_wait(watch->calls);
        for (guint i = 0; i < waiting->len; i++) {
            look_at(watch, g_array_index(waiting, pid_t, i));
        }
        g_usleep(LOOK_MICROSECONDS);
    }
    return NULL;
}

CallWatch *call_watch_start(GuestCalls *calls, WorkerLink *worker)
{
    CallWatch *watch = g_new0(CallWatch, 1);

    watch->calls = calls;
    watch->worker = worker;
    watch->thread = g_thread_new("broker-signals", watch_calls, watch);
    return watch;
}

void call_watch_stop(CallWatch *watch)
{
    g_atomic_int_set(&watch->stop, true);
    guest_calls_wake(watch->calls);
    g_thread_join(watch->thread);
    g_free(watch);
}
