/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/cuse-transport.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>

#include <gio/gio.h>

#include "cuse-server/transport/cuse-call.h"

struct CuseTransport {
    CallContext context;
    BrokerLink *link;
    bool announced;
    struct fuse_buf buffer; /* one for all sessions: operations copy what outlives a read */
    unsigned n_devices;
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

    /* The reader polls: a request that was withdrawn meanwhile must not leave it waiting. */
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

/* Take one request from a device. Returns false if the kernel has given the device up. */
static bool serve_device(CuseTransport *transport, CuseDevice *device)
{
    int n = fuse_session_receive_buf(device->session, &transport->buffer);

    if (n > 0) {
        fuse_session_process_buf(device->session, &transport->buffer);
        return true;
    }
    return n == -EAGAIN || n == -EINTR;
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

static bool serve_ready_devices(CuseTransport *transport, const struct pollfd *polls,
                                GError **error)
{
    for (unsigned i = 0; i < transport->n_devices; i++) {
        CuseDevice *device = &transport->devices[i];
        if (polls[i].revents && !serve_device(transport, device)) {
            g_set_error(error, G_IO_ERROR, G_IO_ERROR_CLOSED, "the kernel ended device %s%s",
                        transport->context.proxy->devices[i].name,
                        device->initialised ? "" : " (is its name or number taken?)");
            return false;
        }
    }
    return true;
}

bool cuse_transport_run(CuseTransport *transport, GError **error)
{
    unsigned n = transport->n_devices;
    g_autofree struct pollfd *polls = g_new0(struct pollfd, n + 1);

    for (unsigned i = 0; i < n; i++) {
        polls[i].fd = fuse_session_fd(transport->devices[i].session);
        polls[i].events = POLLIN;
    }
    polls[n].fd = broker_link_socket(transport->link);
    polls[n].events = POLLIN;

    for (;;) {
        if (poll(polls, n + 1, -1) < 0 && errno != EINTR) {
            g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot poll: %s",
                        g_strerror(errno));
            return false;
        }
        if (polls[n].revents && !broker_link_receive(transport->link)) {
            return true;
        }
        if (!serve_ready_devices(transport, polls, error)) {
            return false;
        }
        if (!transport->announced && !announce(transport)) {
            return true;
        }
    }
}
