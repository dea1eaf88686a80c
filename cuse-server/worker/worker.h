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
 * WorkerConfig: everything a worker is told, when it starts.
 * @name: the instance's, for messages
 * @socket: its end of the SOCK_SEQPACKET pair on which it asks the broker
 * @questions: its end of the one on which the broker asks
 * @trace_fd: where the table of calls goes, or -1
 * @record_fd: where the recording goes, or -1; @record_limit: bytes that it may become
 * @scope_gpus: the host's other GPUs are not to be seen
 * @share_uvm: as in Proxy
 * @simulation: answers in place of the driver, or NULL
 * @ledger: what the worker counts in, shared with the broker
 * Everything else as in Proxy, TransportConfig and LockupIdentity.
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
 * worker_main: be the worker, in a process of its own with one thread; never returns. Exit code
 * 0 when the broker closed its end, 1 with a message on standard error otherwise.
 */
G_NORETURN void worker_main(const WorkerConfig *config);

/**
 * worker_filter_text: (transfer full): the system calls that a worker for this driver and these
 * capabilities may make, in words.
 */
char *worker_filter_text(const DriverAbi *abi, NvCaps caps, bool scope_gpus, bool simulated);
