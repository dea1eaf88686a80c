/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse doctor: checks whether this host can serve instances, and says what to do if not. */
#include <stdbool.h>

#include "cuse-server/base/json/json-output.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/doctor/doctor-checks.h"

static const char *const level_names[] = {
    [FINDING_OK] = "ok", [FINDING_WARNING] = "warning", [FINDING_PROBLEM] = "problem"};

/* The result of all checks. */
typedef struct {
    JsonBuilder *json; /* NULL: print text for people */
    unsigned found[G_N_ELEMENTS(level_names)];
} Diagnosis;

static void tell(const Diagnosis *diagnosis, const char *name, const Finding *found)
{
    const char *level = level_names[found->level];

    if (diagnosis->json) {
        json_builder_begin_object(diagnosis->json);
        json_member_string(diagnosis->json, "check", name);
        json_member_string(diagnosis->json, "level", level);
        json_member_string(diagnosis->json, "text", found->text);
        json_member_string(diagnosis->json, "advice", found->advice);
        json_builder_end_object(diagnosis->json);
        return;
    }
    g_print("%-8s %-13s %s\n", level, name, found->text);
    if (found->advice) {
        g_print("%-22s -> %s\n", "", found->advice);
    }
}

static void run_checks(Diagnosis *diagnosis, const DoctorCheck *checks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        Finding found = checks[i].look();
        tell(diagnosis, checks[i].name, &found);
        diagnosis->found[found.level]++;
        g_free(found.text);
        g_free(found.advice);
    }
}

static int diagnose(bool as_json)
{
    g_autoptr(JsonBuilder) json = as_json ? json_builder_new_immutable() : NULL;
    Diagnosis diagnosis = {.json = json};
    const DoctorCheck *checks;
    size_t n;

    if (json) {
        json_builder_begin_array(json);
    }
    checks = doctor_host_checks(&n);
    run_checks(&diagnosis, checks, n);
    checks = doctor_kernel_checks(&n);
    run_checks(&diagnosis, checks, n);
    if (json) {
        json_builder_end_array(json);
        json_print(json);
    } else {
        g_print("%u problems, %u warnings\n", diagnosis.found[FINDING_PROBLEM],
                diagnosis.found[FINDING_WARNING]);
    }
    return diagnosis.found[FINDING_PROBLEM] ? EXIT_FAILED : EXIT_OK;
}

int cmd_doctor(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("");
    g_autoptr(GError) error = NULL;
    gboolean as_json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "print what was found as JSON", NULL},
        G_OPTION_ENTRY_NULL,
    };

    g_option_context_set_summary(
        context, "Look at this host and say what keeps nvcuse from working, and what to do.");
    g_option_context_set_description(context, "Exit code: 0 if instances can be served, 1 if not.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("nvcuse doctor: %s\n", error->message);
        return EXIT_USAGE;
    }
    if (argc > 1) {
        g_printerr("nvcuse doctor: unexpected argument '%s'; see nvcuse doctor --help\n", argv[1]);
        return EXIT_USAGE;
    }
    return diagnose(as_json);
}
