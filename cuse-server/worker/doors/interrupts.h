/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals of guests. A signal that reaches a guest's thread in the middle of a call must end the
 * host's part of that call, as it would end the call natively.
 *
 * The kernel tells a FUSE server that a caller has a signal (FUSE_INTERRUPT). The worker then sends a signal to its own
 * thread that is in the host's driver for that caller. An interruptible wait in the driver ends, and the guest gets
 * the result that the driver makes of that. Nothing else turns the signal into an error: a call that does not wait is
 * carried out, as natively.
 *
 * A signal that comes just before the thread enters the driver ends nothing. The kernel has no
 * way to hold a signal back until that moment (ioctl has no mask of signals, as ppoll has). So the worker repeats the signal
 * for as long as the call lasts.
 *
 * If the driver asks for its call to be restarted after the handler (ERESTARTSYS), the restart does not happen:
 * FUSE takes no such answer, and the guest gets EINTR whatever its SA_RESTART says.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include <glib.h>

typedef struct Interrupts Interrupts;

/**
 * InterruptibleCall: a call in progress. It lives on the stack of the thread that carries it out.
 * @thread: that thread
 * @raised: the call was interrupted
 */
typedef struct {
    Interrupts *interrupts;
    pthread_t thread;
    gint raised; /* atomic */
    GList link;
} InterruptibleCall;

/** interrupts_new: create the state, once in a process. This takes SIGUSR1 for its own use, so no thread may block SIGUSR1. */
Interrupts *interrupts_new(void);

/** interrupts_begin: from now on until interrupts_end(), this thread carries out @call. */
void interrupts_begin(Interrupts *interrupts, InterruptibleCall *call);

/** interrupts_raise: signal the thread of @call, since the caller has a signal. Any thread may call this, but only while @call is
 * in progress. */
void interrupts_raise(InterruptibleCall *call);

/** interrupts_end: the call is over. No thread may raise it any more. */
void interrupts_end(InterruptibleCall *call);
