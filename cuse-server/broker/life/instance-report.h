/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports a running instance to its operators: by the sockets in its run directory, by audit events, and by a text
 * file for node-exporter. The report runs in the broker's main loop, and never delays a call.
 */
#pragma once

#include "cuse-server/broker/life/instance.h"
#include "cuse-server/observe/audit.h"
#include "version-tree/driver-abi.h"

/**
 * ReportConfig: what is reported, and where. All that it points to outlives the report.
 * @abi: names the calls that were refused
 * @audit: where audit events go, as in audit_new(); @audit_otherwise: used instead of the journal if there is no journal
 * @textfile_directory: where the report writes nvcuse-NAME.prom every 15 seconds, or NULL
 */
typedef struct {
    const InstanceSpec *instance;
    const DriverAbi *abi;
    const char *audit;
    const char *audit_otherwise;
    const char *textfile_directory;
} ReportConfig;

typedef struct InstanceReport InstanceReport;

/** instance_report_new: start to report a running instance, and write the event "started". The instance's run directory must
 * exist (observe/run-directory.h). */
InstanceReport *instance_report_new(const ReportConfig *config, Instance *instance, GError **error);

/** instance_report_event: write an audit event about the instance itself. */
void instance_report_event(InstanceReport *report, AuditType type, const char *message);

/** instance_report_worker_gone: read the refusals and incidents that the ended worker left, and renew the ledger. The
 * counts of the next worker are added to those of this one. */
void instance_report_worker_gone(InstanceReport *report);

/** instance_report_worker_restarted: count a restart of the worker, and write an event about it. */
void instance_report_worker_restarted(InstanceReport *report);

/**
 * instance_report_free: read the refusals and incidents that the worker left, and remove the sockets and files. Call it
 * before instance_stop(), which frees the ledger and the incidents that this function reads.
 */
void instance_report_free(InstanceReport *report);
