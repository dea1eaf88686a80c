/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse limit: changes the quotas and shares of a running instance. */
#include <gio/gio.h>

#include "cuse-server/base/json/json-reader.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/instances/limit-client.h"
#include "cuse-server/cli/instances/memory-text.h"
#include "cuse-server/cli/instances/time-text.h"
#include "cuse-server/inventory/gpu-lists.h"
#include "cuse-server/observe/run-directory.h"
#include "cuse-server/wire/instance-spec.h"

typedef struct {
    char *gpu_memory;
    char *pinned_memory;
    char *gpu_share;
    char *gpu_cap;
} LimitOptions;

static bool parse(LimitOptions *options, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"gpu-memory", 0, 0, G_OPTION_ARG_STRING, &options->gpu_memory,
         "limit GPU memory: 20G for each GPU, or like 0=20G,1=max by index or UUID", "LIST"},
        {"pinned-memory", 0, 0, G_OPTION_ARG_STRING, &options->pinned_memory,
         "limit the host's memory that the driver allocates, like 8G; max is no limit", "SIZE"},
        {"gpu-share", 0, 0, G_OPTION_ARG_STRING, &options->gpu_share,
         "share a GPU's time by weights; 100 is one", "WEIGHT"},
        {"gpu-cap", 0, 0, G_OPTION_ARG_STRING, &options->gpu_cap,
         "let programs run on GPUs in so much of the time; 100 is all of it", "PERCENT"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("NAME");

    g_option_context_set_summary(context,
                                 "Change the quotas and shares of a running instance. Needs root.");
    g_option_context_set_description(
        context, "The new limits hold at once, until the instance ends. Nothing is taken away from "
                 "programs that hold more.");
    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, argc, argv, error);
}

/* --- the request ------------------------------------------------------------------------------ */

static bool read_number(const char *text, unsigned max, uint32_t *number, GError **error)
{
    guint64 value;

    if (!g_ascii_string_to_unsigned(text, 10, 1, max, &value, NULL)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "'%s': expected a whole number from 1 to %u", text, max);
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

static bool read_gpu_memory(const char *text, LimitRequest *request, GError **error)
{
    g_autofree char *by_minor = gpu_list_limits(text, error);

    return by_minor && quota_list_parse(by_minor, &request->gpu_memory, error);
}

static bool read_pinned_memory(const char *text, LimitRequest *request, GError **error)
{
    return quota_size_parse(text, &request->pinned_memory, error);
}

static bool read_gpu_share(const char *text, LimitRequest *request, GError **error)
{
    return read_number(text, QUOTA_SHARE_MAX, &request->gpu_share, error);
}

static bool read_gpu_cap(const char *text, LimitRequest *request, GError **error)
{
    return read_number(text, QUOTA_CAP_MAX, &request->gpu_cap, error);
}

static bool make_request(const LimitOptions *options, LimitRequest *request, GError **error)
{
    const struct {
        const char *name;
        const char *text;
        LimitChanges kind;
        bool (*read)(const char *text, LimitRequest *request, GError **error);
    } kinds[] = {
        {"gpu-memory", options->gpu_memory, LIMIT_GPU_MEMORY, read_gpu_memory},
        {"pinned-memory", options->pinned_memory, LIMIT_PINNED_MEMORY, read_pinned_memory},
        {"gpu-share", options->gpu_share, LIMIT_GPU_SHARE, read_gpu_share},
        {"gpu-cap", options->gpu_cap, LIMIT_GPU_CAP, read_gpu_cap},
    };

    *request = (LimitRequest){.size = sizeof *request};
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (!kinds[i].text) {
            continue;
        }
        request->changes |= (uint32_t)kinds[i].kind;
        if (!kinds[i].read(kinds[i].text, request, error)) {
            g_prefix_error(error, "--%s: ", kinds[i].name);
            return false;
        }
    }
    if (!request->changes) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                            "expected --gpu-memory, --pinned-memory, --gpu-share or --gpu-cap; see "
                            "nvcuse limit --help");
    }
    return request->changes != 0;
}

/* --- the result ------------------------------------------------------------------------------- */

static void print_figure(const char *what, JsonObject *figure)
{
    const gint64 used = json_read_int(figure, "used");
    const gint64 limit = json_read_int(figure, "limit");
    g_autofree char *held = memory_amount(used);
    g_autofree char *most = limit ? memory_amount(limit) : g_strdup("max");

    g_print("%s: limit %s, in use %s%s\n", what, most, held,
            limit && used > limit ? " (more than the limit: nothing is taken away, and allocating "
                                    "fails until programs give memory back)"
                                  : "");
}

static void print_gpus(JsonObject *instance)
{
    JsonArray *gpus = json_read_array(instance, "gpu_memory");

    for (guint i = 0; gpus && i < json_array_get_length(gpus); i++) {
        JsonNode *node = json_array_get_element(gpus, i);
        if (JSON_NODE_HOLDS_OBJECT(node)) {
            JsonObject *figure = json_node_get_object(node);
            const char *gpu = json_read_string(figure, "gpu");
            /* "all" if the instance does not tell its GPUs apart. */
            g_autofree char *what = gpu && g_ascii_isdigit(gpu[0])
                                        ? g_strconcat("/dev/nvidia", gpu, NULL)
                                        : g_strdup("all GPUs");
            print_figure(what, figure);
        }
    }
}

/* Print what holds now. The limits are changed already: if the instance does not tell, that is no failure. */
static void print_present(const char *name)
{
    g_autofree char *text = run_directory_ask(name, "control", NULL);
    g_autoptr(JsonObject) instance = text ? json_read_object(text, NULL) : NULL;
    JsonObject *pinned = instance ? json_read_object_member(instance, "pinned_memory") : NULL;

    if (instance) {
        print_gpus(instance);
    }
    if (pinned) {
        print_figure("pinned", pinned);
    }
    if (instance) {
        g_autofree char *time = time_text(instance);
        g_print("GPU time: %s\n", time);
    }
}

static int change(const char *word, const LimitOptions *options)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = NULL;
    LimitRequest request;

    if (!instance_check_name(word, &error) || !make_request(options, &request, &error)) {
        g_printerr("nvcuse limit: %s\n", error->message);
        return EXIT_USAGE;
    }
    name = run_directory_find(word, &error);
    if (!name || !limit_client_change(name, &request, &error)) {
        g_printerr("nvcuse limit: %s\n", error->message);
        return EXIT_FAILED;
    }
    print_present(name);
    return EXIT_OK;
}

static void clear(LimitOptions *options)
{
    g_free(options->gpu_memory);
    g_free(options->pinned_memory);
    g_free(options->gpu_share);
    g_free(options->gpu_cap);
}

int cmd_limit(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    LimitOptions options = {0};
    int code = EXIT_USAGE;

    if (!parse(&options, &argc, &argv, &error)) {
        g_printerr("nvcuse limit: %s\n", error->message);
    } else if (argc != 2) {
        g_printerr("nvcuse limit: expected the NAME of one instance; see nvcuse limit --help\n");
    } else {
        code = change(argv[1], &options);
    }
    clear(&options);
    return code;
}
