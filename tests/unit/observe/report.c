/* SPDX-License-Identifier: Apache-2.0 */
/* Reports for operators: metrics, audit events and explanations. */
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>

#include "cuse-server/observe/audit.h"
#include "cuse-server/observe/explain.h"
#include "cuse-server/observe/journal.h"
#include "cuse-server/observe/metrics/metrics.h"

/* --- metrics ---------------------------------------------------------------------------------- */

static Metrics some_metrics(void)
{
    Metrics metrics = {.instance = "web", .driver = "580.65.06", .started = 1.5, .containers = 2};

    metrics.counts.calls[CALL_ALLOC] = 7;
    metrics.counts.refused[REFUSAL_LIMIT] = 3;
    metrics.counts.buckets[CALL_ALLOC][0] = 5;
    metrics.counts.buckets[CALL_ALLOC][2] = 2;
    metrics.counts.nanoseconds[CALL_ALLOC] = 1500000000;
    return metrics;
}

Test(metrics, openmetrics)
{
    Metrics metrics = some_metrics();
    g_autofree char *text = metrics_format(&metrics, METRICS_OPENMETRICS);

    static const char *const lines[] = {
        "# TYPE nvcuse_calls counter\n",
        "\nnvcuse_calls_total{instance=\"web\",kind=\"alloc\"} 7\n",
        "\nnvcuse_refused_calls_total{instance=\"web\",reason=\"limit\"} 3\n",
        "\n# UNIT nvcuse_call_duration_seconds seconds\n",
        "\nnvcuse_call_duration_seconds_bucket{instance=\"web\",kind=\"alloc\",le=\"1e-05\"} 5\n",
        "\nnvcuse_call_duration_seconds_bucket{instance=\"web\",kind=\"alloc\",le=\"0.0001\"} 7\n",
        "\nnvcuse_call_duration_seconds_bucket{instance=\"web\",kind=\"alloc\",le=\"+Inf\"} 7\n",
        "\nnvcuse_call_duration_seconds_count{instance=\"web\",kind=\"alloc\"} 7\n",
        "\nnvcuse_call_duration_seconds_sum{instance=\"web\",kind=\"alloc\"} 1.500000000\n",
        "\nnvcuse_pinned_memory_used_bytes{instance=\"web\"} 0\n",
        "\nnvcuse_instance_info{instance=\"web\",driver=\"580.65.06\",version=\"",
        "\nnvcuse_containers{instance=\"web\"} 2\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        cr_assert_not_null(strstr(text, lines[i]), "%s in:\n%s", lines[i], text);
    }
    cr_assert(g_str_has_suffix(text, "\n# EOF\n"));
}

Test(metrics, prometheus_names_families_as_their_samples)
{
    Metrics metrics = some_metrics();
    g_autofree char *text = metrics_format(&metrics, METRICS_PROMETHEUS);

    cr_assert_not_null(strstr(text, "# TYPE nvcuse_calls_total counter\n"));
    cr_assert_not_null(strstr(text, "# TYPE nvcuse_instance_info gauge\n"));
    cr_assert_not_null(strstr(text, "# TYPE nvcuse_call_duration_seconds histogram\n"));
    cr_assert_null(strstr(text, "# UNIT"));
    cr_assert_null(strstr(text, "# EOF"));
}

Test(metrics, a_worker_that_counts_nonsense_does_not_make_sums_run_over)
{
    Metrics metrics = some_metrics();

    memset(&metrics.counts, 0xff, sizeof metrics.counts);
    g_autofree char *text = metrics_format(&metrics, METRICS_OPENMETRICS);
    cr_assert_not_null(
        strstr(text, "seconds_count{instance=\"web\",kind=\"open\"} 18446744073709551615\n"));
}

/* --- audit ------------------------------------------------------------------------------------ */

/* The events in the file @path, one string each. */
static char **events_of(const char *path)
{
    g_autofree char *text = NULL;

    cr_assert(g_file_get_contents(path, &text, NULL, NULL));
    return g_strsplit(g_strchomp(text), "\n", -1);
}

static char *member(const char *line, const char *name)
{
    g_autoptr(JsonNode) root = json_from_string(line, NULL);

    cr_assert_not_null(root, "%s", line);
    JsonObject *object = json_node_get_object(root);
    return json_object_has_member(object, name)
               ? g_strdup(json_object_get_string_member(object, name))
               : NULL;
}

Test(audit, lines_of_json)
{
    g_autofree char *directory = g_dir_make_tmp(NULL, NULL);
    g_autofree char *path = g_build_filename(directory, "events", NULL);
    Audit *audit = audit_new(path, NULL, "web", NULL);
    const AuditField fields[] = {{"reason", "wrong-size"}, {"status", NULL}, {"call", "\"\n"}};

    cr_assert_not_null(audit);
    audit_event(audit, AUDIT_REFUSED, "something was \"refused\"", fields, 3);
    audit_free(audit);

    g_auto(GStrv) lines = events_of(path);
    cr_assert_eq(g_strv_length(lines), 1);
    g_autofree char *event = member(lines[0], "event");
    g_autofree char *instance = member(lines[0], "instance");
    g_autofree char *call = member(lines[0], "call");
    g_autofree char *status = member(lines[0], "status");
    cr_assert_str_eq(event, "refused");
    cr_assert_str_eq(instance, "web");
    cr_assert_str_eq(call, "\"\n");
    cr_assert_null(status, "no value, no field");
    g_unlink(path);
    g_rmdir(directory);
}

Test(audit, a_flood_is_limited_and_what_is_missing_is_counted)
{
    g_autofree char *directory = g_dir_make_tmp(NULL, NULL);
    g_autofree char *path = g_build_filename(directory, "events", NULL);
    Audit *audit = audit_new(path, NULL, "web", NULL);

    for (int i = 0; i < 1000; i++) {
        audit_event(audit, AUDIT_REFUSED, "no", NULL, 0);
    }
    audit_lose(audit, 5);
    uint64_t dropped = audit_dropped(audit);
    audit_event(audit, AUDIT_STOPPED, "lifecycle events are never left out", NULL, 0);
    audit_free(audit);

    g_auto(GStrv) lines = events_of(path);
    guint n = g_strv_length(lines);
    cr_assert_lt(n, 150, "%u lines", n);
    cr_assert_eq(n - 2 + dropped - 5, 1000, "every refusal is written or counted");
    g_autofree char *event = member(lines[n - 2], "event");
    g_autofree char *count = member(lines[n - 2], "count");
    g_autofree char *last = member(lines[n - 1], "event");
    cr_assert_str_eq(event, "dropped");
    cr_assert_eq(g_ascii_strtoull(count, NULL, 10), dropped);
    cr_assert_str_eq(last, "stopped");
    g_unlink(path);
    g_rmdir(directory);
}

Test(audit, says_which_places_there_are)
{
    cr_assert(audit_check("auto", NULL));
    cr_assert(audit_check("/var/log/x", NULL));
    cr_assert_not(audit_check("syslog", NULL));
    cr_assert_null(audit_new("/no/such/directory/x", NULL, "web", NULL));
}

Test(journal, values_with_many_lines_carry_their_length)
{
    g_autoptr(GString) entry = g_string_new(NULL);
    static const char expected[] = "A=1\nB\n\3\0\0\0\0\0\0\0x\ny\n";

    journal_append(entry, "A", "1");
    journal_append(entry, "B", "x\ny");
    cr_assert_eq(entry->len, sizeof expected - 1);
    cr_assert_arr_eq(entry->str, expected, sizeof expected - 1);
}

/* --- explanations ----------------------------------------------------------------------------- */

static const struct {
    const char *driver;
    NvCaps caps;
    RefusedCall call;
    const char *has[3];
} refusals[] = {
    /* an unknown NV_ESC_RM_CONTROL command */
    {"535.261.03",
     NV_CAPS_DEFAULT,
     {CALL_CONTROL, REFUSAL_UNKNOWN_CONTROL, 0x2a, 0xdead},
     {"NV_ESC_RM_CONTROL of control command 0xdead was refused (unknown-control)",
      "No driver version that nvcuse knows lists this control command", NULL}},
    /* Every driver version has NV2080_CTRL_CMD_GPU_GET_INFO_V2. */
    {"535.261.03",
     NV_CAPS_DEFAULT,
     {CALL_FRONTEND, REFUSAL_UNKNOWN_IOCTL, 0xd1, 0},
     {"ioctl 0xd1 was refused (unknown-ioctl)", "nvcuse-driver-diff(1)", NULL}},
    {"535.261.03",
     NV_CAPS_DEFAULT,
     {CALL_OPEN, REFUSAL_LIMIT, 0, 0},
     {"open was refused (limit)", "--max-files", NULL}},
    {"535.261.03",
     NV_CAPS_DEFAULT,
     {CALL_ALLOC, REFUSAL_LIMIT, 0x2b, 0x80},
     {"NV_ESC_RM_ALLOC of NV01_DEVICE_0 (0x80) was refused", "--max-objects", NULL}},
    {"535.261.03",
     NV_CAPS_DEFAULT,
     {CALL_ALLOC, REFUSAL_QUOTA, 0x2b, 0x40},
     {"NV_ESC_RM_ALLOC of NV01_MEMORY_LOCAL_USER (0x40) was refused (quota)", "--gpu-memory",
      NULL}},
    {"535.261.03",
     NV_CAPS_DEFAULT,
     {CALL_ALLOC, REFUSAL_QUOTA, 0x2b, 0x3e},
     {"--pinned-memory", "nvcuse limit", NULL}},
    {"535.261.03",
     NV_CAPS_DEFAULT,
     {CALL_FRONTEND, REFUSAL_BAD_FD, 0xc9, 0},
     {"NV_ESC_REGISTER_FD (0xc9)", "no option allows it", NULL}},
};

Test(explain, says_what_why_and_what_would_help)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refusals); i++) {
        DriverVersion version;
        cr_assert(driver_version_parse(refusals[i].driver, &version, NULL));
        g_autoptr(DriverAbi) abi = driver_abi_new(driver_release_find(version));
        g_autofree char *text = explain_refusal(abi, refusals[i].caps, &refusals[i].call);
        for (size_t k = 0; refusals[i].has[k]; k++) {
            cr_assert_not_null(strstr(text, refusals[i].has[k]), "%s\nlacks: %s", text,
                               refusals[i].has[k]);
        }
    }
}

/* For every entry that is refused for a capability, the advice of the explanation must open the entry. */
Test(explain, the_capability_that_it_advises_opens_the_entry)
{
    g_autoptr(DriverAbi) abi = driver_abi_new(driver_release_latest(DRIVER_ARCH_X86_64));
    size_t n;
    const AbiEntry *entries = driver_abi_entries(abi, ABI_CONTROL, &n);
    unsigned advised = 0;

    for (size_t i = 0; i < n; i++) {
        const RefusedCall call = {CALL_CONTROL, REFUSAL_CAPABILITY, 0x2a, entries[i].number};
        g_autofree char *text = explain_refusal(abi, NV_CAPS_DEFAULT, &call);
        const char *option = strstr(text, "--caps ");
        if ((entries[i].caps & NV_CAPS_DEFAULT) || !option) {
            continue;
        }
        g_autofree char *list = g_strndup(option + 7, strcspn(option + 7, " "));
        NvCaps caps = 0;
        cr_assert(nv_caps_parse(list, &caps, NULL), "%s", text);
        cr_assert(caps & entries[i].caps, "%s: %s", entries[i].name, text);
        cr_assert_eq(caps & NV_CAPS_DEFAULT, NV_CAPS_DEFAULT, "what is open stays open: %s", text);
        advised++;
    }
    cr_assert_gt(advised, 0);
}

/* A command of a later driver is explained as such, with a version that has it. */
Test(explain, names_the_driver_that_has_it)
{
    DriverVersion version;
    cr_assert(driver_version_parse("535.261.03", &version, NULL));
    g_autoptr(DriverAbi) abi = driver_abi_new(driver_release_find(version));
    g_autoptr(DriverAbi) latest = driver_abi_new(driver_release_latest(DRIVER_ARCH_X86_64));
    size_t n;
    const AbiEntry *entries = driver_abi_entries(latest, ABI_CONTROL, &n);
    unsigned newer = 0;

    for (size_t i = 0; i < n; i++) {
        const RefusedCall call = {CALL_CONTROL, REFUSAL_UNKNOWN_CONTROL, 0x2a, entries[i].number};
        if (driver_abi_lookup(abi, ABI_CONTROL, entries[i].number)) {
            continue;
        }
        g_autofree char *text = explain_refusal(abi, NV_CAPS_DEFAULT, &call);
        const char *at = strstr(text, "it appears in driver ");
        cr_assert_not_null(at, "%s: %s", entries[i].name, text);
        at += strlen("it appears in driver ");
        g_autofree char *word = g_strndup(at, strspn(at, "0123456789."));
        word[strlen(word) - 1] = '\0'; /* the full stop */
        cr_assert(driver_version_parse(word, &version, NULL), "%s", word);
        g_autoptr(DriverAbi) other = driver_abi_new(driver_release_find(version));
        cr_assert_not_null(driver_abi_lookup(other, ABI_CONTROL, entries[i].number), "%s", text);
        newer++;
    }
    cr_assert_gt(newer, 0);
}
