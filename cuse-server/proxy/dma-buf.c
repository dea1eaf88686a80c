/* SPDX-License-Identifier: Apache-2.0 */
/*
 * NV_ESC_EXPORT_TO_DMABUF_FD: memory of a GPU as a dma-buf. The driver puts it into the table of the
 * process that calls, which is ours, and there it stays: the guest gets a file that can only be closed
 * or named in the same call again.
 */
#include <errno.h>

#include "abi/status.h"
#include "cuse-server/proxy/handlers.h"
#include "cuse-server/proxy/params.h"

/* The device that stands for dma-bufs, or -1: the instance has none (capability rdma). */
static int dma_buf_device(const Proxy *proxy)
{
    for (unsigned i = 0; i < proxy->n_devices; i++) {
        if (proxy->devices[i].kind == DEVICE_DMA_BUF) {
            return (int)i;
        }
    }
    return -1;
}

/* Make a file of the instance for the guest that is to hold @host_fd. Returns 0 or an errno. */
static int make_file(Request *req, int host_fd, int32_t *guest_fd, uint32_t *id)
{
    Host *host = req->proxy->host;
    const int device = dma_buf_device(req->proxy);
    int error = device < 0 ? ENODEV : host->ops->follow(host, host_fd);

    return error ? error : host->ops->install(host, req->tid, (unsigned)device, guest_fd, id);
}

/* Give the guest a file that holds @host_fd, which is taken in any case. Returns 0 or an errno. */
static int hand_out(Request *req, int host_fd, int32_t *guest_fd)
{
    Host *host = req->proxy->host;
    uint32_t id = 0;
    int error = make_file(req, host_fd, guest_fd, &id);
    g_autoptr(NvFile) file = error ? NULL : nv_file_table_get(req->proxy->files, id);

    /* The guest may have closed it already. */
    if (!file || file->device->kind != DEVICE_DMA_BUF || !nv_file_adopt(file, host_fd)) {
        host_close(host, host_fd);
    }
    return error;
}

/* A new dma-buf: what the host put into @fd is ours. */
static RequestResult export_new(Request *req, const AbiEntry *entry, void *params, int32_t *fd,
                                uint32_t command)
{
    const int32_t guest_fd = *fd;

    if (!request_host_params(req, entry, params, command, NULL)) {
        return REQUEST_DONE;
    }
    const int32_t host_fd = *fd;
    *fd = guest_fd;
    if (host_fd >= 0 && req->event.status == NV_OK) {
        int error = hand_out(req, host_fd, fd);
        if (error) {
            return request_refuse(req, error,
                                  error == ENFILE ? REFUSAL_LIMIT : REFUSAL_NEEDS_CALLER);
        }
    }
    return REQUEST_DONE;
}

RequestResult frontend_export_dmabuf(Request *req, const AbiEntry *entry)
{
    const uint32_t command = frontend_command(entry->number, entry->layout->size);
    const AbiField *field = params_field(entry->layout, "fd");
    void *params = guest_map(req, req->argument, entry->layout->size, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    int32_t *fd = params_at(params, field);
    if (*fd < 0) {
        return export_new(req, entry, params, fd, command);
    }
    if (!request_swap_fd(req, fd, sizeof *fd, DEVICE_DMA_BUF)) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    request_host_params(req, entry, params, command, NULL);
    return REQUEST_DONE;
}
