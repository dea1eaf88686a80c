/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of the broker, in numbered stages. broker_live() enters the stages one after the other, and leaves them in the reverse
 * order. `nvcuse serve` and `nvcuse run` both live by it, so neither of them can leave a stage out or change the order.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/broker/life/instance-report.h"
#include "cuse-server/broker/life/instance.h"
#include "cuse-server/broker/workers/worker-watch.h"

/**
 * BrokerStage: how far the broker is. What each stage does, and what is still possible in it:
 *
 * @BROKER_BEGUN: the options are judged and the host's devices known. A guest may have been forked, and waits. The broker has all of
 *     root's privileges, and one thread.
 * @BROKER_NAMED: the name of the instance is reserved (/run/nvcuse/NAME). It is reserved first, so that nothing below is ever done
 *     for a name that another instance has, and it is given back last.
 * @BROKER_PREPARED: the command has made what its container sees (BrokerOps.prepare): nodes, the view of /proc. Later the broker
 *     can no longer mount.
 * @BROKER_HAS_WORKER: the worker is executed, before the broker has threads, or files of guests and of the host's driver.
 * @BROKER_LOCKED_UP: the broker keeps four capabilities (sandbox/broker-lockup.h). It can no longer mount, change its user, or
 *     execute anything with privilege.
 * @BROKER_SERVES: the threads run, and the worker is locked up and serves.
 * @BROKER_REPORTS: operators can ask for the status, and audit events are written.
 * @BROKER_OPEN: the command has opened what containers connect to (BrokerOps.open).
 * @BROKER_FILTERED: the seccomp filter is installed, on all threads, and the worker is watched. It comes last, because it allows
 *     only what serving needs. Until then there is no guest: a listener can come only in BrokerOps.serve.
 */
typedef enum {
    BROKER_BEGUN,
    BROKER_NAMED,
    BROKER_PREPARED,
    BROKER_HAS_WORKER,
    BROKER_LOCKED_UP,
    BROKER_SERVES,
    BROKER_REPORTS,
    BROKER_OPEN,
    BROKER_FILTERED,
} BrokerStage;

typedef struct Broker Broker;

/**
 * BrokerOps: what the commands do differently. Each function gets BrokerConfig.data.
 * @prepare, @open: see BROKER_PREPARED, BROKER_OPEN; return false with @error, and leave nothing behind then. @open may be NULL
 * @serve: run the main loop until the instance has to end
 * @worker_lost: the worker has ended, and no other is started; called from the main loop
 * @close: undo @open, if it succeeded. NULL: there is nothing to undo
 * @clean: undo @prepare, if it succeeded
 */
typedef struct {
    bool (*prepare)(gpointer data, GError **error);
    bool (*open)(Broker *broker, gpointer data, GError **error);
    void (*serve)(Broker *broker, gpointer data);
    void (*worker_lost)(gpointer data);
    void (*close)(gpointer data);
    void (*clean)(gpointer data);
} BrokerOps;

/**
 * BrokerConfig: all of it outlives the broker.
 * @report: the instance, and what is reported of it
 * @outputs: files of the instance, which are emptied once it has its name; -1: none
 * @data: for @ops
 */
typedef struct {
    ReportConfig report;
    int outputs[2];
    const BrokerOps *ops;
    gpointer data;
} BrokerConfig;

/**
 * Broker: a broker that lives.
 * @stage: the last stage that was entered
 * @directory: the run directory, which reserves the name; or -1
 * @instance: from BROKER_HAS_WORKER on; @report: from BROKER_REPORTS on; @watch: from BROKER_FILTERED on; else NULL
 */
struct Broker {
    const BrokerConfig *config;
    BrokerStage stage;
    int directory;
    Instance *instance;
    InstanceReport *report;
    WorkerWatch *watch;
};

/**
 * broker_live: enter all stages, serve, and leave the stages again. The calling process must have one thread and root's
 * privileges, and cannot get back what it gives up.
 * @served: set to whether BrokerOps.serve was called
 * Returns: false with @error if a stage could not be entered, or if something of the instance stayed behind at the end. In the second
 * case (@served is set), threads may still use @config: the process has to end by _exit(), without freeing it.
 */
bool broker_live(const BrokerConfig *config, bool *served, GError **error);
