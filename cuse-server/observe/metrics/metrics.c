/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/observe/metrics/metrics.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct {
    GString *text;
    MetricsFormat format;
    const char *instance; /* the label of the instance: its key and value */
} Writer;

/*
 * Write the head of a family. The names of a counter's samples end in _total, and those of an info in _info.
 * OpenMetrics names the family without this suffix; the older format names it with the suffix.
 */
static void family(const Writer *writer, const char *name, const char *type, const char *unit,
                   const char *help)
{
    bool open_metrics = writer->format == METRICS_OPENMETRICS;
    bool is_counter = strcmp(type, "counter") == 0;
    bool is_info = strcmp(type, "info") == 0;
    const char *suffix = "";

    if (!open_metrics) {
        suffix = is_counter ? "_total" : is_info ? "_info" : "";
        type = is_info ? "gauge" : type;
    }
    g_string_append_printf(writer->text, "# TYPE %s%s %s\n", name, suffix, type);
    if (open_metrics && unit) {
        g_string_append_printf(writer->text, "# UNIT %s %s\n", name, unit);
    }
    g_string_append_printf(writer->text, "# HELP %s%s %s\n", name, suffix, help);
}

/* Write a sample. @labels: more labels, each with a comma before it */
static void sample(const Writer *writer, const char *name, const char *labels, uint64_t value)
{
    g_string_append_printf(writer->text, "%s{%s%s} %" G_GUINT64_FORMAT "\n", name, writer->instance,
                           labels, value);
}

/* Write a sample with a fraction. Uses a decimal point, whatever the locale. */
static void sample_double(const Writer *writer, const char *name, const char *labels, double value)
{
    char digits[G_ASCII_DTOSTR_BUF_SIZE];

    g_ascii_formatd(digits, sizeof digits, "%.9f", value);
    g_string_append_printf(writer->text, "%s{%s%s} %s\n", name, writer->instance, labels, digits);
}

static void gauge(const Writer *writer, const char *name, const char *help, uint64_t value)
{
    family(writer, name, "gauge", NULL, help);
    sample(writer, name, "", value);
}

static void write_calls(const Writer *writer, const LedgerCounts *counts)
{
    family(writer, "nvcuse_calls", "counter", NULL, "Finished calls of guests.");
    for (int k = 0; k < CALL_KIND_COUNT; k++) {
        g_autofree char *labels = g_strdup_printf(",kind=\"%s\"", call_kind_name((CallKind)k));
        sample(writer, "nvcuse_calls_total", labels, counts->calls[k]);
    }
    family(writer, "nvcuse_refused_calls", "counter", NULL,
           "Calls that nvcuse refused, by reason.");
    for (int r = REFUSAL_NONE + 1; r < REFUSAL_COUNT; r++) {
        g_autofree char *labels = g_strdup_printf(",reason=\"%s\"", refusal_name((Refusal)r));
        sample(writer, "nvcuse_refused_calls_total", labels, counts->refused[r]);
    }
}

static void write_incidents(const Writer *writer, const uint64_t *incidents)
{
    family(writer, "nvcuse_agent_incidents", "counter", NULL,
           "Processes that nvcuse killed for interfering with its agent, or refused a mapping or a "
           "file.");
    for (int k = 0; k < INCIDENT_KIND_COUNT; k++) {
        g_autofree char *labels = g_strdup_printf(",reason=\"%s\"", incident_name((IncidentKind)k));
        sample(writer, "nvcuse_agent_incidents_total", labels, incidents[k]);
    }
}

/* Add two counters of the worker, which may contain any value. The sum stops at its maximum instead of overflowing. */
static uint64_t add_saturating(uint64_t a, uint64_t b)
{
    uint64_t sum;

    return g_uint64_checked_add(&sum, a, b) ? sum : G_MAXUINT64;
}

static void write_histogram(const Writer *writer, const LedgerCounts *counts, CallKind kind)
{
    const char *name = call_kind_name(kind);
    g_autofree char *labels = g_strdup_printf(",kind=\"%s\"", name);
    uint64_t total = 0;

    for (int b = 0; b < LEDGER_BUCKETS; b++) {
        char bound[G_ASCII_DTOSTR_BUF_SIZE] = "+Inf";
        if (b < LEDGER_BUCKETS - 1) {
            g_ascii_formatd(bound, sizeof bound, "%g", (double)ledger_bucket_bounds[b] / 1e9);
        }
        g_autofree char *bucket = g_strdup_printf("%s,le=\"%s\"", labels, bound);
        total = add_saturating(total, counts->buckets[kind][b]);
        sample(writer, "nvcuse_call_duration_seconds_bucket", bucket, total);
    }
    sample(writer, "nvcuse_call_duration_seconds_count", labels, total);
    sample_double(writer, "nvcuse_call_duration_seconds_sum", labels,
                  (double)counts->nanoseconds[kind] / 1e9);
}

static void write_durations(const Writer *writer, const LedgerCounts *counts)
{
    family(writer, "nvcuse_call_duration_seconds", "histogram", "seconds",
           "Time from reading a call's parameters to answering it.");
    for (int k = 0; k < CALL_KIND_COUNT; k++) {
        write_histogram(writer, counts, (CallKind)k);
    }
}

/* Write a gauge of GPU memory. @member: its offset in a MemoryFigure. Leaves out GPUs without limit if @limits is set. */
static void write_gpu_memory(const Writer *writer, const char *name, const char *help,
                             const MemoryReport *memory, size_t member, bool limits)
{
    bool begun = false;

    for (unsigned i = 0; i < memory->n_gpus; i++) {
        const MemoryFigure *figure = &memory->gpus[i];
        g_autofree char *labels = g_strdup_printf(",gpu=\"%s\"", figure->gpu);
        if (limits && figure->limit == QUOTA_UNLIMITED) {
            continue;
        }
        if (!begun) {
            family(writer, name, "gauge", "bytes", help);
            begun = true;
        }
        sample(writer, name, labels, *(const uint64_t *)((const char *)figure + member));
    }
}

static void write_pinned(const Writer *writer, const char *name, const char *help, uint64_t bytes)
{
    family(writer, name, "gauge", "bytes", help);
    sample(writer, name, "", bytes);
}

static void write_memory(const Writer *writer, const MemoryReport *memory)
{
    write_gpu_memory(writer, "nvcuse_gpu_memory_used_bytes", "GPU memory that guests hold.", memory,
                     offsetof(MemoryFigure, use.used), false);
    write_gpu_memory(writer, "nvcuse_gpu_memory_peak_bytes",
                     "The most GPU memory that guests have held.", memory,
                     offsetof(MemoryFigure, use.peak), false);
    write_gpu_memory(writer, "nvcuse_gpu_memory_limit_bytes",
                     "GPU memory that guests may hold, where there is a limit.", memory,
                     offsetof(MemoryFigure, limit), true);
    write_pinned(writer, "nvcuse_pinned_memory_used_bytes",
                 "Memory of the host that the driver has allocated for guests.",
                 memory->pinned.use.used);
    write_pinned(writer, "nvcuse_pinned_memory_peak_bytes",
                 "The most memory of the host that the driver has allocated for guests at once.",
                 memory->pinned.use.peak);
    if (memory->pinned.limit != QUOTA_UNLIMITED) {
        write_pinned(writer, "nvcuse_pinned_memory_limit_bytes",
                     "Memory of the host that the driver may allocate for guests.",
                     memory->pinned.limit);
    }
}

static void write_gpu_times(const Writer *writer, const Metrics *metrics)
{
    if (metrics->n_gpu_times) {
        family(writer, "nvcuse_gpu_time_seconds", "counter", "seconds",
               "Time in which guests computed on a GPU, by the driver's samples.");
    }
    for (unsigned i = 0; i < metrics->n_gpu_times; i++) {
        g_autofree char *labels = g_strdup_printf(",gpu=\"%s\"", metrics->gpu_times[i].gpu);
        sample_double(writer, "nvcuse_gpu_time_seconds_total", labels,
                      (double)metrics->gpu_times[i].nanoseconds / 1e9);
    }
}

static void write_time(const Writer *writer, const Metrics *metrics)
{
    write_gpu_times(writer, metrics);
    gauge(writer, "nvcuse_paused", "1 if the guests are kept off the GPUs, else 0.",
          metrics->paused);
    if (metrics->gpu_share) {
        gauge(writer, "nvcuse_gpu_share", "Weight of the guests' time slices; 100 is one.",
              metrics->gpu_share);
    }
    if (metrics->gpu_cap) {
        family(writer, "nvcuse_gpu_cap_ratio", "gauge", "ratio",
               "Part of the time in which guests may run on the GPUs.");
        sample_double(writer, "nvcuse_gpu_cap_ratio", "", (double)metrics->gpu_cap / QUOTA_CAP_MAX);
    }
}

char *metrics_format(const Metrics *metrics, MetricsFormat format)
{
    /* An instance's name has no character that would have to be escaped (instance_check_name). */
    g_autofree char *instance = g_strdup_printf("instance=\"%s\"", metrics->instance);
    g_autofree char *driver =
        g_strdup_printf(",driver=\"%s\",version=\"%s\"", metrics->driver, NVCUSE_VERSION);
    Writer writer = {g_string_new(NULL), format, instance};

    family(&writer, "nvcuse_instance", "info", NULL,
           "A running instance, its driver and nvcuse's version.");
    sample(&writer, "nvcuse_instance_info", driver, 1);
    family(&writer, "nvcuse_start_time_seconds", "gauge", "seconds",
           "Time at which the instance became ready, in seconds since 1970.");
    sample_double(&writer, "nvcuse_start_time_seconds", "", metrics->started);
    family(&writer, "nvcuse_worker_restarts", "counter", NULL, "Restarts of the worker.");
    sample(&writer, "nvcuse_worker_restarts_total", "", metrics->restarts);
    gauge(&writer, "nvcuse_containers", "Containers with a running process under nvcuse's filter.",
          metrics->containers);
    gauge(&writer, "nvcuse_open_files",
          "Device files that guests have open in the driver, including closed ones that are still "
          "mapped.",
          metrics->counts.files);
    gauge(&writer, "nvcuse_clients", "Clients of guests in the driver.", metrics->counts.clients);
    gauge(&writer, "nvcuse_objects", "Objects of guests in the driver, including clients.",
          metrics->counts.objects);
    write_memory(&writer, &metrics->memory);
    write_time(&writer, metrics);
    write_calls(&writer, &metrics->counts);
    write_incidents(&writer, metrics->incidents);
    write_durations(&writer, &metrics->counts);
    family(&writer, "nvcuse_audit_events_dropped", "counter", NULL,
           "Audit events that were not written.");
    sample(&writer, "nvcuse_audit_events_dropped_total", "", metrics->events_dropped);
    if (format == METRICS_OPENMETRICS) {
        g_string_append(writer.text, "# EOF\n");
    }
    return g_string_free(writer.text, FALSE);
}
