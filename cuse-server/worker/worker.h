/* SPDX-License-Identifier: Apache-2.0 */
/* The unprivileged half of an instance: a process that owns the devices and talks to the host
 * driver. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/recording/simulation.h"
#include "cuse-server/sandbox/lockup.h"
#include "cuse-server/wire/device.h"
#include "cuse-server/worker/doors/transport.h"
#include "version-tree/driver-abi.h"

/**
 * WorkerConfig: everything that a worker is told when it starts.
 * @name: the instance's name, for messages
 * @socket: the worker's end of the SOCK_SEQPACKET pair on which the worker asks the broker
 * @questions: the worker's end of the pair on which the broker asks the worker
 * @trace_fd: where the table of calls is written, or -1
 * @record_fd: where the recording is written, or -1
 * @record_limit: largest size of the recording, in bytes
 * @scope_gpus: hide the host's other GPUs
 * @share_uvm: as in Proxy
 * @simulation: answers in place of the driver, or NULL
 * @ledger: the counters that the worker shares with the broker
 * All other members are as in Proxy, TransportConfig and LockupIdentity.
 */
typedef struct {
    const char *name;
    const DriverAbi *abi;
    NvCaps caps;
    ProxyLimits limits;
    const Device *devices;
    unsigned n_devices;
    TransportConfig transport;
    LockupIdentity identity;
    int socket;
    int questions;
    int trace_fd;
    int record_fd;
    uint64_t record_limit;
    bool scope_gpus;
    bool share_uvm;
    Simulation *simulation;
    Ledger *ledger;
} WorkerConfig;

/**
 * worker_main: run the worker, in a process of its own with one thread. Never returns. The exit code is
 * 0 if the broker closed its end, and 1 with a message on standard error otherwise.
 */
G_NORETURN void worker_main(const WorkerConfig *config);

/**
 * worker_filter_text: describe in words the system calls that a worker for this driver and these
 * capabilities may make. (transfer full)
 */
char *worker_filter_text(const DriverAbi *abi, NvCaps caps, bool scope_gpus, bool simulated);
