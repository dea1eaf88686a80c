/* SPDX-License-Identifier: Apache-2.0 */
/* A running instance in words for machines. */
#pragma once

#include <sys/types.h>

#include "cuse-server/broker/life/instance.h"
#include "cuse-server/observe/incidents.h"
#include "cuse-server/observe/metrics.h"
#include "cuse-server/observe/refusal-list.h"
#include "cuse-server/wire/ledger.h"

/**
 * InstanceStatus: all that is known.
 * @started: microseconds since 1970
 * @restarts: workers that took the place of one that had ended
 * @containers: seccomp listeners that still have a task
 */
typedef struct {
    const InstanceConfig *config;
    pid_t worker;
    gint64 started;
    uint64_t restarts;
    unsigned containers;
    uint64_t events_dropped;
    LedgerCounts counts;
    uint64_t incidents[INCIDENT_KIND_COUNT];
    const RefusalList *refusals;
} InstanceStatus;

/** instance_status_json: one object in one line, what `nvcuse ps` and `explain` read. */
char *instance_status_json(const InstanceStatus *status);

/** instance_status_metrics: the numbers. */
char *instance_status_metrics(const InstanceStatus *status, MetricsFormat format);
