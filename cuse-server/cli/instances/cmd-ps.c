/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse ps: lists the instances that run on this host. */
#include <unistd.h>

#include "cuse-server/base/json/json-output.h"
#include "cuse-server/base/json/json-reader.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/instances/instance-list.h"
#include "cuse-server/cli/instances/memory-text.h"
#include "cuse-server/cli/instances/time-text.h"

static const char row_format[] =
    "%-16s %8s %8s %-12s %-9s %-10s %10s %6s %7s %14s %14s %8s %8s %8s %12s %8s  %s\n";

/* List an instance's GPUs: "0,2", "none", or the first ones and the number of the others. */
static char *format_gpus(JsonObject *instance)
{
    JsonArray *gpus = json_read_array(instance, "gpus");
    guint n = gpus ? json_array_get_length(gpus) : 0;
    g_autoptr(GString) text = g_string_new(NULL);

    for (guint i = 0; i < n && i < 4; i++) {
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i ? "," : "",
                               json_array_get_int_element(gpus, i));
    }
    if (n > 4) {
        g_string_append_printf(text, "+%u", n - 4);
    }
    return n ? g_string_free(g_steal_pointer(&text), FALSE) : g_strdup("none");
}

static char *format_age(gint64 started)
{
    const gint64 minute = 60;
    const gint64 hour = 60 * minute;
    const gint64 day = 24 * hour;
    gint64 seconds = MAX((g_get_real_time() - started) / G_TIME_SPAN_SECOND, 0);

    if (seconds < hour) {
        return g_strdup_printf("%d:%02d", (int)(seconds / minute), (int)(seconds % minute));
    }
    if (seconds < day) {
        return g_strdup_printf("%dh%02d", (int)(seconds / hour), (int)(seconds / minute % 60));
    }
    return g_strdup_printf("%" G_GINT64_FORMAT "d", seconds / day);
}

static void print_row(JsonObject *instance)
{
    static const char *const numbers[] = {"broker",  "worker",          "containers", "files",
                                          "objects", "worker_restarts", "calls",      "refused"};
    char texts[G_N_ELEMENTS(numbers)][24];
    g_autofree char *gpus = format_gpus(instance);
    g_autofree char *age = format_age(json_read_int(instance, "started"));
    g_autofree char *memory = memory_sum(instance);
    g_autofree char *pinned = memory_pinned(instance);
    g_autofree char *time = time_text(instance);
    const char *name = json_read_string(instance, "name");
    const char *driver = json_read_string(instance, "driver");
    const char *transport = json_read_string(instance, "transport");

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_snprintf(texts[i], sizeof texts[i], "%" G_GINT64_FORMAT,
                   json_read_int(instance, numbers[i]));
    }
    g_print(row_format, name ? name : "?", texts[0], texts[1], driver ? driver : "?",
            transport ? transport : "?", gpus, texts[2], texts[3], texts[4], memory, pinned, time,
            age, texts[5], texts[6], texts[7], json_read_string(instance, "caps"));
}

static void print_json(GPtrArray *instances)
{
    g_autoptr(JsonBuilder) json = json_builder_new_immutable();

    json_builder_begin_array(json);
    for (guint i = 0; i < instances->len; i++) {
        JsonNode *node = json_node_alloc();
        json_node_init_object(node, g_ptr_array_index(instances, i));
        json_builder_add_value(json, node);
    }
    json_builder_end_array(json);
    json_print(json);
}

int cmd_ps(int argc, char **argv)
{
    g_autoptr(GOptionContext) context = g_option_context_new("");
    g_autoptr(GError) error = NULL;
    gboolean as_json = FALSE;
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "print everything that is known, as JSON",
         NULL},
        G_OPTION_ENTRY_NULL,
    };

    g_option_context_set_summary(context, "List the instances that run on this host. Needs root.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("nvcuse ps: %s\n", error->message);
        return EXIT_USAGE;
    }
    if (argc > 1) {
        g_printerr("nvcuse ps: unexpected argument '%s'; see nvcuse ps --help\n", argv[1]);
        return EXIT_USAGE;
    }
    if (geteuid() != 0) {
        g_printerr("nvcuse ps: must be run as root: only root may ask instances\n");
        return EXIT_FAILED;
    }
    g_autoptr(GPtrArray) instances = instance_list("nvcuse ps");
    if (as_json) {
        print_json(instances);
        return EXIT_OK;
    }
    g_print(row_format, "NAME", "BROKER", "WORKER", "DRIVER", "TRANSPORT", "GPUS", "CONTAINERS",
            "FILES", "OBJECTS", "GPU-MEMORY", "PINNED", "GPU-TIME", "UP", "RESTARTS", "CALLS",
            "REFUSED", "CAPS");
    for (guint i = 0; i < instances->len; i++) {
        print_row(g_ptr_array_index(instances, i));
    }
    return EXIT_OK;
}
