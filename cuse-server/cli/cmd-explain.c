/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse explain: explains the refusals of a running instance, or of a log of events, in sentences. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/json/json-reader.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/observe/explain.h"
#include "cuse-server/observe/incidents.h"
#include "cuse-server/observe/run-directory.h"

/* An explanation, with the number of refusals that it applies to. */
typedef struct {
    char *text;
    guint64 count;
} Explanation;

/* Explainer: keeps the tables of the driver that was used last, because a log has long runs of events of one driver. */
typedef struct {
    DriverAbi *abi;
    char *version;
    GPtrArray *explanations;
} Explainer;

static void explanation_free(gpointer data)
{
    Explanation *explanation = data;

    g_free(explanation->text);
    g_free(explanation);
}

static void explainer_clear(Explainer *explainer)
{
    g_clear_pointer(&explainer->abi, driver_abi_free);
    g_free(explainer->version);
    g_ptr_array_unref(explainer->explanations);
}

static void add_text(Explainer *explainer, char *text, guint64 count)
{
    for (guint i = 0; i < explainer->explanations->len; i++) {
        Explanation *known = g_ptr_array_index(explainer->explanations, i);
        if (g_str_equal(known->text, text)) {
            known->count += count;
            g_free(text);
            return;
        }
    }
    Explanation *explanation = g_new(Explanation, 1);
    *explanation = (Explanation){text, count};
    g_ptr_array_add(explainer->explanations, explanation);
}

static bool choose_abi(Explainer *explainer, const char *version_text, GError **error)
{
    DriverVersion version;

    if (g_strcmp0(explainer->version, version_text) == 0) {
        return true;
    }
    if (!driver_version_parse(version_text, &version, error)) {
        return false;
    }
    const DriverRelease *node = driver_release_find(version);
    if (!node) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "unknown driver version %s",
                    version_text);
        return false;
    }
    g_clear_pointer(&explainer->abi, driver_abi_free);
    g_free(explainer->version);
    explainer->abi = driver_abi_new(node);
    explainer->version = g_strdup(version_text);
    return true;
}

static bool explain_one(Explainer *explainer, const char *driver, const char *caps_text,
                        const RefusedCall *call, guint64 count, GError **error)
{
    NvCaps caps;

    if (!choose_abi(explainer, driver, error) || !nv_caps_parse(caps_text, &caps, error)) {
        return false;
    }
    add_text(explainer, explain_refusal(explainer->abi, caps, call), count);
    return true;
}

static void explain_incident(Explainer *explainer, IncidentKind kind, guint64 count)
{
    add_text(explainer, g_strdup_printf("A process %s.", incident_explanation(kind)), count);
}

/* --- a running instance ----------------------------------------------------------------------- */

static bool explain_entry(Explainer *explainer, JsonObject *status, JsonObject *entry,
                          GError **error)
{
    const char *reason = json_read_string(entry, "reason");
    const char *kind = json_read_string(entry, "kind");
    const char *driver = json_read_string(status, "driver");
    const char *caps = json_read_string(status, "caps");
    RefusedCall call = {
        .number = (uint32_t)json_read_int(entry, "number"),
        .detail = (uint32_t)json_read_int(entry, "detail"),
    };

    if (!reason || !kind || !driver || !caps || !refusal_parse(reason, &call.refusal) ||
        !call_kind_parse(kind, &call.kind)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                            "cannot read its answer: it runs another version of nvcuse");
        return false;
    }
    return explain_one(explainer, driver, caps, &call, (guint64)json_read_int(entry, "count"),
                       error);
}

static void explain_incidents(Explainer *explainer, JsonObject *status)
{
    JsonObject *incidents = json_read_object_member(status, "agent_incidents");

    for (int k = 0; incidents && k < INCIDENT_KIND_COUNT; k++) {
        gint64 count = json_read_int(incidents, incident_name((IncidentKind)k));
        if (count > 0) {
            explain_incident(explainer, (IncidentKind)k, (guint64)count);
        }
    }
}

static bool explain_instance(Explainer *explainer, const char *word, GError **error)
{
    g_autofree char *name = run_directory_find(word, error);
    g_autofree char *text = name ? run_directory_ask(name, "control", error) : NULL;
    g_autoptr(JsonObject) status = text ? json_read_object(text, error) : NULL;
    JsonArray *refusals = status ? json_read_array(status, "refusals") : NULL;
    gint64 others = status ? json_read_int(status, "other_refusals") : 0;

    if (!status) {
        if (name) {
            g_prefix_error(error, "instance '%s' does not answer: ", name);
        }
        return false;
    }
    explain_incidents(explainer, status);
    for (guint i = 0; refusals && i < json_array_get_length(refusals); i++) {
        if (!explain_entry(explainer, status, json_array_get_object_element(refusals, i), error)) {
            return false;
        }
    }
    if (others > 0) {
        add_text(explainer,
                 g_strdup("More different calls were refused than an instance remembers; audit "
                          "events have them."),
                 (guint64)others);
    }
    return true;
}

/* --- a log ------------------------------------------------------------------------------------ */

/* Get a field of an event, under the name that we write or that `journalctl -o json` writes. */
static const char *event_field(JsonObject *event, const char *name)
{
    g_autofree char *upper = g_ascii_strup(name, -1);
    g_autofree char *journal = g_strconcat("NVCUSE_", upper, NULL);
    const char *value = json_read_string(event, name);

    return value ? value : json_read_string(event, journal);
}

static uint32_t event_number(JsonObject *event, const char *name)
{
    const char *text = event_field(event, name);

    return text ? (uint32_t)g_ascii_strtoull(text, NULL, 0) : 0;
}

static bool explain_incident_event(Explainer *explainer, JsonObject *event, GError **error)
{
    const char *reason = event_field(event, "reason");
    IncidentKind kind;

    if (!reason || !incident_parse(reason, &kind)) {
        g_set_error_literal(
            error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
            "event without a known reason: expected an event of this version of nvcuse");
        return false;
    }
    explain_incident(explainer, kind, 1);
    return true;
}

/* Explain an event. Ignores events about an instance's own life. */
static bool explain_event(Explainer *explainer, JsonObject *event, GError **error)
{
    const char *type = event_field(event, "event");
    const char *reason = event_field(event, "reason");
    const char *kind = event_field(event, "kind");
    const char *driver = event_field(event, "driver");
    const char *caps = event_field(event, "caps");
    RefusedCall call = {
        .number = event_number(event, "number"),
        .detail = event_number(event, "detail"),
    };

    if (g_strcmp0(type, "killed") == 0 || g_strcmp0(type, "no-agent") == 0 ||
        g_strcmp0(type, "kept") == 0) {
        return explain_incident_event(explainer, event, error);
    }
    if (g_strcmp0(type, "refused") != 0) {
        return true;
    }
    if (!reason || !kind || !driver || !caps || !refusal_parse(reason, &call.refusal) ||
        !call_kind_parse(kind, &call.kind)) {
        g_set_error_literal(
            error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
            "event with a missing or unknown field: expected an event of this version of nvcuse");
        return false;
    }
    return explain_one(explainer, driver, caps, &call, 1, error);
}

static bool explain_log(Explainer *explainer, const char *path, GError **error)
{
    FILE *file = g_str_equal(path, "-") ? stdin : fopen(path, "re");
    char *line = NULL;
    size_t size = 0;
    bool ok = true;

    if (!file) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot read %s", path);
        return false;
    }
    for (guint n = 1; ok && getline(&line, &size, file) >= 0; n++) {
        g_autoptr(JsonObject) event = json_read_object(line, error);
        ok = event && explain_event(explainer, event, error);
        if (!ok) {
            g_prefix_error(error, "%s:%u: ", path, n);
        }
    }
    g_free(line);
    if (file != stdin) {
        (void)fclose(file);
    }
    return ok;
}

static int print_explanations(const Explainer *explainer)
{
    if (explainer->explanations->len == 0) {
        g_print("No call was refused.\n");
    }
    for (guint i = 0; i < explainer->explanations->len; i++) {
        const Explanation *explanation = g_ptr_array_index(explainer->explanations, i);
        g_print("%" G_GUINT64_FORMAT " x %s\n", explanation->count, explanation->text);
    }
    return EXIT_OK;
}

int cmd_explain(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("[INSTANCE]");
    g_autoptr(GError) error = NULL;
    g_autofree char *log = NULL;
    const GOptionEntry entries[] = {
        {"log", 0, 0, G_OPTION_ARG_FILENAME, &log,
         "explain the audit events in FILE ('-': standard input) instead", "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    Explainer explainer = {.explanations = g_ptr_array_new_with_free_func(explanation_free)};
    int code = EXIT_FAILED;

    g_option_context_set_summary(
        context, "Say which calls a running instance has refused, why, and which capability,\n"
                 "version or option would allow them. Needs root.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("nvcuse explain: %s\n", error->message);
        code = EXIT_USAGE;
    } else if ((argc == 2) == (log != NULL) || argc > 2) {
        g_printerr("nvcuse explain: expected the name of an instance, or --log FILE; see nvcuse "
                   "explain --help\n");
        code = EXIT_USAGE;
    } else if (!(log ? explain_log(&explainer, log, &error)
                     : explain_instance(&explainer, argv[1], &error))) {
        g_printerr("nvcuse explain: %s\n", error->message);
    } else {
        code = print_explanations(&explainer);
    }
    explainer_clear(&explainer);
    return code;
}
