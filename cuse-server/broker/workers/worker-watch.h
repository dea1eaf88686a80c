/* SPDX-License-Identifier: Apache-2.0 */
/* The end of an instance's worker: another takes its place, or whoever runs the instance is told. */
#pragma once

#include "cuse-server/broker/life/instance-report.h"
#include "cuse-server/broker/life/instance.h"

typedef struct WorkerWatch WorkerWatch;

/** WorkerLostFunc: there is no worker any more, and will be none. */
typedef void (*WorkerLostFunc)(gpointer data);

/**
 * worker_watch_new: watch in the main loop. What happens is said on standard error, and reported.
 * @restart: have another worker take the place of one that has ended, but not for ever: a guest that makes
 *     workers fall would try again with each
 */
WorkerWatch *worker_watch_new(Instance *instance, InstanceReport *report, bool restart,
                              WorkerLostFunc lost, gpointer data);
void worker_watch_free(WorkerWatch *watch);
