/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/instance.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/broker/cuse-nodes.h"
#include "cuse-server/broker/listener.h"
#include "cuse-server/broker/node-fs.h"
#include "cuse-server/broker/service.h"
#include "cuse-server/broker/worker-process.h"

enum {
    START_SECONDS = 30, /* a loaded host, hundreds of devices */
    STOP_SECONDS = 5,   /* for each device to go, once the worker has ended */
};

struct Instance {
    InstanceConfig config;
    Slot slot;
    uint64_t secret;
    int host_nodes;
    int guest_nodes;
    WorkerProcess worker;
    Service *service;
    GPtrArray *listeners;
};

bool instance_check_name(const char *name, GError **error)
{
    static const char allowed[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-";
    size_t length = strlen(name);

    if (length > 0 && length <= INSTANCE_NAME_MAX && strspn(name, allowed) == length &&
        g_ascii_isalnum(name[0])) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                "'%s' cannot be an instance's name: 1 to %d letters, digits, '_', '-' and '.', "
                "a letter or digit first",
                name, INSTANCE_NAME_MAX);
    return false;
}

static bool make_nodes(Instance *instance, GError **error)
{
    const InstanceConfig *config = &instance->config;

    instance->host_nodes = node_fs_new(error);
    instance->guest_nodes = instance->host_nodes < 0 ? -1 : node_fs_new(error);
    if (instance->guest_nodes < 0) {
        return false;
    }
    for (unsigned i = 0; i < config->n_devices; i++) {
        const Device *device = &config->devices[i];
        dev_t number = makedev(instance->slot.major_no, instance->slot.first_minor + i);
        if (!node_fs_add(instance->host_nodes, "dev", device->name, device->number, error) ||
            !node_fs_add(instance->guest_nodes, "dev", device->name, number, error)) {
            return false;
        }
    }
    return true;
}

static void start_service(Instance *instance)
{
    const InstanceConfig *config = &instance->config;

    instance->service = service_start(&(ServiceConfig){
        .socket = instance->worker.socket,
        .host_nodes = instance->host_nodes,
        .devices = config->devices,
        .n_devices = config->n_devices,
        .slot = instance->slot,
        .secret = instance->secret,
        .threads = config->threads,
    });
}

static bool wait_until_served(Instance *instance, GError **error)
{
    const InstanceConfig *config = &instance->config;

    if (!service_wait_ready(instance->service, START_SECONDS)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "the worker of instance '%s' did not bring up its devices", config->name);
        return false;
    }
    for (unsigned i = 0; i < config->n_devices; i++) {
        dev_t number = makedev(instance->slot.major_no, instance->slot.first_minor + i);
        if (!cuse_node_check(config->name, config->devices[i].name, number, error)) {
            return false;
        }
    }
    return true;
}

static bool make_secret(uint64_t *secret, GError **error)
{
    if (getrandom(secret, sizeof *secret, 0) == sizeof *secret) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot get random bytes: %s",
                g_strerror(errno));
    return false;
}

/*
 * A guest's open files are files of the worker's as well. What children of this process inherit is
 * the guest's affair: the guest was forked before.
 */
static void raise_file_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        /* If it fails there are fewer files, and opens beyond them fail one by one. */
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

Instance *instance_start(const InstanceConfig *config, GError **error)
{
    Instance *instance = g_new(Instance, 1);

    *instance = (Instance){
        .config = *config,
        .slot.lock = -1,
        .host_nodes = -1,
        .guest_nodes = -1,
        .worker = {.pid = -1, .pidfd = -1, .socket = -1},
        .listeners = g_ptr_array_new_with_free_func((GDestroyNotify)listener_stop),
    };
    raise_file_limit();
    /* Before any thread or file of ours could be inherited: first the worker, then the rest. */
    if (instance_check_name(config->name, error) &&
        cuse_node_check_free(config->name, config->devices[0].name, error) &&
        make_secret(&instance->secret, error) && slot_take(&instance->slot, error) &&
        worker_process_start(&instance->worker, &instance->config, &instance->slot,
                             instance->secret, error) &&
        make_nodes(instance, error)) {
        start_service(instance);
        if (wait_until_served(instance, error)) {
            return instance;
        }
    }
    (void)instance_stop(instance, NULL); /* the first error is the one to tell */
    return NULL;
}

int instance_worker(const Instance *instance)
{
    return instance->worker.pidfd;
}

/* Each process that enters a container brings a listener, and most are short-lived. */
static void drop_ended_listeners(Instance *instance)
{
    for (guint i = instance->listeners->len; i-- > 0;) {
        if (listener_is_over(g_ptr_array_index(instance->listeners, i))) {
            g_ptr_array_remove_index_fast(instance->listeners, i);
        }
    }
}

void instance_add_listener(Instance *instance, int fd)
{
    const ListenerConfig config = {
        .guest_nodes = instance->guest_nodes,
        .devices = instance->config.devices,
        .n_devices = instance->config.n_devices,
        .slot = instance->slot,
        .threads = instance->config.threads,
    };

    drop_ended_listeners(instance);
    g_ptr_array_add(instance->listeners, listener_start(&config, fd));
}

static bool wait_until_removed(const Instance *instance, GError **error)
{
    const InstanceConfig *config = &instance->config;

    for (unsigned i = 0; i < config->n_devices; i++) {
        if (!cuse_node_wait_removed(config->name, config->devices[i].name, STOP_SECONDS, error)) {
            return false;
        }
    }
    return true;
}

static void close_if_open(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}

bool instance_stop(Instance *instance, GError **error)
{
    bool removed = true;

    /* The worker first: broker threads that wait for it get errors and come to their end. */
    if (instance->worker.pid > 0) {
        if (!worker_process_end(&instance->worker, instance->config.name, error)) {
            return false; /* a thread of ours may wait for it, or for the driver, as long as it does
                           */
        }
        removed = wait_until_removed(instance, error);
    }
    g_ptr_array_unref(instance->listeners);
    if (instance->service) {
        service_stop(instance->service);
    }
    close_if_open(instance->worker.socket);
    close_if_open(instance->guest_nodes);
    close_if_open(instance->host_nodes);
    close_if_open(instance->slot.lock);
    g_free(instance);
    return removed;
}
