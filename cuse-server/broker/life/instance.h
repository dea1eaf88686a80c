/* SPDX-License-Identifier: Apache-2.0 */
/* An instance: the devices of one container, the worker that serves them, and the broker's threads.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/observe/incidents.h"
#include "cuse-server/wire/instance-spec.h"
#include "cuse-server/wire/ledger.h"

typedef struct Instance Instance;

/** instance_new: make an instance that has neither a worker nor a thread yet. @spec: outlives the instance */
Instance *instance_new(const InstanceSpec *spec);

/**
 * instance_start_worker: take device numbers or mount the file system, execute the worker, and make nodes of the host's devices.
 * The calling process must have one thread, and root's privileges. Returns false with @error set; then call instance_stop().
 */
bool instance_start_worker(Instance *instance, GError **error);

/**
 * instance_serve: start the threads that answer the worker, and wait until the worker serves and is locked up. Call it after
 * lockup_broker(). Returns false with @error set; then call instance_stop().
 */
bool instance_serve(Instance *instance, GError **error);

/** instance_worker: return a pidfd of the worker. It is readable when the worker has ended. The instance owns it. */
int instance_worker(const Instance *instance);

/** instance_driver_changed: tell whether the worker was killed because the host's driver has changed since the instance started. Another
 * worker would have the same tables. */
bool instance_driver_changed(const Instance *instance);

/**
 * instance_worker_fate: (transfer full): describe how the worker ended, as the rest of a sentence that begins
 * with "the worker ": "was killed by its system call filter ...". If this function was not called and the worker did not
 * end with exit status 0, instance_stop() prints the description on standard error.
 */
char *instance_worker_fate(Instance *instance);

/**
 * instance_restart_worker: replace a worker that has ended. The new worker serves the same guests with the same devices.
 * Files that guests had open stay dead. Call ledger_renew() before. The instance must have
 * WORKER_DEATH_RESTART.
 * Returns: false with @error if no worker could be started; then the instance can only be stopped.
 */
bool instance_restart_worker(Instance *instance, GError **error);

/** instance_worker_pid: return the worker's process id, for messages to people. */
pid_t instance_worker_pid(const Instance *instance);

/** instance_ledger: return the ledger, where the worker counts and records. It lives as long as the instance. */
Ledger *instance_ledger(const Instance *instance);

/** instance_quotas: return the page of quotas. What is written there holds at once, also for the next worker. It lives as long as
 * the instance. */
QuotaPage *instance_quotas(const Instance *instance);

/** instance_incidents: return the list of what went wrong in guest processes. It lives as long as the instance. */
Incidents *instance_incidents(const Instance *instance);

/** instance_notices: return a non-blocking eventfd. It is readable when there are new records in the ledger or new
 * incidents. */
int instance_notices(const Instance *instance);

/** instance_listeners: count the listeners that still watch a task. */
unsigned instance_listeners(Instance *instance);

/** instance_add_listener: serve a guest's seccomp listener from now on. The instance takes ownership of @fd.
 * @filters: ListenerConfig.filters */
void instance_add_listener(Instance *instance, int fd, unsigned filters);

/**
 * instance_stop: end the worker, wait until its devices are gone, and free everything. Guests that
 * still have files open get errors from them.
 *
 * Returns: false with @error if something stayed behind. Then the calling process should end.
 */
bool instance_stop(Instance *instance, GError **error);
