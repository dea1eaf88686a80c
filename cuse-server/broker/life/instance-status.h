/* SPDX-License-Identifier: Apache-2.0 */
/* Writes the status of a running instance for programs: as JSON and as metrics. */
#pragma once

#include <sys/types.h>

#include "cuse-server/observe/incidents.h"
#include "cuse-server/observe/metrics/metrics.h"
#include "cuse-server/observe/refusal-list.h"
#include "cuse-server/wire/instance-spec.h"
#include "cuse-server/wire/ledger.h"
#include "version-tree/driver-abi.h"

/**
 * InstanceStatus: everything that the broker knows about a running instance.
 * @abi: names the calls that were refused
 * @quotas: the present limits
 * @started: microseconds since 1970
 * @restarts: how many workers have replaced one that had ended
 * @containers: how many seccomp listeners still watch a task
 */
typedef struct {
    const InstanceSpec *spec;
    const DriverAbi *abi;
    const QuotaPage *quotas;
    pid_t worker;
    gint64 started;
    uint64_t restarts;
    unsigned containers;
    uint64_t events_dropped;
    LedgerCounts counts;
    uint64_t incidents[INCIDENT_KIND_COUNT];
    const RefusalList *refusals;
} InstanceStatus;

/** instance_status_json: (transfer full): write the status as one JSON object in one line. `nvcuse ps` and `explain` read it. */
char *instance_status_json(const InstanceStatus *status);

/** instance_status_metrics: (transfer full): write the numbers of the status as metrics. */
char *instance_status_metrics(const InstanceStatus *status, MetricsFormat format);
