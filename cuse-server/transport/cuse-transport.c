/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/cuse-transport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

#include <gio/gio.h>

#include "cuse-server/transport/cuse-call.h"
#include "cuse-server/transport/leader-pool.h"

struct CuseTransport {
    CallContext context;
    BrokerLink *link;
    unsigned threads;
    bool announced;
    struct fuse_buf buffer; /* the leader's: operations copy what outlives a read */
    struct pollfd *polls;   /* the devices', then the broker's */
    unsigned n_devices;
    unsigned next_device; /* where the leader goes on, so that no device has to wait for another */
    GError *error;        /* why there is no more leader */
    CuseDevice devices[];
};

char *cuse_device_name(const char *instance, const char *device)
{
    return g_strdup_printf("nvcuse!%s!%s", instance, device);
}

static struct fuse_session *session_new(CuseDevice *device, const CuseConfig *config)
{
    const char *node = device->context->proxy->devices[device->index].name;
    g_autofree char *name = cuse_device_name(config->name, node);
    g_autofree char *variable = g_strdup_printf("DEVNAME=%s", name);
    const char *variables[] = {variable};
    struct cuse_info info = {
        .dev_major = config->major_no,
        .dev_minor = config->first_minor + device->index,
        .dev_info_argc = G_N_ELEMENTS(variables),
        .dev_info_argv = variables,
        .flags = CUSE_UNRESTRICTED_IOCTL,
    };
    char program[] = "nvcuse";
    char *argv[] = {program, NULL};
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);
    struct fuse_session *session = cuse_lowlevel_new(&args, &info, &cuse_call_ops, device);

    fuse_opt_free_args(&args);
    return session;
}

static bool device_start(CuseDevice *device, const CuseConfig *config, GError **error)
{
    int fd = config->fds[device->index];
    g_autofree char *path = g_strdup_printf("/dev/fd/%d", fd);

    /* The leader polls: a request that was withdrawn meanwhile must not leave it waiting. */
    if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && (device->session = session_new(device, config)) &&
        fuse_session_mount(device->session, path) == 0) {
        return true;
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot start a CUSE session for %s",
                device->context->proxy->devices[device->index].name);
    return false;
}

CuseTransport *cuse_transport_new(const CuseConfig *config, Proxy *proxy, BrokerLink *link,
                                  CallLog *log, GError **error)
{
    CuseTransport *transport =
        g_malloc0(sizeof *transport + proxy->n_devices * sizeof transport->devices[0]);

    call_context_init(&transport->context, proxy, log, config->secret, config->threads);
    transport->link = link;
    transport->threads = config->threads;
    for (unsigned i = 0; i < proxy->n_devices; i++) {
        CuseDevice *device = &transport->devices[i];
        device->context = &transport->context;
        device->index = i;
        if (!device_start(device, config, error)) {
            return NULL; /* the worker ends */
        }
        transport->n_devices++;
    }
    return transport;
}

/* Take one request from a device and process it. Returns false if the kernel has given the device
 * up. */
static bool serve_device(CuseTransport *transport, CuseDevice *device)
{
    int n = fuse_session_receive_buf(device->session, &transport->buffer);

    if (n > 0) {
        fuse_session_process_buf(device->session, &transport->buffer);
        return true;
    }
    if (n == -EAGAIN || n == -EINTR) {
        return true;
    }
    g_set_error(&transport->error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the kernel ended device %s%s",
                transport->context.proxy->devices[device->index].name,
                device->initialised ? "" : " (is its name or number taken?)");
    return false;
}

/* Once every device has been registered, say so. */
static bool announce(CuseTransport *transport)
{
    for (unsigned i = 0; i < transport->n_devices; i++) {
        if (!transport->devices[i].initialised) {
            return true;
        }
    }
    transport->announced = true;
    return broker_link_ready(transport->link);
}

/* Wait until a device or the broker has something. Returns false if the broker is gone. */
static bool wait_for_any(CuseTransport *transport)
{
    unsigned n = transport->n_devices;

    while (poll(transport->polls, n + 1, -1) < 0) {
        g_assert(errno == EINTR);
    }
    transport->next_device = 0;
    return !transport->polls[n].revents || broker_link_receive(transport->link);
}

/* The leader's part: everything that can be done without waiting, until there is something that
 * cannot. */
static gpointer take_job(gpointer data)
{
    CuseTransport *transport = data;

    for (;;) {
        while (transport->next_device < transport->n_devices) {
            unsigned i = transport->next_device++;
            if (!transport->polls[i].revents) {
                continue;
            }
            if (!serve_device(transport, &transport->devices[i])) {
                return NULL;
            }
            if (transport->context.next) {
                return g_steal_pointer(&transport->context.next);
            }
        }
        if ((!transport->announced && !announce(transport)) || !wait_for_any(transport)) {
            return NULL;
        }
    }
}

static void run_job(gpointer job, gpointer data)
{
    CuseTransport *transport = data;

    call_job_run(&transport->context, job);
}

/* Jobs are never dropped: the process ends with them, and the kernel answers for us. */
static const LeaderPoolOps pool_ops = {.take = take_job, .run = run_job, .drop = g_free};

/* The driver's events, to the files they are for. Never ends: the process does. */
static gpointer pass_events(gpointer data)
{
    CuseTransport *transport = data;

    for (;;) {
        uint32_t file;
        unsigned events;
        broker_link_next_event(transport->link, &file, &events);
        proxy_file_event(transport->context.proxy, file, events);
    }
    return NULL;
}

static void poll_add(struct pollfd *poll_fd, int fd)
{
    *poll_fd = (struct pollfd){.fd = fd, .events = POLLIN};
}

bool cuse_transport_run(CuseTransport *transport, GError **error)
{
    unsigned n = transport->n_devices;

    transport->polls = g_new0(struct pollfd, n + 1);
    for (unsigned i = 0; i < n; i++) {
        poll_add(&transport->polls[i], fuse_session_fd(transport->devices[i].session));
    }
    poll_add(&transport->polls[n], broker_link_socket(transport->link));
    transport->next_device = n;
    g_thread_unref(g_thread_new("worker-events", pass_events, transport));
    leader_pool_wait(leader_pool_new("worker", &pool_ops, transport, transport->threads));
    if (transport->error) {
        g_propagate_error(error, g_steal_pointer(&transport->error));
        return false;
    }
    return true;
}
