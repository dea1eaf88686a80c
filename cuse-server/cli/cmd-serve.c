/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse serve: an instance for a container that something else runs. */
#include <signal.h>
#include <unistd.h>

#include <glib-unix.h>

#include "cuse-server/cli/command.h"
#include "cuse-server/cli/instance-options.h"
#include "cuse-server/cli/notify.h"
#include "cuse-server/cli/signals.h"
#include "cuse-server/container/seccomp-socket.h"

typedef struct {
    GMainLoop *loop;
    Instance *instance;
    int code;
} Serve;

static void on_signal(int number, bool from_terminal, gpointer data)
{
    Serve *serve = data;

    (void)from_terminal;
    if (number != SIGUSR1 && number != SIGUSR2) {
        g_main_loop_quit(serve->loop);
    }
}

static gboolean on_worker_ended(gint fd, GIOCondition condition, gpointer data)
{
    Serve *serve = data;

    (void)fd;
    (void)condition;
    g_printerr("nvcuse serve: the worker ended\n");
    serve->code = EXIT_FAILED;
    g_main_loop_quit(serve->loop);
    return G_SOURCE_REMOVE;
}

static void on_listener(int fd, gpointer data)
{
    const Serve *serve = data;

    instance_add_listener(serve->instance, fd);
}

static bool serve_containers(Serve *serve, const InstancePlan *plan, GError **error)
{
    g_autoptr(SeccompSocket) socket = NULL;

    serve->instance = instance_start(&plan->config, error);
    if (!serve->instance) {
        return false;
    }
    socket = seccomp_socket_new(plan->config.name, on_listener, serve, error);
    if (socket) {
        g_unix_fd_add(instance_worker(serve->instance), G_IO_IN, on_worker_ended, serve);
        g_printerr("nvcuse serve: instance '%s' is ready; containers connect to %s\n",
                   plan->config.name, seccomp_socket_path(socket));
        notify_supervisor("READY=1");
        g_main_loop_run(serve->loop);
        notify_supervisor("STOPPING=1");
    }
    return instance_stop(serve->instance, socket ? error : NULL) && socket;
}

static int serve_plan(const InstancePlan *plan)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    Serve serve = {.loop = loop, .code = EXIT_OK};

    signals_watch(on_signal, &serve);
    if (!serve_containers(&serve, plan, &error)) {
        g_printerr("nvcuse serve: %s\n", error->message);
        return EXIT_FAILED;
    }
    return serve.code;
}

static bool parse(InstanceOptions *options, char **config, int *argc, char ***argv, GError **error)
{
    const GOptionEntry entries[] = {
        {"config", 0, 0, G_OPTION_ARG_FILENAME, config,
         "take options that are not given here from group [instance] of FILE", "FILE"},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("");

    g_option_context_set_summary(
        context,
        "Serve an instance's devices until SIGTERM. A container's runtime connects its seccomp\n"
        "listener to the instance's socket (OCI: linux.seccomp.listenerPath). Needs root.");
    g_option_context_add_main_entries(context, entries, NULL);
    instance_options_add(options, context);
    return g_option_context_parse(context, argc, argv, error);
}

int cmd_serve(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *config = NULL;
    g_autofree InstancePlan *plan = g_new0(InstancePlan, 1);
    InstanceOptions options = {0};
    int code = EXIT_FAILED;

    if (!parse(&options, &config, &argc, &argv, &error)) {
        g_printerr("nvcuse serve: %s\n", error->message);
        code = EXIT_USAGE;
    } else if (argc > 1) {
        g_printerr("nvcuse serve: '%s' is one word too many; see nvcuse serve --help\n", argv[1]);
        code = EXIT_USAGE;
    } else if ((config && !instance_options_load(&options, config, &error)) ||
               !instance_plan_make(plan, &options, NULL, &error)) {
        g_printerr("nvcuse serve: %s\n", error->message);
    } else {
        code = serve_plan(plan);
    }
    instance_plan_clear(plan);
    instance_options_clear(&options);
    return code;
}
