/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/life/instance-status.h"

#include <string.h>
#include <unistd.h>

#include "abi/status.h"
#include "cuse-server/base/json/json-output.h"
#include "cuse-server/observe/call-log.h"
#include "cuse-server/observe/explain.h"
#include "cuse-server/wire/quota/quota-text.h"

/* #syscalls:broker getpid */

/* Limit a count to the 63 bits of JSON's integers. The worker can write any value into the ledger. */
static gint64 number_of(uint64_t count)
{
    return (gint64)MIN(count, (uint64_t)G_MAXINT64);
}

static uint64_t add_up(const uint64_t *counts, size_t n)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        sum = g_uint64_checked_add(&sum, sum, counts[i]) ? sum : G_MAXUINT64;
    }
    return sum;
}

static void add_devices(JsonBuilder *json, const InstanceSpec *spec)
{
    json_builder_set_member_name(json, "gpus");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < spec->n_devices; i++) {
        const char *minor = spec->devices[i].name + strlen("nvidia");
        if (spec->devices[i].kind == DEVICE_FRONTEND && g_ascii_isdigit(*minor)) {
            json_builder_add_int_value(json, g_ascii_strtoll(minor, NULL, 10));
        }
    }
    json_builder_end_array(json);
    json_builder_set_member_name(json, "devices");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < spec->n_devices; i++) {
        json_builder_add_string_value(json, spec->devices[i].name);
    }
    json_builder_end_array(json);
}

static void make_memory(const InstanceStatus *status, MemoryReport *memory)
{
    memory_report_make(memory, status->spec, status->quotas, &status->counts.memory);
}

static void add_figure(JsonBuilder *json, const MemoryFigure *figure)
{
    json_builder_begin_object(json);
    if (*figure->gpu) {
        json_member_string(json, "gpu", figure->gpu);
    }
    json_member_int(json, "used", number_of(figure->use.used));
    json_member_int(json, "peak", number_of(figure->use.peak));
    if (figure->limit == QUOTA_UNLIMITED) {
        json_member_string(json, "limit", NULL);
    } else {
        json_member_int(json, "limit", number_of(figure->limit));
    }
    json_builder_end_object(json);
}

static void add_memory(JsonBuilder *json, const InstanceStatus *status)
{
    MemoryReport memory;

    make_memory(status, &memory);
    json_builder_set_member_name(json, "gpu_memory");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < memory.n_gpus; i++) {
        add_figure(json, &memory.gpus[i]);
    }
    json_builder_end_array(json);
    json_builder_set_member_name(json, "pinned_memory");
    add_figure(json, &memory.pinned);
    json_member_string(json, "managed_memory", managed_memory_name(status->spec->quota.managed));
}

/* List the GPUs' times, by the worker. Returns how many there are. */
static unsigned list_gpu_times(const InstanceStatus *status, GpuTime *times)
{
    const InstanceSpec *spec = status->spec;
    unsigned n = 0;

    for (unsigned i = 0; i < spec->n_devices && n < QUOTA_GPUS_MAX; i++) {
        if (device_is_gpu(&spec->devices[i])) {
            g_snprintf(times[n].gpu, sizeof times[n].gpu, "%u", minor(spec->devices[i].number));
            times[n].nanoseconds = status->counts.gpu_time[n];
            n++;
        }
    }
    return n;
}

static void add_gpu_times(JsonBuilder *json, const InstanceStatus *status)
{
    GpuTime times[QUOTA_GPUS_MAX];
    const unsigned n = list_gpu_times(status, times);

    json_builder_set_member_name(json, "gpu_time");
    json_builder_begin_array(json);
    for (unsigned i = 0; i < n; i++) {
        json_builder_begin_object(json);
        json_member_string(json, "gpu", times[i].gpu);
        json_member_int(json, "microseconds", number_of(times[i].nanoseconds / 1000));
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_member_int(json, "gpu_time_read", MAX(status->counts.gpu_time_read, 0));
}

/* Add a number, or null if it is 0. */
static void add_optional(JsonBuilder *json, const char *name, uint32_t number)
{
    if (number) {
        json_member_int(json, name, number);
    } else {
        json_member_string(json, name, NULL);
    }
}

static void add_time(JsonBuilder *json, const InstanceStatus *status)
{
    add_gpu_times(json, status);
    add_optional(json, "gpu_share", atomic_load(&status->quotas->gpu_share));
    add_optional(json, "gpu_cap", atomic_load(&status->quotas->gpu_cap));
    json_member_boolean(json, "paused", atomic_load(&status->quotas->paused) != 0);
    json_member_boolean(json, "limits_followed",
                        status->counts.quotas == atomic_load(&status->quotas->changes));
}

static void add_counts(JsonBuilder *json, const LedgerCounts *counts)
{
    json_member_int(json, "files", counts->files);
    json_member_int(json, "clients", counts->clients);
    json_member_int(json, "objects", counts->objects);
    json_member_int(json, "calls", number_of(add_up(counts->calls, CALL_KIND_COUNT)));
    json_member_int(json, "refused", number_of(add_up(counts->refused + 1, REFUSAL_COUNT - 1)));
    json_builder_set_member_name(json, "refused_by_reason");
    json_builder_begin_object(json);
    for (int r = REFUSAL_NONE + 1; r < REFUSAL_COUNT; r++) {
        if (counts->refused[r]) {
            json_member_int(json, refusal_name((Refusal)r), number_of(counts->refused[r]));
        }
    }
    json_builder_end_object(json);
}

static void add_incidents(JsonBuilder *json, const uint64_t *incidents)
{
    json_builder_set_member_name(json, "agent_incidents");
    json_builder_begin_object(json);
    for (int k = 0; k < INCIDENT_KIND_COUNT; k++) {
        if (incidents[k]) {
            json_member_int(json, incident_name((IncidentKind)k), number_of(incidents[k]));
        }
    }
    json_builder_end_object(json);
}

static void add_refusal(JsonBuilder *json, const DriverAbi *abi, const RefusalEntry *entry)
{
    const LedgerRecord *last = &entry->last;
    const RefusedCall call = {(CallKind)last->kind, (Refusal)last->refusal, last->number,
                              last->detail};
    g_autofree char *name = explain_call(abi, &call);

    json_builder_begin_object(json);
    json_member_string(json, "call", name);
    json_member_string(json, "reason", refusal_name(call.refusal));
    json_member_string(json, "kind", call_kind_name(call.kind));
    json_member_int(json, "number", last->number);
    json_member_int(json, "detail", last->detail);
    json_member_string(json, "device", last->device);
    json_member_string(json, "errno", last->error > 0 ? strerrorname_np(last->error) : NULL);
    json_member_string(json, "status",
                       last->status == CALL_NO_STATUS ? NULL : nv_status_name(last->status));
    json_member_int(json, "count", number_of(entry->count));
    json_member_int(json, "last", last->when);
    json_builder_end_object(json);
}

static void add_refusals(JsonBuilder *json, const InstanceStatus *status)
{
    json_builder_set_member_name(json, "refusals");
    json_builder_begin_array(json);
    for (guint i = 0; i < status->refusals->entries->len; i++) {
        add_refusal(json, status->abi, &g_array_index(status->refusals->entries, RefusalEntry, i));
    }
    json_builder_end_array(json);
    json_member_int(json, "other_refusals", number_of(status->refusals->others));
}

static const char *driver_of(const InstanceStatus *status, char buffer[static DRIVER_VERSION_MAX])
{
    return driver_version_format(status->spec->driver, buffer);
}

char *instance_status_json(const InstanceStatus *status)
{
    g_autoptr(JsonBuilder) json = json_builder_new_immutable();
    g_autofree char *caps = nv_caps_format(status->spec->caps, ",");
    char driver[DRIVER_VERSION_MAX];

    json_builder_begin_object(json);
    json_member_string(json, "name", status->spec->name);
    json_member_string(json, "version", NVCUSE_VERSION);
    json_member_int(json, "broker", getpid());
    json_member_int(json, "worker", status->worker);
    json_member_string(json, "driver", driver_of(status, driver));
    json_member_string(json, "caps", caps);
    json_member_string(json, "transport", transport_kind_name(status->spec->transport));
    if (status->spec->transport == TRANSPORT_CUSE) {
        json_member_string(json, "guest-memory",
                           guest_memory_kind_name(status->spec->guest_memory));
    }
    json_member_int(json, "started", status->started);
    json_member_int(json, "worker_restarts", number_of(status->restarts));
    json_member_int(json, "containers", status->containers);
    add_devices(json, status->spec);
    add_memory(json, status);
    add_time(json, status);
    add_counts(json, &status->counts);
    add_incidents(json, status->incidents);
    json_member_int(json, "events_dropped", number_of(status->events_dropped));
    add_refusals(json, status);
    json_builder_end_object(json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, FALSE);
    return g_strconcat(text, "\n", NULL);
}

char *instance_status_metrics(const InstanceStatus *status, MetricsFormat format)
{
    char driver[DRIVER_VERSION_MAX];
    Metrics metrics = {
        .instance = status->spec->name,
        .driver = driver_of(status, driver),
        .started = (double)status->started / G_TIME_SPAN_SECOND,
        .restarts = status->restarts,
        .containers = status->containers,
        .events_dropped = status->events_dropped,
        .counts = status->counts,
        .gpu_share = atomic_load(&status->quotas->gpu_share),
        .gpu_cap = atomic_load(&status->quotas->gpu_cap),
        .paused = atomic_load(&status->quotas->paused) != 0,
    };

    make_memory(status, &metrics.memory);
    metrics.n_gpu_times = list_gpu_times(status, metrics.gpu_times);
    memcpy(metrics.incidents, status->incidents, sizeof metrics.incidents);
    return metrics_format(&metrics, format);
}
