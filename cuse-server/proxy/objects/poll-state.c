/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/objects/poll-state.h"

void poll_state_init(PollState *state)
{
    g_mutex_init(&state->lock);
}

void poll_state_clear(PollState *state)
{
    if (state->waiter) {
        state->waiter->drop(state->waiter);
    }
    g_mutex_clear(&state->lock);
}

void poll_state_wait(PollState *state, PollWaiter *waiter)
{
    g_mutex_lock(&state->lock);
    PollWaiter *old = state->waiter;
    state->waiter = waiter;
    g_mutex_unlock(&state->lock);
    if (old) {
        old->drop(old);
    }
}

unsigned poll_state_take(PollState *state, unsigned events)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    unsigned taken = state->seen & events;

    state->seen &= ~taken;
    return taken;
}

void poll_state_keep(PollState *state, unsigned events)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&state->lock);
    state->seen |= events;
}

void poll_state_event(PollState *state, unsigned events)
{
    g_mutex_lock(&state->lock);
    state->seen |= events;
    PollWaiter *waiter = g_steal_pointer(&state->waiter);
    g_mutex_unlock(&state->lock);
    if (waiter) {
        waiter->wake(waiter);
    }
}
