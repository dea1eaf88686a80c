/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse ps: lists the instances that run on this host. */
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "cuse-server/base/json/json-output.h"
#include "cuse-server/base/json/json-reader.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/instances/instance-list.h"
#include "cuse-server/cli/instances/memory-text.h"
#include "cuse-server/cli/instances/time-text.h"

/* Column: a column of the table. @right: numbers stand at its right end */
typedef struct {
    const char *title;
    bool right;
} Column;

static const Column columns[] = {
    {"NAME", false},      {"BROKER", true},     {"WORKER", true},     {"DRIVER", false},
    {"TRANSPORT", false}, {"GPUS", false},      {"CONTAINERS", true}, {"FILES", true},
    {"OBJECTS", true},    {"GPU-MEMORY", true}, {"PINNED", true},     {"GPU-TIME", true},
    {"UP", true},         {"RESTARTS", true},   {"CALLS", true},      {"REFUSED", true},
    {"CAPS", false},
};

/* Row: the texts of a row, which the row owns. */
typedef struct {
    char *texts[G_N_ELEMENTS(columns)];
} Row;

static void row_free(gpointer data)
{
    Row *row = data;

    for (size_t i = 0; i < G_N_ELEMENTS(row->texts); i++) {
        g_free(row->texts[i]);
    }
    g_free(row);
}

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

static char *text_of(JsonObject *instance, const char *member)
{
    const char *text = json_read_string(instance, member);

    return g_strdup(text ? text : "?");
}

static char *number_of(JsonObject *instance, const char *member)
{
    return g_strdup_printf("%" G_GINT64_FORMAT, json_read_int(instance, member));
}

/* Make the row of an instance, in the order of the columns. */
static Row *row_new(JsonObject *instance)
{
    Row *row = g_new(Row, 1);

    *row = (Row){.texts = {
                     text_of(instance, "name"),
                     number_of(instance, "broker"),
                     number_of(instance, "worker"),
                     text_of(instance, "driver"),
                     text_of(instance, "transport"),
                     format_gpus(instance),
                     number_of(instance, "containers"),
                     number_of(instance, "files"),
                     number_of(instance, "objects"),
                     memory_sum(instance),
                     memory_pinned(instance),
                     time_text(instance),
                     format_age(json_read_int(instance, "started")),
                     number_of(instance, "worker_restarts"),
                     number_of(instance, "calls"),
                     number_of(instance, "refused"),
                     text_of(instance, "caps"),
                 }};
    return row;
}

/* Each column is as wide as its widest text: the names of containers' instances are long. */
static void print_table(const GPtrArray *rows)
{
    int widths[G_N_ELEMENTS(columns)] = {0};

    for (guint r = 0; r < rows->len; r++) {
        const Row *row = g_ptr_array_index(rows, r);
        for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
            widths[i] = MAX(widths[i], (int)strlen(row->texts[i]));
        }
    }
    for (guint r = 0; r < rows->len; r++) {
        const Row *row = g_ptr_array_index(rows, r);
        for (size_t i = 0; i + 1 < G_N_ELEMENTS(columns); i++) {
            g_print("%*s  ", columns[i].right ? widths[i] : -widths[i], row->texts[i]);
        }
        g_print("%s\n", row->texts[G_N_ELEMENTS(columns) - 1]);
    }
}

static void print_instances(const GPtrArray *instances)
{
    g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
    Row *titles = g_new(Row, 1);

    for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
        titles->texts[i] = g_strdup(columns[i].title);
    }
    g_ptr_array_add(rows, titles);
    for (guint i = 0; i < instances->len; i++) {
        g_ptr_array_add(rows, row_new(g_ptr_array_index(instances, i)));
    }
    print_table(rows);
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
    print_instances(instances);
    return EXIT_OK;
}
