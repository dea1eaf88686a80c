/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a running instance tells its operators: the sockets in its run directory, audit events, a text
 * file for node-exporter. In the broker's main loop, and never in the way of a call.
 */
#pragma once

#include "cuse-server/broker/life/instance.h"
#include "cuse-server/observe/audit.h"

/**
 * ReportConfig: what the operator wants. Everything outlives the report.
 * @audit: as in audit_new(); @audit_otherwise: in place of the journal, if there is none
 * @textfile_directory: where NAME.prom is written now and then, or NULL
 */
typedef struct {
    const InstanceConfig *instance;
    const char *audit;
    const char *audit_otherwise;
    const char *textfile_directory;
} ReportConfig;

typedef struct InstanceReport InstanceReport;

/** instance_report_new: begin to report of a running instance; the event "started" is written. */
InstanceReport *instance_report_new(const ReportConfig *config, Instance *instance, GError **error);

/** instance_report_event: write an event of the instance's life. */
void instance_report_event(InstanceReport *report, AuditType type, const char *message);

/** instance_report_worker_gone: read what the worker left; the next one's numbers are added to its. */
void instance_report_worker_gone(InstanceReport *report);

/** instance_report_worker_restarted: another has taken its place; an event says so. */
void instance_report_worker_restarted(InstanceReport *report);

/**
 * instance_report_free: read what the worker left, remove sockets and files. Comes before
 * instance_stop(), which frees what is read.
 */
void instance_report_free(InstanceReport *report);
