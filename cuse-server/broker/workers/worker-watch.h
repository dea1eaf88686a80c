/* SPDX-License-Identifier: Apache-2.0 */
/* Watches an instance's worker. When the worker ends, starts another one, or calls the WorkerLostFunc. */
#pragma once

#include "cuse-server/broker/life/instance-report.h"
#include "cuse-server/broker/life/instance.h"

typedef struct WorkerWatch WorkerWatch;

/** WorkerLostFunc: called when the worker has ended and no other is started. */
typedef void (*WorkerLostFunc)(gpointer data);

/**
 * worker_watch_new: watch the worker in the main loop. Print what happens on standard error, and report it to @report.
 * @on_death: WORKER_DEATH_RESTART: replace a worker that has ended by another, but only a few times a minute: a guest that can
 *     crash a worker would try again with each
 */
WorkerWatch *worker_watch_new(Instance *instance, InstanceReport *report, WorkerDeath on_death,
                              WorkerLostFunc lost, gpointer data);
void worker_watch_free(WorkerWatch *watch);
