/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse run: runs a command in its own container, with its own instance. */
#include <stdlib.h>
#include <unistd.h>

#include <glib-unix.h>

#include "cuse-server/broker/identity/guest-thread.h"
#include "cuse-server/broker/life/broker.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/options/instance-plan.h"
#include "cuse-server/cli/signals.h"
#include "cuse-server/container/guest.h"
#include "cuse-server/container/proc-view.h"

/*
 * #syscalls:broker poll write exit_group
 * #syscalls:before getpid
 */

typedef struct {
    GMainLoop *loop;
    const InstancePlan *plan;
    Guest guest;
    ProcView proc_view;
    unsigned filters; /* the seccomp filters that this process was started with */
    int code;         /* the command's exit code */
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
    g_printerr("nvcuse: the command goes on, but its GPU calls fail from now on\n");
}

static bool make_proc_view(gpointer data, GError **error)
{
    Run *run = data;
    const InstancePlan *plan = run->plan;
    const InstanceSpec *spec = &plan->spec;

    return plan->simulation
               ? proc_view_simulate(&run->proc_view, plan->simulation, spec->devices,
                                    spec->n_devices, error)
               : proc_view_start(&run->proc_view, spec->devices, spec->n_devices, error);
}

static void drop_proc_view(gpointer data)
{
    Run *run = data;

    proc_view_stop(&run->proc_view);
}

/* Let the guest run, and serve it until it ends. Its process exists already and waits. */
static void serve_guest(Broker *broker, gpointer data)
{
    Run *run = data;
    int listener;

    g_unix_fd_add(run->guest.pidfd, G_IO_IN, on_guest_ended, run);
    guest_go(&run->guest, run->proc_view.mount, &listener);
    if (listener >= 0) {
        /* The command has the seccomp filters that this process was started with, and the listener's. */
        instance_add_listener(broker->instance, listener, run->filters + 1);
    }
    g_main_loop_run(run->loop);
    run->code = guest_wait(&run->guest);
}

static const BrokerOps run_ops = {
    .prepare = make_proc_view,
    .clean = drop_proc_view,
    .serve = serve_guest,
    .worker_lost = on_worker_lost,
};

static int run_plan(const InstancePlan *plan, char **command)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_autoptr(GError) error = NULL;
    Run run = {.loop = loop,
               .plan = plan,
               .proc_view = {.pid = -1, .mount = -1},
               .filters = guest_thread_filters(getpid())};
    /* Without a journal, write no events: they would mix with the command's own output. */
    const BrokerConfig config = instance_plan_broker(plan, "none", &run_ops, &run);
    const FilterNeeds needs = instance_plan_needs(plan);
    bool served;

    if (!guest_fork(&run.guest, command, plan->spec.devices, plan->spec.n_devices, &needs,
                    &error)) {
        g_printerr("nvcuse run: %s\n", error->message);
        return GUEST_EXIT_CANNOT_START;
    }
    signals_watch(on_signal, &run);
    if (!broker_live(&config, &served, &error)) {
        g_printerr("nvcuse run: %s\n", error->message);
        if (served) {
            _exit(run.code); /* threads that did not end still read the plan */
        }
    }
    if (!served) {
        guest_kill(&run.guest);
        guest_wait(&run.guest);
        return GUEST_EXIT_CANNOT_START;
    }
    return run.code;
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
    g_autoptr(InstancePlan) plan = NULL;
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
        g_printerr("nvcuse run: missing command: expected -- COMMAND; see nvcuse run --help\n");
        code = EXIT_USAGE;
    } else if (!instance_options_check(&options, &error) ||
               !(plan = instance_plan_new(&options, default_name, &error))) {
        g_printerr("nvcuse run: %s\n", error->message);
        code = GUEST_EXIT_CANNOT_START;
    } else {
        code = run_plan(plan, command);
    }
    g_clear_pointer(&plan, instance_plan_free);
    instance_options_clear(&options);
    return code;
}
