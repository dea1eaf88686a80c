/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals of guests: one that reaches a thread of a guest in the middle of a call must end the
 * host's part of that call as it would end the call natively.
 *
 * The kernel tells a FUSE server that a caller has a signal (FUSE_INTERRUPT). The thread that is in
 * the host's driver for that caller is then sent a signal of its own, so that a wait of the driver's
 * that is interruptible ends, and what the driver makes of it is what the guest gets. Nothing else
 * makes an error of it: a call that does not wait is carried out, as natively.
 *
 * A signal that comes just before the thread enters the driver ends nothing, and the kernel has no
 * way to let one wait for that moment (ioctl has no mask of signals, as ppoll has). So the signal is
 * repeated for as long as the call lasts.
 *
 * A driver that asks for its call to be restarted after the handler (ERESTARTSYS) does so in vain:
 * FUSE takes no such answer, and the guest gets EINTR whatever its SA_RESTART says.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include <glib.h>

typedef struct Interrupts Interrupts;

/**
 * InterruptibleCall: a call in progress, on the stack of the thread that carries it out.
 * @thread: that thread
 * @raised: it was interrupted
 */
typedef struct {
    Interrupts *interrupts;
    pthread_t thread;
    gint raised; /* atomic */
    GList link;
} InterruptibleCall;

/** interrupts_new: once in a process; takes SIGUSR1 for itself, which no thread may block. */
Interrupts *interrupts_new(void);

/** interrupts_begin: from now on until interrupts_end(), this thread carries out @call. */
void interrupts_begin(Interrupts *interrupts, InterruptibleCall *call);

/** interrupts_raise: the caller has a signal. From any thread, only while @call is in progress. */
void interrupts_raise(InterruptibleCall *call);

/** interrupts_end: the call is over; nobody may raise it any more. */
void interrupts_end(InterruptibleCall *call);
