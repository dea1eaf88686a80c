/* SPDX-License-Identifier: Apache-2.0 */
/* The unprivileged half of an instance: a process that owns the devices and talks to the host
 * driver. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/recording/simulation/simulation.h"
#include "cuse-server/wire/ledger.h"
#include "cuse-server/wire/quota/quota.h"
#include "cuse-server/wire/worker-spec.h"
#include "version-tree/driver-abi.h"

/**
 * WorkerConfig: everything that a worker is told when it starts.
 * @simulation: answers in place of the driver, or NULL
 * @ledger: the counters that the worker shares with the broker
 * @quotas: the present limits, which the broker may change at any time
 */
typedef struct {
    const WorkerSpec *spec;
    const DriverAbi *abi;
    Simulation *simulation;
    Ledger *ledger;
    const QuotaPage *quotas;
} WorkerConfig;

/**
 * worker_main: run the worker, in a process of its own with one thread. Never returns. The exit code is
 * 0 if the broker closed its end, and 1 with a message on standard error otherwise.
 */
G_NORETURN void worker_main(const WorkerConfig *config);

/** worker_filter_text: (transfer full): describe in words the system calls that the worker of such an instance may make. */
char *worker_filter_text(const InstanceSpec *spec, const DriverAbi *abi);
