/* SPDX-License-Identifier: Apache-2.0 */
/* Writes an instance's numbers as text for monitoring. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/observe/incidents.h"
#include "cuse-server/observe/metrics/memory-report.h"
#include "cuse-server/wire/ledger.h"

/** MetricsFormat: the format of the text. */
typedef enum {
    METRICS_OPENMETRICS, /* OpenMetrics 1.0 */
    METRICS_PROMETHEUS,  /* Prometheus' text format 0.0.4, which node-exporter's textfiles use */
} MetricsFormat;

#define METRICS_CONTENT_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/** GpuTime: for how long guests have computed on a GPU. @gpu: its device minor */
typedef struct {
    char gpu[12];
    uint64_t nanoseconds;
} GpuTime;

/**
 * Metrics: the numbers of an instance.
 * @instance, @driver: labels; the driver is the version whose tables are used
 * @started: seconds since 1970
 * @restarts: how many times a new worker took the place of one that had ended
 * @containers: seccomp listeners that still have a task
 * @events_dropped: audit events that were not written
 * @incidents: by kind
 * @memory: instead of what is in @counts
 * @gpu_share, @gpu_cap, @paused: see QuotaPage
 * @gpu_times, @n_gpu_times: one for each of the instance's GPUs
 */
typedef struct {
    const char *instance;
    const char *driver;
    double started;
    uint64_t restarts;
    unsigned containers;
    uint64_t events_dropped;
    LedgerCounts counts;
    uint64_t incidents[INCIDENT_KIND_COUNT];
    MemoryReport memory;
    uint32_t gpu_share;
    uint32_t gpu_cap;
    bool paused;
    GpuTime gpu_times[QUOTA_GPUS_MAX];
    unsigned n_gpu_times;
} Metrics;

/** metrics_format: write the whole text. The caller frees it. */
char *metrics_format(const Metrics *metrics, MetricsFormat format);
