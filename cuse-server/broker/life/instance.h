/* SPDX-License-Identifier: Apache-2.0 */
/* An instance: one container's devices, the worker behind them, and the broker's threads around it.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/observe/incidents.h"
#include "cuse-server/wire/device.h"
#include "cuse-server/wire/instance-limits.h"
#include "cuse-server/wire/ledger.h"
#include "cuse-server/wire/transport-kind.h"
#include "version-tree/driver-abi.h"

/**
 * InstanceConfig: what to serve. Everything outlives the instance.
 * @name: letters, digits, '_', '-', '.', at most INSTANCE_NAME_MAX, the first a letter or digit
 * @threads: most calls in progress at once
 * @transport: how calls reach the worker
 * @guest_memory: how callers' memory reaches it, with CUSE
 * @trace_fd: where the table of calls goes, or -1
 * @record_fd: where the recording goes, or -1; @record_limit: bytes that it may become
 * @scope_gpus: the GPUs among @devices are the only ones to be seen, by any route
 * @share_uvm: as in Proxy
 * @simulated: a recording answers in place of the driver, of which nothing is opened
 * @simulation_fd: the file that it is read from, for the worker to read as well; or -1
 * @restart_worker: when the worker has ended, instance_restart_worker() is to have another take its place
 */
typedef struct {
    const char *name;
    const DriverAbi *abi;
    NvCaps caps;
    ProxyLimits limits;
    const Device *devices;
    unsigned n_devices;
    unsigned threads;
    TransportKind transport;
    GuestMemoryKind guest_memory;
    int trace_fd;
    int record_fd;
    uint64_t record_limit;
    bool scope_gpus;
    bool share_uvm;
    bool simulated;
    int simulation_fd;
    bool restart_worker;
} InstanceConfig;

enum { INSTANCE_NAME_MAX = 48 };

typedef struct Instance Instance;

/** instance_check_name: false with @error that says what a name may look like. */
bool instance_check_name(const char *name, GError **error);

/**
 * instance_start: take device numbers or mount the file system, execute the worker, wait until it serves and is
 * locked up. The process must have one thread, and cannot mount, change its user or do for others
 * what takes privileges afterwards (sandbox/broker-lockup.h). Returns NULL with @error set, and nothing left
 * behind.
 */
Instance *instance_start(const InstanceConfig *config, GError **error);

/** instance_worker: a pidfd of the worker, readable when it has ended; owned by the instance. */
int instance_worker(const Instance *instance);

/**
 * instance_worker_fate: (transfer full): how the worker ended, as the rest of a sentence that begins
 * with "the worker ": "was killed by its system call filter ...". instance_stop() says so on standard
 * error if nobody has asked.
 */
char *instance_worker_fate(Instance *instance);

/**
 * instance_restart_worker: the worker has ended: have another serve the same guests, with the same devices. Files
 * that they had open stay dead; the ledger must have been made new (ledger_renew()). For an instance that is to
 * (@restart_worker). Returns false with @error if there is none; then the instance can only be stopped.
 */
bool instance_restart_worker(Instance *instance, GError **error);

/** instance_worker_pid: for people to read. */
pid_t instance_worker_pid(const Instance *instance);

/** instance_ledger: what the worker counts and records; lives as long as the instance. */
Ledger *instance_ledger(const Instance *instance);

/** instance_incidents: what went wrong in guests' processes; lives as long as the instance. */
Incidents *instance_incidents(const Instance *instance);

/** instance_notices: a non-blocking eventfd, readable when there are new records in the ledger, or new
 * incidents. */
int instance_notices(const Instance *instance);

/** instance_listeners: how many listeners still have a task that they watch. */
unsigned instance_listeners(Instance *instance);

/** instance_add_listener: serve a guest's seccomp listener from now on; @fd is owned by the
 * instance. @filters: ListenerConfig.filters */
void instance_add_listener(Instance *instance, int fd, unsigned filters);

/**
 * instance_stop: end the worker, wait until its devices are gone, free everything. Guests that
 * still have files open get errors from them.
 *
 * Returns: false with @error if something stayed behind: the process should end then.
 */
bool instance_stop(Instance *instance, GError **error);
