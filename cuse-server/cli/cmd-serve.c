/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse serve: runs an instance for a container that another program runs. */
#include <signal.h>
#include <unistd.h>

#include <glib-unix.h>

#include "cuse-server/broker/identity/guest-thread.h"
#include "cuse-server/broker/life/broker-filter.h"
#include "cuse-server/broker/life/instance-report.h"
#include "cuse-server/broker/workers/worker-watch.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/notify.h"
#include "cuse-server/cli/options/instance-options.h"
#include "cuse-server/cli/signals.h"
#include "cuse-server/container/container-files.h"
#include "cuse-server/container/proc-view.h"
#include "cuse-server/oci/config/oci-bundle.h"
#include "cuse-server/oci/runtime/container-life.h"
#include "cuse-server/oci/runtime/seccomp-socket.h"
#include "cuse-server/sandbox/idle-memory.h"

/*
 * #syscalls:broker poll write
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
    Instance *instance;
    InstanceReport *report;
    const InstancePlan *plan;
    int starter;
    const char *bundle;
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

    if (serve->life) {
        container_life_add_listener(serve->life, fd);
    }
    instance_add_listener(serve->instance, fd, process ? guest_thread_filters(process) : 0);
    instance_report_event(serve->report, AUDIT_ATTACHED, "serves another container or process");
}

/* Hand out the view. It is for one container, and is handed out once. */
static char *on_view(int fds[SECCOMP_SOCKET_VIEW_FILES], gpointer data)
{
    Serve *serve = data;
    const InstanceConfig *config = &serve->plan->config;

    if (serve->nodes < 0) {
        return NULL;
    }
    fds[0] = serve->nodes;
    fds[1] = serve->proc_view.mount;
    return container_node_names(config->devices, config->n_devices);
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

/* Make the nodes and the view of /proc, which only a runtime's container gets. */
static bool make_view(Serve *serve, GError **error)
{
    const InstanceConfig *config = &serve->plan->config;

    if (serve->starter < 0) {
        return true;
    }
    serve->nodes = container_nodes_new(config->devices, config->n_devices, error);
    return serve->nodes >= 0 &&
           proc_view_start(&serve->proc_view, config->devices, config->n_devices, error);
}

static void run_loop(Serve *serve, const SeccompSocket *socket)
{
    const InstanceConfig *config = &serve->plan->config;
    WorkerWatch *watch = worker_watch_new(serve->instance, serve->report, config->restart_worker,
                                          on_worker_lost, serve);

    if (serve->starter >= 0) {
        serve->life = container_life_new(serve->starter, socket, serve->loop);
    }
    g_printerr("nvcuse serve: instance '%s' is ready; containers connect to %s\n", config->name,
               seccomp_socket_path(socket));
    idle_memory_trim();
    notify_supervisor("READY=1");
    g_main_loop_run(serve->loop);
    notify_supervisor("STOPPING=1");
    worker_watch_free(watch);
    g_clear_pointer(&serve->life, container_life_free);
}

/* Restore the bundle, in case the container never reached its first hook. */
static void restore_bundle(const Serve *serve)
{
    g_autoptr(GError) error = NULL;

    if (serve->bundle && !oci_bundle_restore(serve->bundle, &error)) {
        g_printerr("nvcuse serve: %s\n", error->message);
    }
}

static bool serve_containers(Serve *serve, GError **error)
{
    const InstancePlan *plan = serve->plan;
    const ReportConfig report = {&plan->config, plan->audit, "-", plan->textfile_dir};
    g_autoptr(SeccompSocket) socket = NULL;

    if (!make_view(serve, error)) {
        return false;
    }
    serve->instance = instance_start(&plan->config, error);
    if (!serve->instance) {
        return false;
    }
    serve->report = instance_report_new(&report, serve->instance, error);
    if (serve->report) {
        socket = seccomp_socket_new(plan->config.name, &socket_ops, serve, error);
    }
    /* From here on only serving is left, which needs fewer system calls. */
    bool ready = socket && broker_filter_install(error);
    if (ready) {
        run_loop(serve, socket);
        restore_bundle(serve);
    }
    if (serve->report) {
        instance_report_event(serve->report, AUDIT_STOPPED, "ends");
        instance_report_free(serve->report);
    }
    return instance_stop(serve->instance, ready ? error : NULL) && ready;
}

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

    signals_watch(on_signal, &serve);
    if (!serve_containers(&serve, &error)) {
        g_printerr("nvcuse serve: %s\n", error->message);
        serve.code = EXIT_FAILED;
    }
    proc_view_stop(&serve.proc_view);
    return serve.code;
}

static bool print_filter(const InstanceOptions *options, GError **error)
{
    g_autofree char *text = instance_options_filter(options, error);

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

int cmd_serve(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    ServeOptions serve = {.starter = -1};
    g_autofree InstancePlan *plan = g_new0(InstancePlan, 1);
    InstanceOptions options = {0};
    int code = EXIT_FAILED;

    if (!parse(&options, &serve, &argc, &argv, &error)) {
        g_printerr("nvcuse serve: %s\n", error->message);
        code = EXIT_USAGE;
    } else if (argc > 1) {
        g_printerr("nvcuse serve: '%s' is one word too many; see nvcuse serve --help\n", argv[1]);
        code = EXIT_USAGE;
    } else if (!load_config(&options, serve.config, &error) ||
               !(serve.print_filter ? print_filter(&options, &error)
                                    : instance_plan_make(plan, &options, NULL, &error))) {
        g_printerr("nvcuse serve: %s\n", error->message);
    } else {
        code = serve.print_filter ? EXIT_OK : serve_plan(plan, serve.starter, serve.bundle);
    }
    instance_plan_clear(plan);
    instance_options_clear(&options);
    g_free(serve.config);
    g_free(serve.bundle);
    return code;
}
