/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/life/instance-report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib-unix.h>

#include "abi/status.h"
#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/life/instance-status.h"
#include "cuse-server/broker/life/limit-request.h"
#include "cuse-server/broker/life/limit-socket.h"
#include "cuse-server/observe/call-log.h"
#include "cuse-server/observe/explain.h"
#include "cuse-server/observe/run-directory.h"
#include "cuse-server/observe/text-socket.h"

/* #syscalls:broker openat fchmod write rename unlink read close */

enum {
    /* Shortest time between two reads of the ledger, however often the worker notifies: it may be compromised. */
    NOTICE_MILLISECONDS = 100,
    TEXTFILE_SECONDS = 15,
};

struct InstanceReport {
    ReportConfig config;
    Instance *instance;
    LedgerReader reader;
    RefusalList refusals;
    Audit *audit;
    gint64 started;    /* microseconds since 1970 */
    uint64_t restarts; /* of the worker */
    uint64_t lost;     /* events lost before they were read, as reported to audit_lose() */
    TextSocket *control;
    TextSocket *metrics;
    LimitSocket *limits;
    char *textfile;
    guint notice_source;
    guint textfile_source;
};

/* --- refusals --------------------------------------------------------------------------------- */

static void audit_refusal(InstanceReport *report, const LedgerRecord *record)
{
    const RefusedCall call = {(CallKind)record->kind, (Refusal)record->refusal, record->number,
                              record->detail};
    const char *status = record->status == CALL_NO_STATUS ? NULL : nv_status_name(record->status);
    g_autofree char *number = g_strdup_printf("0x%x", record->number);
    g_autofree char *detail = record->detail ? g_strdup_printf("0x%x", record->detail) : NULL;
    g_autofree char *thread = g_strdup_printf("%d", record->tid);
    g_autofree char *name = explain_call(report->config.abi, &call);
    g_autofree char *caps = nv_caps_format(report->config.instance->caps, ",");
    char driver[DRIVER_VERSION_MAX];
    g_autofree char *message =
        g_strdup_printf("Instance '%s' refused %s on %s: %s", report->config.instance->name, name,
                        record->device, refusal_name(call.refusal));
    const AuditField fields[] = {
        {"reason", refusal_name(call.refusal)},
        {"kind", call_kind_name(call.kind)},
        {"device", record->device},
        {"call", name},
        {"number", number},
        {"detail", detail},
        {"errno", record->error > 0 ? strerrorname_np(record->error) : NULL},
        {"status", status},
        {"thread", thread},
        {"driver", driver_version_format(report->config.instance->driver, driver)},
        {"caps", caps},
    };

    audit_event(report->audit, AUDIT_REFUSED, message, fields, G_N_ELEMENTS(fields));
}

/* Read at most as many refusals as the ring holds. Refusals that arrive meanwhile wait for the next read. */
static void read_refusals(InstanceReport *report)
{
    LedgerRecord record;

    ledger_rearm(&report->reader);
    for (int i = 0; i < LEDGER_RECORDS && ledger_next(&report->reader, &record); i++) {
        refusal_list_add(&report->refusals, &record);
        audit_refusal(report, &record);
    }
}

/* --- incidents -------------------------------------------------------------------------------- */

static void audit_incident(InstanceReport *report, const Incident *incident)
{
    g_autofree char *process = g_strdup_printf("%d", incident->process);
    g_autofree char *message =
        g_strdup_printf("Instance '%s': process %s %s", report->config.instance->name, process,
                        incident_explanation(incident->kind));
    const AuditField fields[] = {{"reason", incident_name(incident->kind)}, {"process", process}};

    audit_event(report->audit, incident_event(incident->kind), message, fields,
                G_N_ELEMENTS(fields));
}

/* Read at most INCIDENTS_MAX incidents: guests can cause them faster than the broker can write them. */
static void read_incidents(InstanceReport *report)
{
    Incident incident;

    for (int i = 0;
         i < INCIDENTS_MAX && incidents_next(instance_incidents(report->instance), &incident);
         i++) {
        audit_incident(report, &incident);
    }
}

static void read_news(InstanceReport *report)
{
    uint64_t counts[INCIDENT_KIND_COUNT];

    read_refusals(report);
    read_incidents(report);
    uint64_t lost =
        report->reader.lost + incidents_count(instance_incidents(report->instance), counts);
    audit_lose(report->audit, lost - report->lost);
    report->lost = lost;
}

static gboolean on_notice(gint fd, GIOCondition condition, gpointer data);

static gboolean watch_notices(gpointer data)
{
    InstanceReport *report = data;

    report->notice_source =
        g_unix_fd_add(instance_notices(report->instance), G_IO_IN, on_notice, report);
    return G_SOURCE_REMOVE;
}

static gboolean on_notice(gint fd, GIOCondition condition, gpointer data)
{
    InstanceReport *report = data;
    eventfd_t count;

    (void)condition;
    eventfd_read(fd, &count);
    read_news(report);
    report->notice_source = g_timeout_add(NOTICE_MILLISECONDS, watch_notices, report);
    return G_SOURCE_REMOVE;
}

/* --- status and metrics ----------------------------------------------------------------------- */

static void take_status(InstanceReport *report, InstanceStatus *status)
{
    read_news(report);
    *status = (InstanceStatus){
        .spec = report->config.instance,
        .abi = report->config.abi,
        .quotas = instance_quotas(report->instance),
        .worker = instance_worker_pid(report->instance),
        .started = report->started,
        .restarts = report->restarts,
        .containers = instance_listeners(report->instance),
        .events_dropped = audit_dropped(report->audit),
        .refusals = &report->refusals,
    };
    ledger_read(&report->reader, &status->counts);
    (void)incidents_count(instance_incidents(report->instance), status->incidents);
}

static char *tell_status(gpointer data)
{
    InstanceStatus status;

    take_status(data, &status);
    return instance_status_json(&status);
}

static char *format_metrics(InstanceReport *report, MetricsFormat format)
{
    InstanceStatus status;

    take_status(report, &status);
    return instance_status_metrics(&status, format);
}

static char *tell_metrics(gpointer data)
{
    return format_metrics(data, METRICS_OPENMETRICS);
}

/* Write the metrics to a second file, under a name that node-exporter does not read, and rename it over the first. */
static bool write_textfile(InstanceReport *report)
{
    g_autofree char *text = format_metrics(report, METRICS_PROMETHEUS);
    g_autofree char *beside = g_strconcat(report->textfile, ".new", NULL);
    size_t length = strlen(text);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
    bool ok = fd >= 0 && fchmod(fd, 0644) == 0 && write(fd, text, length) == (ssize_t)length &&
              rename(beside, report->textfile) == 0;
    int saved = errno;

    close_if_open(fd);
    if (fd >= 0 && !ok) {
        unlink(beside);
    }
    errno = saved;
    return ok;
}

static gboolean on_textfile(gpointer data)
{
    InstanceReport *report = data;

    if (!write_textfile(report)) {
        g_printerr("nvcuse: cannot write %s: %s\n", report->textfile, g_strerror(errno));
    }
    return G_SOURCE_CONTINUE;
}

/* --- limits ----------------------------------------------------------------------------------- */

static void audit_limits(InstanceReport *report, const LimitRequest *request)
{
    static const struct {
        LimitChanges kind;
        const char *key;
    } kinds[] = {{LIMIT_GPU_MEMORY, "gpu_memory"},
                 {LIMIT_PINNED_MEMORY, "pinned_memory"},
                 {LIMIT_GPU_SHARE, "gpu_share"},
                 {LIMIT_GPU_CAP, "gpu_cap"},
                 {LIMIT_PAUSED, "paused"}};
    g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GString) text = g_string_new(NULL);
    AuditField fields[G_N_ELEMENTS(kinds)];

    g_string_printf(text, "Instance '%s' has other limits:", report->config.instance->name);
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        char *value = limit_request_text(request, kinds[i].kind);
        fields[i] = (AuditField){kinds[i].key, value};
        g_ptr_array_add(values, value);
        if (value) {
            g_string_append_printf(text, " %s=%s", kinds[i].key, value);
        }
    }
    audit_event(report->audit, AUDIT_LIMITS_CHANGED, text->str, fields, G_N_ELEMENTS(fields));
}

static LimitReply change_limits(const LimitRequest *request, gpointer data)
{
    InstanceReport *report = data;
    const LimitReply reply =
        limit_request_do(request, report->config.instance, instance_quotas(report->instance));

    if (reply.result == LIMIT_CHANGED) {
        audit_limits(report, request);
    }
    return reply;
}

/* --- life ------------------------------------------------------------------------------------- */

static bool open_sockets(InstanceReport *report, GError **error)
{
    const char *name = report->config.instance->name;
    g_autofree char *control = run_directory_path(name, "control");
    g_autofree char *metrics = run_directory_path(name, "metrics");
    g_autofree char *limits = run_directory_path(name, "limits");

    return (report->control =
                text_socket_new(control, "application/json", tell_status, report, error)) &&
           (report->metrics =
                text_socket_new(metrics, METRICS_CONTENT_TYPE, tell_metrics, report, error)) &&
           (report->limits = limit_socket_new(limits, change_limits, report, error));
}

static bool start_textfile(InstanceReport *report, const char *directory, GError **error)
{
    if (!directory) {
        return true;
    }
    report->textfile =
        g_strdup_printf("%s/nvcuse-%s.prom", directory, report->config.instance->name);
    if (!write_textfile(report)) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot write %s: %s",
                    report->textfile, g_strerror(errno));
        return false;
    }
    report->textfile_source = g_timeout_add_seconds(TEXTFILE_SECONDS, on_textfile, report);
    return true;
}

InstanceReport *instance_report_new(const ReportConfig *config, Instance *instance, GError **error)
{
    InstanceReport *report = g_new0(InstanceReport, 1);

    *report = (InstanceReport){
        .config = *config,
        .instance = instance,
        .reader = {.ledger = instance_ledger(instance)},
        .started = g_get_real_time(),
    };
    refusal_list_init(&report->refusals);
    report->audit =
        audit_new(config->audit, config->audit_otherwise, config->instance->name, error);
    if (!report->audit || !open_sockets(report, error) ||
        !start_textfile(report, config->textfile_directory, error)) {
        instance_report_free(report);
        return NULL;
    }
    watch_notices(report);
    instance_report_event(report, AUDIT_STARTED, "is ready");
    return report;
}

void instance_report_event(InstanceReport *report, AuditType type, const char *message)
{
    g_autofree char *worker = g_strdup_printf("%d", instance_worker_pid(report->instance));
    g_autofree char *caps = nv_caps_format(report->config.instance->caps, ",");
    g_autofree char *text =
        g_strdup_printf("Instance '%s' %s", report->config.instance->name, message);
    char driver[DRIVER_VERSION_MAX];
    const AuditField fields[] = {
        {"worker", worker},
        {"driver", driver_version_format(report->config.instance->driver, driver)},
        {"caps", caps},
    };

    audit_event(report->audit, type, text, fields, G_N_ELEMENTS(fields));
}

void instance_report_worker_gone(InstanceReport *report)
{
    read_news(report);
    ledger_renew(&report->reader);
}

void instance_report_worker_restarted(InstanceReport *report)
{
    report->restarts++;
    instance_report_event(report, AUDIT_WORKER_RESTARTED, "has another worker");
}

static void remove_source(guint source)
{
    if (source) {
        g_source_remove(source);
    }
}

void instance_report_free(InstanceReport *report)
{
    if (report->notice_source) {
        read_news(report);
    }
    remove_source(report->notice_source);
    remove_source(report->textfile_source);
    g_clear_pointer(&report->control, text_socket_free);
    g_clear_pointer(&report->metrics, text_socket_free);
    g_clear_pointer(&report->limits, limit_socket_free);
    if (report->textfile) {
        unlink(report->textfile);
        g_free(report->textfile);
    }
    g_clear_pointer(&report->audit, audit_free);
    refusal_list_clear(&report->refusals);
    g_free(report);
}
