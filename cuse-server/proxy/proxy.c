/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/proxy.h"

#include <errno.h>
#include <poll.h>

#include "cuse-server/proxy/handlers.h"

/* The driver's poll takes away what it reports, asked for or not: so everything is asked for. */
#define POLL_EVERYTHING \
    (POLLIN | POLLPRI | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM | POLLRDHUP)

void proxy_init(Proxy *proxy, const DriverAbi *abi, NvCaps caps, const Device *devices,
                unsigned n_devices, Host *host)
{
    *proxy = (Proxy){
        .abi = abi,
        .caps = caps,
        .devices = devices,
        .n_devices = n_devices,
        .host = host,
        .files = nv_file_table_new(),
        .objects = object_tree_new(),
    };
}

void proxy_clear(Proxy *proxy)
{
    nv_file_table_free(proxy->files);
    object_tree_free(proxy->objects);
}

int proxy_open(Proxy *proxy, unsigned device, int flags, NvFile **file)
{
    int fd = proxy->host->ops->open(proxy->host, device, flags);

    if (fd < 0) {
        return -fd;
    }
    *file = nv_file_table_add(proxy->files, &proxy->devices[device], proxy->host, fd);
    if (!*file) {
        return ENFILE;
    }
    proxy->host->ops->watch(proxy->host, fd, (*file)->id);
    return 0;
}

unsigned proxy_poll(NvFile *file, unsigned events, PollWaiter *waiter)
{
    Host *host = file->host;
    unsigned wanted = events | POLLERR | POLLHUP; /* as poll(2) */
    unsigned ready;

    /* First the waiter, then the look: an event in between finds it. */
    if (waiter) {
        poll_state_wait(&file->poll, waiter);
    }
    ready = poll_state_take(&file->poll, wanted);
    if (!ready) {
        unsigned found = host->ops->poll(host, file->fd, POLL_EVERYTHING);
        poll_state_keep(&file->poll, found & ~wanted);
        ready = found & wanted;
    }
    return ready;
}

void proxy_file_event(Proxy *proxy, uint32_t file_id, unsigned events)
{
    g_autoptr(NvFile) file = nv_file_table_get(proxy->files, file_id);

    if (file) {
        poll_state_event(&file->poll, events);
    }
}

void proxy_release(Proxy *proxy, uint32_t file_id)
{
    NvFile *file = nv_file_table_remove(proxy->files, file_id);

    /* The driver frees the file's clients as it closes it; the tree follows. */
    if (file) {
        nv_file_unref(file);
    }
    object_tree_close(proxy->objects, file_id);
}

RequestResult proxy_ioctl(Request *req)
{
    req->committed = false;
    req->error = 0;
    req->write_back = WRITE_BACK_ALL;
    req->event = (CallEvent){
        .device = req->file->device->name,
        .number = req->command,
        .status = CALL_NO_STATUS,
    };
    switch (req->file->device->kind) {
    case DEVICE_FRONTEND:
        return frontend_ioctl(req);
    case DEVICE_UVM:
        return uvm_ioctl(req);
    case DEVICE_UVM_TOOLS:
        break;
    }
    return request_refuse(req, EINVAL, REFUSAL_UNKNOWN_IOCTL);
}
