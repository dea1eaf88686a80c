/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse serve: runs an instance for a container that another program runs. */
#include <signal.h>
#include <unistd.h>

#include <glib-unix.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/identity/guest-thread.h"
#include "cuse-server/broker/life/broker.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/notify.h"
#include "cuse-server/cli/options/instance-plan.h"
#include "cuse-server/cli/signals.h"
#include "cuse-server/container/container-files.h"
#include "cuse-server/container/proc-view.h"
#include "cuse-server/oci/config/oci-bundle.h"
#include "cuse-server/oci/runtime/container-life.h"
#include "cuse-server/oci/runtime/seccomp-socket.h"
#include "cuse-server/sandbox/idle-memory.h"

/*
 * #syscalls:broker poll write close exit_group
 * #syscalls:before access
 */

#define CONFIG_DIRECTORY "/etc/nvcuse"

/*
 * @starter: a pidfd if a runtime made the instance for one container (see container-life.h); the instance
 *     then has a view for that container. Else -1
 * @bundle: that container's bundle, or NULL
 */
typedef struct {
    GMainLoop *loop;
    const InstancePlan *plan;
    int starter;
    const char *bundle;
    Broker *broker;
    SeccompSocket *socket;
    ContainerLife *life;
    ProcView proc_view;
    int nodes;
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

static void on_worker_lost(gpointer data)
{
    Serve *serve = data;

    serve->code = EXIT_FAILED;
    if (serve->starter < 0) {
        g_main_loop_quit(serve->loop);
    } /* else the container goes on without GPUs, and the broker still answers its other opens */
}

static void on_listener(int fd, pid_t process, gpointer data)
{
    const Serve *serve = data;

    /* A container's later listeners are of processes that enter it, for example of every health check. */
    const bool is_news = !serve->life || instance_listeners(serve->broker->instance) == 0;

    if (serve->life) {
        container_life_add_listener(serve->life, fd);
    }
    instance_add_listener(serve->broker->instance, fd, process ? guest_thread_filters(process) : 0);
    if (is_news) {
        instance_report_event(serve->broker->report, AUDIT_ATTACHED,
                              serve->life ? "serves its container"
                                          : "serves another container or process");
    }
}

/* Hand out the view. It is for one container, and is handed out once. */
static char *on_view(int fds[SECCOMP_SOCKET_VIEW_FILES], gpointer data)
{
    Serve *serve = data;
    const InstanceSpec *spec = &serve->plan->spec;
    const FilterNeeds needs = instance_plan_needs(serve->plan);

    if (serve->nodes < 0) {
        return NULL;
    }
    fds[0] = serve->nodes;
    fds[1] = serve->proc_view.mount;
    return container_node_names(spec->devices, spec->n_devices, &needs);
}

static void on_stop(gpointer data)
{
    const Serve *serve = data;

    if (serve->life) {
        g_main_loop_quit(serve->loop);
    }
}

static void on_idle(gpointer data)
{
    const Serve *serve = data;

    if (serve->life) {
        container_life_check(serve->life);
    }
}

static const SeccompSocketOps socket_ops = {
    .listener = on_listener,
    .view = on_view,
    .stop = on_stop,
    .idle = on_idle,
};

static void drop_view(gpointer data)
{
    Serve *serve = data;

    proc_view_stop(&serve->proc_view);
    close_if_open(serve->nodes);
}

/* Make the nodes and the view of /proc, which only a runtime's container gets. */
static bool make_view(gpointer data, GError **error)
{
    Serve *serve = data;
    const InstanceSpec *spec = &serve->plan->spec;

    if (serve->starter < 0) {
        return true;
    }
    serve->nodes = container_nodes_new(spec->devices, spec->n_devices, error);
    if (serve->nodes >= 0 &&
        proc_view_start(&serve->proc_view, spec->devices, spec->n_devices, error)) {
        return true;
    }
    drop_view(serve);
    return false;
}

static bool open_socket(Broker *broker, gpointer data, GError **error)
{
    Serve *serve = data;

    serve->broker = broker;
    serve->socket = seccomp_socket_new(serve->plan->spec.name, &socket_ops, serve, error);
    return serve->socket;
}

static void close_socket(gpointer data)
{
    Serve *serve = data;

    seccomp_socket_free(serve->socket);
}

/* Restore the bundle, in case the container never reached its first hook. */
static void restore_bundle(const Serve *serve)
{
    g_autoptr(GError) error = NULL;

    if (serve->bundle && !oci_bundle_restore(serve->bundle, &error)) {
        g_printerr("nvcuse serve: %s\n", error->message);
    }
}

static void run_loop(Broker *broker, gpointer data)
{
    Serve *serve = data;

    (void)broker;
    if (serve->starter >= 0) {
        serve->life = container_life_new(serve->starter, serve->socket, serve->loop);
    }
    g_printerr("nvcuse serve: instance '%s' is ready; containers connect to %s\n",
               serve->plan->spec.name, seccomp_socket_path(serve->socket));
    idle_memory_trim();
    notify_supervisor("READY=1");
    g_main_loop_run(serve->loop);
    notify_supervisor("STOPPING=1");
    g_clear_pointer(&serve->life, container_life_free);
    restore_bundle(serve);
}

static const BrokerOps serve_ops = {
    .prepare = make_view,
    .clean = drop_view,
    .open = open_socket,
    .close = close_socket,
    .serve = run_loop,
    .worker_lost = on_worker_lost,
};

static int serve_plan(const InstancePlan *plan, int starter, const char *bundle)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    Serve serve = {
        .loop = loop,
        .plan = plan,
        .starter = starter,
        .bundle = bundle,
        .proc_view = {.pid = -1, .mount = -1},
        .nodes = -1,
        .code = EXIT_OK,
    };

    const BrokerConfig config = instance_plan_broker(plan, "-", &serve_ops, &serve);
    bool served;

    signals_watch(on_signal, &serve);
    if (!broker_live(&config, &served, &error)) {
        g_printerr("nvcuse serve: %s\n", error->message);
        if (served) {
            _exit(EXIT_FAILED); /* threads that did not end still read the plan */
        }
        serve.code = EXIT_FAILED;
    }
    return serve.code;
}

static bool print_filter(const InstanceOptions *options, GError **error)
{
    g_autofree char *text = instance_plan_filter(options, error);

    if (text) {
        g_print("%s", text);
    }
    return text;
}

/* Options of cmd_serve() beside the instance's options. */
typedef struct {
    char *config;
    gboolean print_filter;
    char *bundle;
    int starter;
} ServeOptions;

static bool parse(InstanceOptions *options, ServeOptions *serve, int *argc, char ***argv,
                  GError **error)
{
    const GOptionEntry entries[] = {
        {"config", 0, 0, G_OPTION_ARG_FILENAME, &serve->config,
         "take options that are not given here from FILE (default: /etc/nvcuse/NAME.conf, if "
         "there)",
         "FILE"},
        {"print-filter", 0, 0, G_OPTION_ARG_NONE, &serve->print_filter,
         "print the system calls that the instance's processes may make, and end", NULL},
        /* For nvcuse-runtime: see container-life.h and oci-bundle.h. */
        {"starter-fd", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_INT, &serve->starter, NULL, NULL},
        {"bundle", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &serve->bundle, NULL, NULL},
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

/* Load the file of --config, or else the file that /etc/nvcuse has for the instance's name, if there is one. */
static bool load_config(InstanceOptions *options, const char *config, GError **error)
{
    g_autofree char *usual = NULL;

    if (!config && options->name && instance_check_name(options->name, NULL)) {
        usual = g_strdup_printf(CONFIG_DIRECTORY "/%s.conf", options->name);
        config = g_file_test(usual, G_FILE_TEST_EXISTS) ? usual : NULL;
    }
    return !config || instance_options_load(options, config, error);
}

/* Set what is usual for a container's instance: it has no supervisor that would start it again, so the broker replaces a worker that
 * has ended. A recording is of one worker. */
static void set_usual(InstanceOptions *options, const ServeOptions *serve)
{
    if (serve->starter >= 0 && !options->on_worker_death && !options->record) {
        options->on_worker_death = g_strdup("restart");
    }
}

/* Do what the options ask for. Returns the exit code. */
static int serve_or_print(InstanceOptions *options, const ServeOptions *serve)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(InstancePlan) plan = NULL;

    const bool understood =
        load_config(options, serve->config, &error) && instance_options_check(options, &error);
    if (understood) {
        set_usual(options, serve);
        if (serve->print_filter && print_filter(options, &error)) {
            return EXIT_OK;
        }
        if (!serve->print_filter && (plan = instance_plan_new(options, NULL, &error))) {
            return serve_plan(plan, serve->starter, serve->bundle);
        }
    }
    g_printerr("nvcuse serve: %s\n", error->message);
    /* What is wrong in the file stays wrong: a supervisor need not try again. */
    return understood ? EXIT_FAILED : EXIT_USAGE;
}

int cmd_serve(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    ServeOptions serve = {.starter = -1};
    InstanceOptions options = {0};
    int code = EXIT_USAGE;

    if (!parse(&options, &serve, &argc, &argv, &error)) {
        g_printerr("nvcuse serve: %s\n", error->message);
    } else if (argc > 1) {
        g_printerr(
            "nvcuse serve: unexpected argument '%s': expected options only; see nvcuse serve "
            "--help\n",
            argv[1]);
    } else {
        code = serve_or_print(&options, &serve);
    }
    instance_options_clear(&options);
    g_free(serve.config);
    g_free(serve.bundle);
    return code;
}
