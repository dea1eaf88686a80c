/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/proxy.h"

#include <errno.h>

#include "cuse-server/proxy/handlers.h"

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
    return *file ? 0 : ENFILE;
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
