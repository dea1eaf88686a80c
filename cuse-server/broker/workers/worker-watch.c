/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/workers/worker-watch.h"

#include <glib-unix.h>

/* #syscalls:broker write */

enum {
    RESTARTS_MAX = 5,
    RESTARTS_SECONDS = 60, /* more restarts within this time mean a fault or an attack */
};

struct WorkerWatch {
    Instance *instance;
    InstanceReport *report;
    WorkerDeath on_death;
    WorkerLostFunc lost;
    gpointer data;
    guint source;
    gint64 restarted[RESTARTS_MAX]; /* monotonic times of the latest restarts; 0: no restart yet */
    unsigned next;                  /* the index of the oldest of these times */
};

static void watch_worker(WorkerWatch *watch);

/* Count a restart. Returns false if there were RESTARTS_MAX restarts in the last RESTARTS_SECONDS already. */
static bool may_restart(WorkerWatch *watch)
{
    gint64 now = g_get_monotonic_time();
    gint64 *oldest = &watch->restarted[watch->next];

    if (*oldest && now - *oldest < RESTARTS_SECONDS * G_TIME_SPAN_SECOND) {
        g_printerr(
            "nvcuse: the worker ended %d times within %d seconds and is not restarted any more: "
            "restart the instance; audit events and nvcuse explain may show the cause\n",
            RESTARTS_MAX + 1, RESTARTS_SECONDS);
        return false;
    }
    *oldest = now;
    watch->next = (watch->next + 1) % RESTARTS_MAX;
    return true;
}

static bool restart(WorkerWatch *watch)
{
    g_autoptr(GError) error = NULL;

    instance_report_worker_gone(watch->report);
    if (!instance_restart_worker(watch->instance, &error)) {
        g_printerr("nvcuse: cannot restart the worker: %s\n", error->message);
        return false;
    }
    g_printerr("nvcuse: worker restarted; files opened before keep failing until reopened\n");
    instance_report_worker_restarted(watch->report);
    return true;
}

/* Report that the worker has ended. Returns whether another one may take its place. */
static bool report_end(const WorkerWatch *watch)
{
    g_autofree char *fate = instance_worker_fate(watch->instance);
    g_autofree char *event = g_strconcat("lost its worker, which ", fate, NULL);

    if (instance_driver_changed(watch->instance)) {
        g_printerr(
            "nvcuse: the host's NVIDIA driver was unloaded or replaced: this instance has the "
            "tables of the driver that it started with, and ends; start it, or its "
            "container, again\n");
        instance_report_event(watch->report, AUDIT_DRIVER_CHANGED,
                              "ends, because the host's NVIDIA driver was unloaded or replaced");
        return false;
    }
    g_printerr("nvcuse: the worker %s\n", fate);
    instance_report_event(watch->report, AUDIT_WORKER_ENDED, event);
    return watch->on_death == WORKER_DEATH_RESTART;
}

static gboolean on_ended(gint fd, GIOCondition condition, gpointer data)
{
    WorkerWatch *watch = data;

    (void)fd;
    (void)condition;
    watch->source = 0;
    if (report_end(watch) && may_restart(watch) && restart(watch)) {
        watch_worker(watch);
    } else {
        watch->lost(watch->data);
    }
    return G_SOURCE_REMOVE;
}

static void watch_worker(WorkerWatch *watch)
{
    watch->source = g_unix_fd_add(instance_worker(watch->instance), G_IO_IN, on_ended, watch);
}

WorkerWatch *worker_watch_new(Instance *instance, InstanceReport *report, WorkerDeath on_death,
                              WorkerLostFunc lost, gpointer data)
{
    WorkerWatch *watch = g_new(WorkerWatch, 1);

    *watch = (WorkerWatch){
        .instance = instance, .report = report, .on_death = on_death, .lost = lost, .data = data};
    watch_worker(watch);
    return watch;
}

void worker_watch_free(WorkerWatch *watch)
{
    if (watch->source) {
        g_source_remove(watch->source);
        /* A command whose open has failed for that may end the instance before the main loop sees that the worker has ended. */
        if (instance_driver_changed(watch->instance)) {
            (void)report_end(watch);
        }
    }
    g_free(watch);
}
