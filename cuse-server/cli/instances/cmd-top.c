/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse top: shows again and again what the instances of this host use. */
#include <stdio.h>
#include <unistd.h>

#include "cuse-server/base/json/json-reader.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/instances/instance-list.h"
#include "cuse-server/cli/instances/instance-rates.h"
#include "cuse-server/cli/instances/memory-text.h"
#include "cuse-server/cli/instances/time-text.h"

enum { INTERVAL_SECONDS = 5, INTERVAL_MAX = 3600 };

/* Move the cursor to the upper left corner, and clear the screen (ECMA-48: CUP, ED). */
#define CLEAR_SCREEN "\033[H\033[J"

static const char row_format[] = "%-16s %7s %8s %14s %14s %10s %9s %7s %6s\n";

typedef struct {
    gint interval;
    gint count;
} TopOptions;

/* Row: an instance and its rates. */
typedef struct {
    JsonObject *instance;
    InstanceRate rate;
} Row;

static bool parse(TopOptions *options, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"interval", 'd', 0, G_OPTION_ARG_INT, &options->interval,
         "ask the instances every so many seconds (default: 5)", "SECONDS"},
        {"count", 'n', 0, G_OPTION_ARG_INT, &options->count,
         "end after so many tables (default: go on until interrupted)", "N"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("");

    g_option_context_set_summary(
        context, "Show again and again what the instances on this host use. Needs root.");
    g_option_context_set_description(
        context,
        "GPU% is the time that programs have computed, by the driver's samples; 100 is one "
        "GPU. It is known when the instance has read them twice, after some seconds.");
    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, argc, argv, error);
}

static char *format_rate(bool known, double rate, const char *format)
{
    char digits[G_ASCII_DTOSTR_BUF_SIZE];

    return g_strdup(known ? g_ascii_formatd(digits, sizeof digits, format, rate) : "-");
}

static void print_row(const Row *row)
{
    JsonObject *instance = row->instance;
    const char *name = json_read_string(instance, "name");
    g_autofree char *gpu = format_rate(row->rate.gpu_known, row->rate.gpu, "%.1f");
    g_autofree char *time = time_text(instance);
    g_autofree char *memory = memory_sum(instance);
    g_autofree char *pinned = memory_pinned(instance);
    g_autofree char *calls = format_rate(row->rate.known, row->rate.calls, "%.0f");
    g_autofree char *refused = format_rate(row->rate.known, row->rate.refused, "%.0f");
    g_autofree char *containers =
        g_strdup_printf("%" G_GINT64_FORMAT, json_read_int(instance, "containers"));
    g_autofree char *files = g_strdup_printf("%" G_GINT64_FORMAT, json_read_int(instance, "files"));

    g_print(row_format, name ? name : "?", gpu, time, memory, pinned, containers, calls, refused,
            files);
}

/* The busiest first; the others by name. */
static int compare(gconstpointer a, gconstpointer b)
{
    const Row *x = a;
    const Row *y = b;

    if (x->rate.gpu != y->rate.gpu) {
        return x->rate.gpu < y->rate.gpu ? 1 : -1;
    }
    return g_strcmp0(json_read_string(x->instance, "name"), json_read_string(y->instance, "name"));
}

static void print_table(InstanceRates *rates)
{
    /* Clear the screen first: then messages about instances that do not answer stay on it. */
    g_print("%s", isatty(STDOUT_FILENO) ? CLEAR_SCREEN : "");
    g_autoptr(GPtrArray) instances = instance_list("nvcuse top");
    g_autoptr(GArray) rows = g_array_new(FALSE, FALSE, sizeof(Row));

    for (guint i = 0; i < instances->len; i++) {
        JsonObject *instance = g_ptr_array_index(instances, i);
        const Row row = {instance, instance_rates_add(rates, instance, g_get_monotonic_time())};
        g_array_append_val(rows, row);
    }
    g_array_sort(rows, compare);
    g_print(row_format, "NAME", "GPU%", "GPU-TIME", "GPU-MEMORY", "PINNED", "CONTAINERS", "CALLS/S",
            "REFUSED", "FILES");
    for (guint i = 0; i < rows->len; i++) {
        print_row(&g_array_index(rows, Row, i));
    }
    (void)fflush(stdout);
}

static int show(const TopOptions *options)
{
    g_autoptr(InstanceRates) rates = instance_rates_new();

    for (gint i = 0; options->count == 0 || i < options->count; i++) {
        if (i > 0) {
            sleep((unsigned)options->interval);
            g_print("%s", isatty(STDOUT_FILENO) ? "" : "\n");
        }
        print_table(rates);
    }
    return EXIT_OK;
}

int cmd_top(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    TopOptions options = {.interval = INTERVAL_SECONDS};

    if (!parse(&options, &argc, &argv, &error)) {
        g_printerr("nvcuse top: %s\n", error->message);
        return EXIT_USAGE;
    }
    if (argc > 1) {
        g_printerr("nvcuse top: unexpected argument '%s'; see nvcuse top --help\n", argv[1]);
        return EXIT_USAGE;
    }
    if (options.interval < 1 || options.interval > INTERVAL_MAX || options.count < 0) {
        g_printerr("nvcuse top: expected an interval from 1 to %d seconds, and a count that is not "
                   "negative; see nvcuse top --help\n",
                   INTERVAL_MAX);
        return EXIT_USAGE;
    }
    if (geteuid() != 0) {
        g_printerr("nvcuse top: must be run as root: only root may ask instances\n");
        return EXIT_FAILED;
    }
    return show(&options);
}
