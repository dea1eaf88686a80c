/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/life/instance.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/mounts/node-fs.h"
#include "cuse-server/broker/files/spares.h"
#include "cuse-server/broker/files/stand-ins.h"
#include "cuse-server/broker/guests/call-watch.h"
#include "cuse-server/broker/guests/listener.h"
#include "cuse-server/broker/life/service.h"
#include "cuse-server/broker/workers/starter.h"
#include "cuse-server/broker/workers/worker-process.h"
#include "cuse-server/sandbox/descriptor-table.h"
#include "cuse-server/sandbox/idle-memory.h"
#include "cuse-server/wire/quota/quota-page.h"

/*
 * #syscalls:broker close
 * #syscalls:before eventfd2 prlimit64
 */

enum {
    START_SECONDS = 30, /* enough for a loaded host and hundreds of devices */
    STOP_SECONDS = 5,   /* for each device to disappear, once the worker has ended */
};

struct Instance {
    const InstanceSpec *spec;
    StandIns stand_ins;
    int host_nodes;
    Starter starter;
    WorkerProcess worker;
    WorkerLink *link;
    Agents *agents;
    GuestCalls *calls;
    CallWatch *watch;
    Service *service;
    GPtrArray *listeners;
    GuestMembers *members;
    Openers *openers;
    Spares *spares;
    Ledger *ledger;
    QuotaPage *quotas;
    WorkerPages pages;
    int notices;
    Incidents *incidents;
    gint driver_changed; /* atomic */
};

static bool make_pages(Instance *instance, GError **error)
{
    return (instance->ledger = ledger_new(&instance->pages.ledger, error)) &&
           (instance->quotas =
                quota_page_new(&instance->spec->quota, &instance->pages.quotas, error));
}

static bool make_host_nodes(Instance *instance, GError **error)
{
    const InstanceSpec *spec = instance->spec;

    if (instance_is_simulated(spec)) {
        return true; /* a simulated instance opens no host device */
    }
    instance->host_nodes = node_fs_new(error);
    for (unsigned i = 0; instance->host_nodes >= 0 && i < spec->n_devices; i++) {
        const Device *device = &spec->devices[i];
        if (device_has_node(device) &&
            !node_fs_add(instance->host_nodes, "dev", device->name, device->number, error)) {
            return false;
        }
    }
    return instance->host_nodes >= 0;
}

/* @members: limits which processes may be looked at, for the worker's questions; NULL for calls that guests make themselves. */
static GuestFiles guest_files(const Instance *instance, GuestMembers *members)
{
    return (GuestFiles){.stand_ins = &instance->stand_ins, .members = members};
}

/* Start to answer the worker's questions. */
static void start_service(Instance *instance)
{
    const InstanceSpec *spec = instance->spec;

    instance->service = service_start(&(ServiceConfig){
        .socket = instance->worker.socket,
        .worker = instance->worker.pidfd,
        .host_nodes = instance->host_nodes,
        .simulated = instance_is_simulated(spec),
        .driver_mark = spec->driver_mark,
        .driver_changed = &instance->driver_changed,
        .devices = spec->devices,
        .n_devices = spec->n_devices,
        .files = guest_files(instance, instance->members),
        /* The worker has as many threads that carry out calls as threads that answer the broker's questions. */
        .threads = 2 * spec->threads,
        .members = instance->members,
        .notices = instance->notices,
        .openers = instance->openers,
        .calls = instance->calls,
        .agents = instance->agents,
    });
}

/* Ask the worker to give lent memory back. Ignore errors: a worker that has ended no longer holds any. */
static void take_back(uint64_t lending, gpointer data)
{
    const Instance *instance = data;
    WorkerQuestion question = {.op = WORKER_TAKE_BACK, .lending = lending};
    int fd = -1;

    (void)worker_link_ask(instance->link, &question, 0, -1, &fd);
    close_if_open(fd);
}

/* Start everything that survives a restart of the worker, and the service, which is started anew for each worker. */
static void start_threads(Instance *instance)
{
    instance->calls = guest_calls_new();
    instance->link =
        worker_link_new(instance->worker.questions, stand_ins_key(&instance->stand_ins, 0));
    instance->agents = agents_new(instance->members, instance->incidents, take_back, instance);
    start_service(instance);
    instance->watch = call_watch_start(instance->calls, instance->link);
}

static bool start_by_starter(Instance *instance, GError **error)
{
    const bool started =
        starter_start(&instance->starter, &instance->worker, &instance->stand_ins, error);

    if (started) {
        atomic_store(&instance->quotas->worker, instance->worker.pid);
    }
    return started;
}

static bool start_worker(Instance *instance, GError **error)
{
    if (instance->spec->on_worker_death != WORKER_DEATH_END) {
        return starter_fork(&instance->starter, instance->spec, &instance->stand_ins,
                            &instance->pages, error) &&
               start_by_starter(instance, error);
    }
    const bool started = worker_process_start(&instance->worker, instance->spec,
                                              &instance->stand_ins, &instance->pages, error);
    if (started) {
        atomic_store(&instance->quotas->worker, instance->worker.pid);
    }
    return started;
}

static bool wait_until_served(Instance *instance, GError **error)
{
    if (!service_wait_ready(instance->service, START_SECONDS)) {
        g_set_error(
            error, G_IO_ERROR, G_IO_ERROR_FAILED,
            "the worker of instance '%s' has no devices after %d seconds, or ended: see the "
            "worker's messages (journalctl NVCUSE_INSTANCE=%s, or standard error)",
            instance->spec->name, START_SECONDS, instance->spec->name);
        return false;
    }
    return stand_ins_check(&instance->stand_ins, error);
}

/*
 * Raise the limit of open files. For each file that a guest has open, the worker has a file open as well. The guest does
 * not inherit the raised limit: it was forked before.
 */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        /* If this fails, the old limit stays, and each open beyond it fails. */
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Returns twice the limit of files: the worker has not yet reported some files as released. */
static unsigned most_openers(const InstanceSpec *spec)
{
    return 2 * spec->limits.files + spec->threads;
}

Instance *instance_new(const InstanceSpec *spec)
{
    Instance *instance = g_new(Instance, 1);

    *instance = (Instance){
        .spec = spec,
        .host_nodes = -1,
        .starter = {.pid = -1, .socket = -1},
        .worker = {.pid = -1, .pidfd = -1, .socket = -1, .questions = -1},
        .members = guest_members_new(),
        .openers = openers_new(most_openers(spec)),
        .listeners = g_ptr_array_new_with_free_func((GDestroyNotify)listener_stop),
        .pages = {-1, -1},
        .notices = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
    };
    g_assert(instance->notices >= 0);
    instance->incidents = incidents_new(instance->notices);
    stand_ins_init(&instance->stand_ins, spec->transport, spec->name, spec->devices,
                   spec->n_devices);
    instance->spares = spares_new(&instance->stand_ins);
    return instance;
}

bool instance_start_worker(Instance *instance, GError **error)
{
    raise_file_limit();
    descriptor_table_reserve(DESCRIPTOR_TABLE_MAX);
    /* Start the worker first, before there is a thread or a file of the broker that it could inherit. */
    return make_pages(instance, error) && stand_ins_prepare(&instance->stand_ins, error) &&
           start_worker(instance, error) && make_host_nodes(instance, error);
}

bool instance_serve(Instance *instance, GError **error)
{
    start_threads(instance);
    if (!wait_until_served(instance, error)) {
        return false;
    }
    idle_memory_trim();
    return true;
}

bool instance_restart_worker(Instance *instance, GError **error)
{
    const WorkerProcess ended = instance->worker;

    service_stop(g_steal_pointer(&instance->service));
    if (!worker_process_end(&instance->worker, instance->spec->name, error)) {
        return false;
    }
    instance->worker.pid = -1;
    spares_drop(instance->spares);
    if (!stand_ins_wait_removed(&instance->stand_ins, STOP_SECONDS, error) ||
        !start_by_starter(instance, error)) {
        return false;
    }
    openers_clear(instance->openers);
    worker_link_renew(instance->link, instance->worker.questions,
                      stand_ins_key(&instance->stand_ins, 0));
    close(ended.socket);
    close(ended.questions);
    start_service(instance);
    return wait_until_served(instance, error);
}

int instance_worker(const Instance *instance)
{
    return instance->worker.pidfd;
}

bool instance_driver_changed(const Instance *instance)
{
    return g_atomic_int_get(&instance->driver_changed);
}

char *instance_worker_fate(Instance *instance)
{
    return worker_process_fate(&instance->worker);
}

pid_t instance_worker_pid(const Instance *instance)
{
    return instance->worker.pid;
}

Ledger *instance_ledger(const Instance *instance)
{
    return instance->ledger;
}

QuotaPage *instance_quotas(const Instance *instance)
{
    return instance->quotas;
}

Incidents *instance_incidents(const Instance *instance)
{
    return instance->incidents;
}

int instance_notices(const Instance *instance)
{
    return instance->notices;
}

/* Free listeners that no longer watch a task. Each process that enters a container brings one, and most are short-lived. */
static void drop_ended_listeners(Instance *instance)
{
    for (guint i = instance->listeners->len; i-- > 0;) {
        if (listener_is_over(g_ptr_array_index(instance->listeners, i))) {
            g_ptr_array_remove_index_fast(instance->listeners, i);
        }
    }
}

unsigned instance_listeners(Instance *instance)
{
    drop_ended_listeners(instance);
    return instance->listeners->len;
}

static HostFiles host_files(const Instance *instance)
{
    return (HostFiles){instance->stand_ins.devices, instance->stand_ins.n_devices,
                       instance_is_simulated(instance->spec), instance->spec->driver_mark};
}

static GuestOpen guest_open(const Instance *instance)
{
    return (GuestOpen){.stand_ins = &instance->stand_ins,
                       .spares = instance->spares,
                       .host_files = host_files(instance),
                       .host_nodes = instance->host_nodes,
                       .worker = instance->link,
                       .openers = instance->openers,
                       .members = instance->members,
                       .agents = instance->agents,
                       .ledger = instance->ledger,
                       .files_max = instance->spec->limits.files};
}

void instance_add_listener(Instance *instance, int fd, unsigned filters)
{
    const ListenerConfig config = {
        .open = guest_open(instance),
        .mmap = {.files = guest_files(instance, NULL),
                 .host_files = host_files(instance),
                 .worker = instance->link,
                 .agents = instance->agents},
        .ioctl = {.files = guest_files(instance, NULL),
                  .worker = instance->link,
                  .calls = instance->calls,
                  .openers = instance->openers,
                  .agents = instance->agents},
        .threads = instance->spec->threads,
        .filters = filters,
    };

    drop_ended_listeners(instance);
    g_ptr_array_add(instance->listeners, listener_start(&config, fd));
}

bool instance_stop(Instance *instance, GError **error)
{
    bool removed = true;

    /* End the worker first: then the broker threads that wait for it get errors and end. */
    if (instance->worker.pid > 0) {
        if (!worker_process_end(&instance->worker, instance->spec->name, error)) {
            return false; /* a broker thread may still wait for the worker or the driver: free nothing
                           */
        }
        removed = stand_ins_wait_removed(&instance->stand_ins, STOP_SECONDS, error);
    }
    /* Stop the agents before the listeners: agents wait in calls that listener threads answer, and get work from them. */
    if (instance->agents && !agents_stop(instance->agents, removed ? error : NULL)) {
        return false; /* a broker thread still traces a guest that does not end */
    }
    g_ptr_array_unref(instance->listeners);
    spares_free(instance->spares);
    starter_end(&instance->starter);
    if (instance->service) {
        service_stop(instance->service);
    }
    g_clear_pointer(&instance->agents, agents_free);
    g_clear_pointer(&instance->watch, call_watch_stop);
    g_clear_pointer(&instance->link, worker_link_free);
    g_clear_pointer(&instance->calls, guest_calls_free);
    close_if_open(instance->worker.questions);
    guest_members_free(instance->members);
    openers_free(instance->openers);
    close_if_open(instance->worker.socket);
    close_if_open(instance->host_nodes);
    stand_ins_clear(&instance->stand_ins);
    close_if_open(instance->notices);
    incidents_free(instance->incidents);
    close_if_open(instance->pages.ledger);
    close_if_open(instance->pages.quotas);
    g_clear_pointer(&instance->ledger, ledger_free);
    g_clear_pointer(&instance->quotas, quota_page_free);
    g_free(instance);
    return removed;
}
