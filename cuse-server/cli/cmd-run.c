/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse run: runs a command in its own container, with its own instance. */
#include <stdlib.h>
#include <unistd.h>

#include <glib-unix.h>

#include "cuse-server/broker/identity/guest-thread.h"
#include "cuse-server/broker/life/broker-filter.h"
#include "cuse-server/broker/life/instance-report.h"
#include "cuse-server/broker/workers/worker-watch.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/options/instance-options.h"
#include "cuse-server/cli/signals.h"
#include "cuse-server/container/guest.h"
#include "cuse-server/container/proc-view.h"

/*
 * #syscalls:broker poll write
 * #syscalls:before getpid
 */

typedef struct {
    GMainLoop *loop;
    Guest guest;
    ProcView proc_view;
    Instance *instance;
    InstanceReport *report;
} Run;

static void on_signal(int number, bool from_terminal, gpointer data)
{
    const Run *run = data;

    if (!from_terminal) { /* the command gets the terminal's signals itself */
        guest_signal(&run->guest, number);
    }
}

static gboolean on_guest_ended(gint fd, GIOCondition condition, gpointer data)
{
    Run *run = data;

    (void)fd;
    (void)condition;
    g_main_loop_quit(run->loop);
    return G_SOURCE_REMOVE;
}

/* Handle the end of the worker. The command goes on without GPUs, and decides itself how to handle the errors. */
static void on_worker_lost(gpointer data)
{
    (void)data;
    g_printerr("nvcuse: the command's GPU calls fail from here on\n");
}

static bool make_proc_view(Run *run, const InstancePlan *plan, GError **error)
{
    const InstanceConfig *config = &plan->config;

    return plan->simulation
               ? proc_view_simulate(&run->proc_view, plan->simulation, config->devices,
                                    config->n_devices, error)
               : proc_view_start(&run->proc_view, config->devices, config->n_devices, error);
}

/* Start the instance, let the guest run, and serve it until it ends. */
static bool serve_guest(Run *run, const InstancePlan *plan, GError **error)
{
    /* Without a journal, write no events: they would mix with the command's own output. */
    const ReportConfig report = {&plan->config, plan->audit, "none", plan->textfile_dir};
    const unsigned filters = guest_thread_filters(getpid());
    WorkerWatch *watch;
    int listener;

    if (!make_proc_view(run, plan, error)) {
        return false;
    }
    run->instance = instance_start(&plan->config, error);
    if (!run->instance) {
        return false;
    }
    run->report = instance_report_new(&report, run->instance, error);
    /* The guest's process exists already and waits. This process does not have to start anything more. */
    if (!run->report || !broker_filter_install(error)) {
        g_clear_pointer(&run->report, instance_report_free);
        (void)instance_stop(run->instance, NULL);
        return false;
    }
    watch = worker_watch_new(run->instance, run->report, plan->config.restart_worker,
                             on_worker_lost, run);
    g_unix_fd_add(run->guest.pidfd, G_IO_IN, on_guest_ended, run);
    guest_go(&run->guest, run->proc_view.mount, &listener);
    if (listener >= 0) {
        /* The command has the seccomp filters that this process was started with, and the listener's. */
        instance_add_listener(run->instance, listener, filters + 1);
    }
    g_main_loop_run(run->loop);
    worker_watch_free(watch);
    return true;
}

static int run_plan(const InstancePlan *plan, char **command)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    Run run = {.loop = loop, .proc_view = {.pid = -1, .mount = -1}};
    int code;

    if (!guest_fork(&run.guest, command, plan->config.devices, plan->config.n_devices, &error)) {
        g_printerr("nvcuse: %s\n", error->message);
        return GUEST_EXIT_CANNOT_START;
    }
    signals_watch(on_signal, &run);
    if (!serve_guest(&run, plan, &error)) {
        guest_kill(&run.guest);
        guest_wait(&run.guest);
        proc_view_stop(&run.proc_view);
        g_printerr("nvcuse: %s\n", error->message);
        return GUEST_EXIT_CANNOT_START;
    }
    code = guest_wait(&run.guest);
    proc_view_stop(&run.proc_view);
    instance_report_event(run.report, AUDIT_STOPPED, "ends");
    instance_report_free(run.report);
    if (!instance_stop(run.instance, &error)) {
        g_printerr("nvcuse: %s\n", error->message);
    }
    return code;
}

/* Parse our options, which end at the first word or at "--". What follows belongs to the command. Without strict POSIX
 * mode GOption would take the command's own options. */
static bool parse(InstanceOptions *options, int *argc, char ***argv, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new("-- COMMAND [ARGUMENT...]");

    g_option_context_set_summary(
        context,
        "Run a command with NVIDIA GPUs, in a mount and pid namespace of its own, through an\n"
        "nvcuse instance that lives as long as the command. Needs root.");
    g_option_context_set_description(
        context,
        "Exit code: the command's; 128 + N if signal N ended it; 127 if it was not found, 126 if\n"
        "it could not be run, 125 if nvcuse could not start.");
    g_option_context_set_strict_posix(context, TRUE);
    instance_options_add(options, context);
    return g_option_context_parse(context, argc, argv, error);
}

int cmd_run(int argc, char **argv)
{
    g_autofree char *default_name = g_strdup_printf("run-%d", getpid());
    g_autoptr(GError) error = NULL;
    InstanceOptions options = {0};
    g_autofree InstancePlan *plan = g_new0(InstancePlan, 1);
    int code;

    if (!parse(&options, &argc, &argv, &error)) {
        g_printerr("nvcuse run: %s\n", error->message);
        return EXIT_USAGE;
    }
    char **command = argv + 1;
    if (*command && g_str_equal(*command, "--")) {
        command++;
    }
    if (!*command) {
        g_printerr("nvcuse run: no command; see nvcuse run --help\n");
        code = EXIT_USAGE;
    } else if (!instance_plan_make(plan, &options, default_name, &error)) {
        g_printerr("nvcuse run: %s\n", error->message);
        code = GUEST_EXIT_CANNOT_START;
    } else {
        code = run_plan(plan, command);
    }
    instance_plan_clear(plan);
    instance_options_clear(&options);
    return code;
}
