/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/broker/cuse-nodes.h"
#include "cuse-server/broker/fd-keep.h"
#include "cuse-server/broker/listener.h"
#include "cuse-server/broker/node-fs.h"
#include "cuse-server/broker/service.h"
#include "cuse-server/transport/worker.h"

enum {
    START_SECONDS = 30, /* a loaded host, hundreds of devices */
    STOP_SECONDS = 5,   /* a worker deep in the driver, then the same for its devices */
};

struct Instance {
    InstanceConfig config;
    Slot slot;
    uint64_t secret;
    int host_nodes;
    int guest_nodes;
    int socket; /* ours of the pair */
    pid_t worker;
    int worker_pidfd;
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

/* In the child. Of all the files this process had, the worker keeps the few it is made of. */
static G_NORETURN void run_worker(const Instance *instance, const LockupIdentity *identity,
                                  const int *cuse_fds, int socket)
{
    const InstanceConfig *config = &instance->config;
    g_autofree int *keep = g_new(int, config->n_devices + 6);
    unsigned n = 0;

    keep[n++] = STDIN_FILENO;
    keep[n++] = STDOUT_FILENO;
    keep[n++] = STDERR_FILENO;
    keep[n++] = socket;
    keep[n++] = instance->slot.lock;
    for (unsigned i = 0; i < config->n_devices; i++) {
        keep[n++] = cuse_fds[i];
    }
    if (config->trace_fd >= 0) {
        keep[n++] = config->trace_fd;
    }
    fd_keep_only(keep, n);

    worker_main(&(WorkerConfig){
        .abi = config->abi,
        .caps = config->caps,
        .devices = config->devices,
        .n_devices = config->n_devices,
        .cuse = {.name = config->name,
                 .major_no = instance->slot.major_no,
                 .first_minor = instance->slot.first_minor,
                 .fds = cuse_fds,
                 .secret = instance->secret,
                 .threads = config->threads},
        .identity = *identity,
        .socket = socket,
        .trace_fd = config->trace_fd,
    });
}

static bool fork_worker(Instance *instance, const LockupIdentity *identity, const int *cuse_fds,
                        GError **error)
{
    int sockets[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot make a socket: %s",
                    g_strerror(errno));
        return false;
    }
    instance->worker = fork();
    if (instance->worker == 0) {
        close(sockets[0]);
        run_worker(instance, identity, cuse_fds, sockets[1]);
    }
    close(sockets[1]);
    instance->socket = sockets[0];
    if (instance->worker < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot fork the worker: %s",
                    g_strerror(errno));
        return false;
    }
    instance->worker_pidfd = pidfd_open(instance->worker, 0);
    return true;
}

static bool start_worker(Instance *instance, GError **error)
{
    unsigned n = instance->config.n_devices;
    g_autofree int *cuse_fds = g_new(int, n);
    LockupIdentity identity;
    bool ok;

    if (!lockup_find_identity(&identity, error) || !cuse_nodes_open(cuse_fds, n, error)) {
        return false;
    }
    ok = fork_worker(instance, &identity, cuse_fds, error);
    /* The worker's alone from here on: its end is the devices' end. */
    for (unsigned i = 0; i < n; i++) {
        close(cuse_fds[i]);
    }
    return ok;
}

static void start_service(Instance *instance)
{
    const InstanceConfig *config = &instance->config;

    instance->service = service_start(&(ServiceConfig){
        .socket = instance->socket,
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

Instance *instance_start(const InstanceConfig *config, GError **error)
{
    Instance *instance = g_new(Instance, 1);

    *instance = (Instance){
        .config = *config,
        .slot.lock = -1,
        .host_nodes = -1,
        .guest_nodes = -1,
        .socket = -1,
        .worker = -1,
        .worker_pidfd = -1,
        .listeners = g_ptr_array_new_with_free_func((GDestroyNotify)listener_stop),
    };
    /* Before any thread or file of ours could be inherited: first the worker, then the rest. */
    if (instance_check_name(config->name, error) &&
        cuse_node_check_free(config->name, config->devices[0].name, error) &&
        getrandom(&instance->secret, sizeof instance->secret, 0) == sizeof instance->secret &&
        slot_take(&instance->slot, error) && start_worker(instance, error) &&
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
    return instance->worker_pidfd;
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

    g_ptr_array_add(instance->listeners, listener_start(&config, fd));
}

/* Its socket closed, the worker ends by itself; if it does not, it is killed. */
static bool end_worker(const Instance *instance, GError **error)
{
    struct pollfd ended = {.fd = instance->worker_pidfd, .events = POLLIN};

    shutdown(instance->socket, SHUT_RDWR);
    if (poll(&ended, 1, STOP_SECONDS * 1000) == 0) {
        kill(instance->worker, SIGKILL);
        if (poll(&ended, 1, STOP_SECONDS * 1000) == 0) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                        "worker %d of instance '%s' does not end: it is held in the host driver",
                        instance->worker, instance->config.name);
            return false;
        }
    }
    waitpid(instance->worker, NULL, 0);
    return true;
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
    bool ok = true;

    /* The worker first: broker threads that wait for it get errors and come to their end. */
    if (instance->worker > 0) {
        ok = end_worker(instance, error) && wait_until_removed(instance, error);
    }
    g_ptr_array_unref(instance->listeners);
    if (instance->service) {
        service_stop(instance->service);
    }
    close_if_open(instance->worker_pidfd);
    close_if_open(instance->socket);
    close_if_open(instance->guest_nodes);
    close_if_open(instance->host_nodes);
    close_if_open(instance->slot.lock);
    g_free(instance);
    return ok;
}
