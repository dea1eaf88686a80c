/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readiness of an open file. The driver's poll consumes what it reports (kernel-open/nvidia/nv.c,
 * nvidia_poll, clears its flag). Every host event is therefore remembered here until a guest has seen it.
 * It is remembered before a waiter is woken, so that an event is not lost if it comes after the guest has
 * checked and before the guest waits.
 */
#pragma once

#include <glib.h>

/** PollWaiter: a waiter that is woken once. A transport embeds it in its own struct. */
typedef struct PollWaiter PollWaiter;
struct PollWaiter {
    void (*wake)(PollWaiter *waiter); /* also frees it */
    void (*drop)(PollWaiter *waiter); /* frees it unwoken */
};

/**
 * PollState: zero it, then use poll_state_init(), and poll_state_clear() at the end.
 * @seen: host events that have not been reported to a guest yet
 * @waiter: holds the kernel's poll handle of the file; waking it wakes every thread that polls the file
 */
typedef struct {
    GMutex lock;
    unsigned seen;
    PollWaiter *waiter;
} PollState;

void poll_state_init(PollState *state);
void poll_state_clear(PollState *state);

/** poll_state_wait: have @waiter woken by the next event. @waiter: (transfer full): replaces an older waiter,
 * which is dropped unwoken */
void poll_state_wait(PollState *state, PollWaiter *waiter);

/** poll_state_take: return those of @events that are remembered, and forget them. */
unsigned poll_state_take(PollState *state, unsigned events);

/** poll_state_keep: remember @events without waking the waiter. */
void poll_state_keep(PollState *state, unsigned events);

/** poll_state_event: remember @events and wake the waiter. */
void poll_state_event(PollState *state, unsigned events);
