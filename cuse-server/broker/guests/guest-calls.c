/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guests/guest-calls.h"

struct GuestCalls {
    GMutex lock; /* guards what follows, and @users of every GuestCall in the list */
    GCond unused;
    GCond begun;
    GQueue calls; /* of GuestCall, the latest first; few at a time */
    bool waited;  /* guest_calls_wait() waits for a call now */
    bool woken;   /* guest_calls_wake() was called: guest_calls_wait() does not wait any more */
};

GuestCalls *guest_calls_new(void)
{
    GuestCalls *calls = g_new0(GuestCalls, 1);

    g_mutex_init(&calls->lock);
    g_cond_init(&calls->unused);
    g_cond_init(&calls->begun);
    g_queue_init(&calls->calls);
    return calls;
}

void guest_calls_free(GuestCalls *calls)
{
    g_queue_clear(&calls->calls);
    g_mutex_clear(&calls->lock);
    g_cond_clear(&calls->unused);
    g_cond_clear(&calls->begun);
    g_free(calls);
}

void guest_calls_begin(GuestCalls *calls, GuestCall *call)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&calls->lock);

    g_queue_push_head(&calls->calls, call);
    if (calls->waited) {
        g_cond_signal(&calls->begun);
    }
}

void guest_calls_end(GuestCalls *calls, GuestCall *call)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&calls->lock);

    g_queue_remove(&calls->calls, call);
    while (call->users > 0) {
        g_cond_wait(&calls->unused, &calls->lock);
    }
}

GuestCall *guest_calls_use(GuestCalls *calls, pid_t tid)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&calls->lock);

    for (const GList *at = calls->calls.head; at; at = at->next) {
        GuestCall *call = at->data;
        if (call->tid == tid) {
            call->users++;
            return call;
        }
    }
    return NULL;
}

void guest_calls_unuse(GuestCalls *calls, GuestCall *call)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&calls->lock);

    call->users--;
    g_cond_broadcast(&calls->unused);
}

GArray *guest_calls_wait(GuestCalls *calls)
{
    GArray *waiting = g_array_new(FALSE, FALSE, sizeof(pid_t));
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&calls->lock);

    while (g_queue_is_empty(&calls->calls) && !calls->woken) {
        calls->waited = true;
        g_cond_wait(&calls->begun, &calls->lock);
        calls->waited = false;
    }
    for (const GList *at = calls->calls.head; at; at = at->next) {
        const GuestCall *call = at->data;
        g_array_append_val(waiting, call->tid);
    }
    return waiting;
}

void guest_calls_wake(GuestCalls *calls)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&calls->lock);

    calls->woken = true;
    g_cond_signal(&calls->begun);
}
