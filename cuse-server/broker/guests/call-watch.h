/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals of guests whose calls wait at a listener. There the kernel does not tell us of one, as it does a
 * FUSE server (worker/doors/interrupts.h): a call that lasts is looked at again and again, and when its
 * caller has a signal, or waits no more, the worker is told, so that the host's part of the call ends as
 * it would end natively.
 */
#pragma once

#include "cuse-server/broker/guests/guest-calls.h"
#include "cuse-server/broker/workers/worker-link.h"

typedef struct CallWatch CallWatch;

/** call_watch_start: watch all calls in @calls from now on. Both outlive it. */
CallWatch *call_watch_start(GuestCalls *calls, WorkerLink *worker);

/** call_watch_stop: after the worker has ended, or no question to it would come back. */
void call_watch_stop(CallWatch *watch);
