/* SPDX-License-Identifier: Apache-2.0 */
/* The unprivileged half of an instance: a process that owns the devices and talks to the host
 * driver. */
#pragma once

#include <glib.h>

#include "cuse-server/proxy/device.h"
#include "cuse-server/sandbox/lockup.h"
#include "cuse-server/transport/cuse-transport.h"
#include "version-tree/driver-abi.h"

/**
 * WorkerConfig: everything a worker is told, before it is forked.
 * @socket: its end of the broker's SOCK_SEQPACKET pair
 * @trace_fd: where the table of calls goes, or -1
 * Everything else as in Proxy, CuseConfig and LockupIdentity.
 */
typedef struct {
    const DriverAbi *abi;
    NvCaps caps;
    const Device *devices;
    unsigned n_devices;
    CuseConfig cuse;
    LockupIdentity identity;
    int socket;
    int trace_fd;
} WorkerConfig;

/**
 * worker_main: be the worker, in a freshly forked process with one thread; never returns. Exit code
 * 0 when the broker closed its end, 1 with a message on standard error otherwise.
 */
G_NORETURN void worker_main(const WorkerConfig *config);
