/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The specification of an instance: all that broker and worker have to know of it, in one struct without pointers. The command line
 * makes it (cli/options/instance-plan.h), and both get it whole.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#include "cuse-server/wire/device.h"
#include "cuse-server/wire/instance-limits.h"
#include "cuse-server/wire/quota/quota.h"
#include "cuse-server/wire/transport-kind.h"
#include "version-tree/driver-version.h"
#include "version-tree/nv-caps.h"

enum { INSTANCE_NAME_MAX = 48 };

/**
 * WorkerDeath: what the broker does when the worker ends.
 * @WORKER_DEATH_END: nothing: guests' calls fail from then on, and `nvcuse serve` ends
 * @WORKER_DEATH_RESTART: start another worker for the same guests
 */
typedef enum { WORKER_DEATH_END, WORKER_DEATH_RESTART } WorkerDeath;

/**
 * InstanceSpec: an instance. A descriptor that does not exist is -1. The worker has descriptors under the same numbers as the broker.
 * @name: see instance_check_name()
 * @driver: the release in the version tree whose ABI the instance has
 * @caps: the driver capabilities that are open to guests
 * @limits: how much guests may have at once
 * @quota: how much memory guests may hold, at the start
 * @devices, @n_devices: the nodes that guests see
 * @threads: how many calls may be in progress at once
 * @transport: how calls reach the worker
 * @guest_memory: with CUSE, how the worker reaches the memory of callers
 * @on_worker_death: what to do when the worker ends
 * @call_log_fd: the file that the table of calls is written to
 * @record_fd: the file that the recording is written to; @record_limit: its greatest size in bytes
 * @simulation_fd: a recording that answers in place of the driver; then no device of the driver is opened
 * @driver_mark: a file that fails to be read once the driver of the start is no longer loaded (host_driver_mark()). The worker does not
 *     have it. With a recording there is none
 * @scope_gpus: guests can see only the GPUs among @devices, by any route
 * @share_uvm: UVM files are initialised for many processes, without a tie to one address space
 */
typedef struct {
    char name[INSTANCE_NAME_MAX + 1];
    DriverVersion driver;
    NvCaps caps;
    ProxyLimits limits;
    InstanceQuota quota;
    Device devices[DEVICES_MAX];
    unsigned n_devices;
    unsigned threads;
    TransportKind transport;
    GuestMemoryKind guest_memory;
    WorkerDeath on_worker_death;
    int call_log_fd;
    int record_fd;
    uint64_t record_limit;
    int simulation_fd;
    int driver_mark;
    bool scope_gpus;
    bool share_uvm;
} InstanceSpec;

/** instance_is_simulated: tell whether a recording answers in place of the driver. */
static inline bool instance_is_simulated(const InstanceSpec *spec)
{
    return spec->simulation_fd >= 0;
}

/** instance_check_name: check the name of an instance. Returns false with an @error that describes a valid name. */
bool instance_check_name(const char *name, GError **error);
