/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/life/broker.h"

#include <unistd.h>

#include "cuse-server/broker/life/broker-filter.h"
#include "cuse-server/observe/run-directory.h"
#include "cuse-server/sandbox/broker-lockup.h"
#include "cuse-server/sandbox/ptrace-scope.h"

/*
 * #syscalls:broker close
 * #syscalls:before ftruncate
 */

static const InstanceSpec *spec_of(const Broker *broker)
{
    return broker->config->report.instance;
}

static bool enter_named(Broker *broker, GError **error)
{
    broker->directory = run_directory_make(spec_of(broker)->name, error);
    if (broker->directory < 0) {
        return false;
    }
    /* Only now: before, they may be the files of a running instance of this name. */
    for (size_t i = 0; i < G_N_ELEMENTS(broker->config->outputs); i++) {
        if (broker->config->outputs[i] >= 0) {
            (void)!ftruncate(broker->config->outputs[i], 0); /* fails for a pipe, which is empty */
        }
    }
    return true;
}

static bool leave_named(Broker *broker, GError **error)
{
    (void)error;
    run_directory_remove(spec_of(broker)->name);
    close(broker->directory);
    return true;
}

static bool enter_prepared(Broker *broker, GError **error)
{
    return broker->config->ops->prepare(broker->config->data, error);
}

static bool leave_prepared(Broker *broker, GError **error)
{
    (void)error;
    broker->config->ops->clean(broker->config->data);
    return true;
}

static bool leave_worker(Broker *broker, GError **error)
{
    return instance_stop(g_steal_pointer(&broker->instance), error);
}

static bool enter_worker(Broker *broker, GError **error)
{
    if (!ptrace_scope_check(error)) {
        return false;
    }
    broker->instance = instance_new(spec_of(broker));
    if (instance_start_worker(broker->instance, error)) {
        return true;
    }
    (void)leave_worker(broker, NULL); /* report the first error only */
    return false;
}

static bool enter_locked_up(Broker *broker, GError **error)
{
    (void)broker;
    return lockup_broker(error);
}

static bool enter_serves(Broker *broker, GError **error)
{
    return instance_serve(broker->instance, error);
}

static bool enter_reports(Broker *broker, GError **error)
{
    broker->report = instance_report_new(&broker->config->report, broker->instance, error);
    return broker->report;
}

static bool leave_reports(Broker *broker, GError **error)
{
    (void)error;
    instance_report_event(broker->report, AUDIT_STOPPED, "ends");
    instance_report_free(g_steal_pointer(&broker->report));
    return true;
}

static bool enter_open(Broker *broker, GError **error)
{
    return !broker->config->ops->open ||
           broker->config->ops->open(broker, broker->config->data, error);
}

static bool leave_open(Broker *broker, GError **error)
{
    (void)error;
    if (broker->config->ops->close) {
        broker->config->ops->close(broker->config->data);
    }
    return true;
}

static bool enter_filtered(Broker *broker, GError **error)
{
    if (!broker_filter_install(error)) {
        return false;
    }
    broker->watch =
        worker_watch_new(broker->instance, broker->report, spec_of(broker)->on_worker_death,
                         broker->config->ops->worker_lost, broker->config->data);
    return true;
}

static bool leave_filtered(Broker *broker, GError **error)
{
    (void)error;
    worker_watch_free(g_steal_pointer(&broker->watch));
    return true;
}

/* How each stage is entered, and left again. What a stage that cannot be undone gave up stays given up. */
static const struct {
    bool (*enter)(Broker *broker, GError **error);
    bool (*leave)(Broker *broker, GError **error); /* NULL: there is nothing to undo */
} stages[] = {
    [BROKER_NAMED] = {enter_named, leave_named},
    [BROKER_PREPARED] = {enter_prepared, leave_prepared},
    [BROKER_HAS_WORKER] = {enter_worker, leave_worker},
    [BROKER_LOCKED_UP] = {enter_locked_up, NULL},
    [BROKER_SERVES] = {enter_serves, NULL}, /* instance_stop() ends the threads too */
    [BROKER_REPORTS] = {enter_reports, leave_reports},
    [BROKER_OPEN] = {enter_open, leave_open},
    [BROKER_FILTERED] = {enter_filtered, leave_filtered},
};

static bool enter_all(Broker *broker, GError **error)
{
    while (broker->stage < BROKER_FILTERED) {
        if (!stages[broker->stage + 1].enter(broker, error)) {
            return false;
        }
        broker->stage++;
    }
    return true;
}

/* Leave all stages, also after one of them could not be left. @error: gets the first error */
static bool leave_all(Broker *broker, GError **error)
{
    bool ok = true;

    for (; broker->stage > BROKER_BEGUN; broker->stage--) {
        if (stages[broker->stage].leave) {
            ok = stages[broker->stage].leave(broker, ok ? error : NULL) && ok;
        }
    }
    return ok;
}

bool broker_live(const BrokerConfig *config, bool *served, GError **error)
{
    Broker broker = {.config = config, .stage = BROKER_BEGUN, .directory = -1};

    *served = enter_all(&broker, error);
    if (*served) {
        config->ops->serve(&broker, config->data);
    }
    return leave_all(&broker, *served ? error : NULL) && *served;
}
