/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches for signals of guests whose calls wait at a listener. The kernel tells a FUSE server of such a signal
 * (worker/doors/interrupts.h), but it does not tell a listener. So a thread of the broker looks at every call in progress
 * again and again. When the caller has a signal, or no longer waits, the thread tells the worker, so that the host's part
 * of the call ends as it would end natively.
 */
#pragma once

#include "cuse-server/broker/guests/guest-calls.h"
#include "cuse-server/broker/workers/worker-link.h"

typedef struct CallWatch CallWatch;

/** call_watch_start: watch all calls in @calls from now on. @calls and @worker outlive the watch. */
CallWatch *call_watch_start(GuestCalls *calls, WorkerLink *worker);

/** call_watch_stop: stop and free the watch. Call it after the worker has ended: else a question
 * to it may never return. */
void call_watch_stop(CallWatch *watch);
