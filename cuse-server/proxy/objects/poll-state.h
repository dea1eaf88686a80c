/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readiness of an open file. The driver's poll consumes what it reports (kernel-open/nvidia/nv.c,
 * nvidia_poll, clears its flag), so every host event is remembered here until a guest has seen it,
 * and remembered before anybody is woken: an event between a guest's look and its wait is not lost.
 */
#pragma once

#include <glib.h>

/** PollWaiter: somebody to be woken once; embedded in what a transport knows of them. */
typedef struct PollWaiter PollWaiter;
struct PollWaiter {
    void (*wake)(PollWaiter *waiter); /* also frees it */
    void (*drop)(PollWaiter *waiter); /* frees it unwoken */
};

/**
 * PollState: zero it, init, clear.
 * @seen: events of the host that no guest has been told of yet
 * @waiter: the kernel's poll handle of the file; one wakes all who wait for it
 */
typedef struct {
    GMutex lock;
    unsigned seen;
    PollWaiter *waiter;
} PollState;

void poll_state_init(PollState *state);
void poll_state_clear(PollState *state);

/** poll_state_wait: be woken by the next event; @waiter, owned from now on, takes an older one's
 * place. */
void poll_state_wait(PollState *state, PollWaiter *waiter);

/** poll_state_take: those of @events that were seen; they are not seen any more. */
unsigned poll_state_take(PollState *state, unsigned events);

/** poll_state_keep: remember @events, waking nobody. */
void poll_state_keep(PollState *state, unsigned events);

/** poll_state_event: remember @events and wake who waits. */
void poll_state_event(PollState *state, unsigned events);
