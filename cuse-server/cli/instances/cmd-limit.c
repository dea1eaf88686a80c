/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse limit: changes the memory quotas of a running instance. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/json/json-reader.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/instances/memory-text.h"
#include "cuse-server/observe/run-directory.h"
#include "cuse-server/wire/instance-spec.h"
#include "cuse-server/wire/quota/limit-request.h"
#include "cuse-server/wire/seqpacket.h"

enum { ANSWER_SECONDS = 5 };

typedef struct {
    char *gpu_memory;
    char *pinned_memory;
} LimitOptions;

static bool parse(LimitOptions *options, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"gpu-memory", 0, 0, G_OPTION_ARG_STRING, &options->gpu_memory,
         "limit GPU memory: 20G for each GPU, or like 0=20G,1=max by device minor", "LIST"},
        {"pinned-memory", 0, 0, G_OPTION_ARG_STRING, &options->pinned_memory,
         "limit the host's memory that the driver allocates, like 8G; max is no limit", "SIZE"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("NAME");

    g_option_context_set_summary(context,
                                 "Change the memory quotas of a running instance. Needs root.");
    g_option_context_set_description(
        context, "The new limits hold at once, until the instance ends. Nothing is taken away from "
                 "programs that hold more.");
    g_option_context_add_main_entries(context, entries, NULL);
    return g_option_context_parse(context, argc, argv, error);
}

static bool make_request(const LimitOptions *options, LimitRequest *request, GError **error)
{
    *request = (LimitRequest){.size = sizeof *request};
    if (options->gpu_memory) {
        request->changes |= LIMIT_GPU_MEMORY;
        if (!quota_list_parse(options->gpu_memory, &request->gpu_memory, error)) {
            g_prefix_error(error, "--gpu-memory: ");
            return false;
        }
    }
    if (options->pinned_memory) {
        request->changes |= LIMIT_PINNED_MEMORY;
        if (!quota_size_parse(options->pinned_memory, &request->pinned_memory, error)) {
            g_prefix_error(error, "--pinned-memory: ");
            return false;
        }
    }
    return true;
}

/* --- the question ----------------------------------------------------------------------------- */

/* Connect to the instance's socket for limits. Returns -1 with errno. */
static int connect_to(const char *name)
{
    const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autofree char *path = run_directory_path(name, "limits");
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd >= 0 &&
        (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path ||
         setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0 ||
         connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)) {
        const int saved = errno;
        close(fd);
        errno = saved;
        fd = -1;
    }
    return fd;
}

static bool ask(const char *name, const LimitRequest *request, LimitReply *reply, GError **error)
{
    int fd = connect_to(name);
    int file = -1;

    if (fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "instance '%s' does not answer: %s; `nvcuse ps` lists the instances that run",
                    name, g_strerror(errno));
        return false;
    }
    const bool answered = seqpacket_send(fd, request, sizeof *request, -1) &&
                          seqpacket_wait(fd, reply, sizeof *reply, &file) == SEQPACKET_MESSAGE;
    if (!answered) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "instance '%s' did not reply within %d seconds, or ended", name,
                    ANSWER_SECONDS);
    }
    close(fd);
    return answered;
}

/* Set the error for a reply that is not LIMIT_CHANGED. Returns false. */
static bool refuse(const char *name, const LimitReply *reply, GError **error)
{
    g_autofree char *gpu = g_strdup_printf("the instance has no GPU %d", reply->gpu);
    const char *const reasons[] = {
        [LIMIT_NOT_ROOT] = "only root may change limits",
        [LIMIT_INVALID] =
            "it does not understand the request: it runs another version of nvcuse, so "
            "use the nvcuse that started it",
        [LIMIT_NOT_BY_GPU] = "it was started without limits of GPU memory: start it with "
                             "--gpu-memory max, or with a limit",
        [LIMIT_NO_SUCH_GPU] = gpu,
        [LIMIT_FIXED] = "a recorded or simulated instance has no quotas",
    };

    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "instance '%s': %s", name,
                reply->result < G_N_ELEMENTS(reasons) && reasons[reply->result]
                    ? reasons[reply->result]
                    : "unknown reply");
    return false;
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
            g_autofree char *what = g_strconcat("GPU ", gpu ? gpu : "?", NULL);
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
}

static int change(const char *name, const LimitOptions *options)
{
    g_autoptr(GError) error = NULL;
    LimitRequest request;
    LimitReply reply;

    if (!instance_check_name(name, &error) || !make_request(options, &request, &error)) {
        g_printerr("nvcuse limit: %s\n", error->message);
        return EXIT_USAGE;
    }
    if (geteuid() != 0) {
        g_printerr("nvcuse limit: must be run as root: only root may change limits\n");
        return EXIT_FAILED;
    }
    if (!ask(name, &request, &reply, &error) ||
        (reply.result != LIMIT_CHANGED && !refuse(name, &reply, &error))) {
        g_printerr("nvcuse limit: %s\n", error->message);
        return EXIT_FAILED;
    }
    print_present(name);
    return EXIT_OK;
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
    } else if (!options.gpu_memory && !options.pinned_memory) {
        g_printerr("nvcuse limit: expected --gpu-memory or --pinned-memory; see nvcuse limit "
                   "--help\n");
    } else {
        code = change(argv[1], &options);
    }
    g_free(options.gpu_memory);
    g_free(options.pinned_memory);
    return code;
}
