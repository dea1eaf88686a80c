/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/call/request.h"

#include <errno.h>
#include <string.h>

#include "cuse-server/proxy/proxy.h"

static bool is_wide(const Swap *swap)
{
    return swap->size > sizeof swap->guest.word;
}

void request_swap(Request *req, void *at, const void *host, size_t size)
{
    g_assert(req->committed && req->n_swaps < SWAPS_MAX);
    Swap *swap = &req->swaps[req->n_swaps++];

    *swap = (Swap){.at = at, .size = size};
    if (is_wide(swap)) {
        swap->guest.bytes = g_memdup2(at, size);
    } else {
        memcpy(&swap->guest.word, at, size);
    }
    memcpy(at, host, size);
}

void request_swap_pointer(Request *req, NvP64 *at, const void *host)
{
    NvP64 address = (uintptr_t)host;

    request_swap(req, at, &address, sizeof address);
}

/* Find the open file that the guest's descriptor refers to. Returns (transfer full), or NULL. */
static NvFile *find_file(Request *req, int guest_fd, DeviceKind kind)
{
    Host *host = req->proxy->host;
    uint32_t id = 0;

    if (guest_fd < 0 || host->ops->identify(host, req->tid, guest_fd, &id) != 0) {
        return NULL;
    }
    g_autoptr(NvFile) file = nv_file_table_get(req->proxy->files, id);
    /* Refuse a dma-buf that is still being made: it does not have a host file yet. */
    return file && file->device->kind == kind && nv_file_fd(file) >= 0 ? g_steal_pointer(&file)
                                                                       : NULL;
}

NvFile *request_swap_fd(Request *req, void *at, size_t size, DeviceKind kind)
{
    int32_t guest_fd;

    g_assert(req->committed);
    memcpy(&guest_fd, at, sizeof guest_fd);
    NvFile *file = find_file(req, guest_fd, kind);
    if (file) {
        uint64_t host_fd = (uint32_t)nv_file_fd(file);
        request_swap(req, at, &host_fd, size);
        req->swaps[req->n_swaps - 1].file = file;
    }
    return file;
}

void request_restore(Request *req)
{
    /* Restore the last swap first, because swaps may overlap. */
    while (req->n_swaps > 0) {
        Swap *swap = &req->swaps[--req->n_swaps];
        memcpy(swap->at, is_wide(swap) ? swap->guest.bytes : &swap->guest.word, swap->size);
        if (is_wide(swap)) {
            g_free(swap->guest.bytes);
        }
        g_clear_pointer(&swap->file, nv_file_unref);
    }
}

const GuestProcess *request_process(Request *req)
{
    Host *host = req->proxy->host;

    g_assert(req->committed);
    if (!req->process.id && host->ops->process(host, req->tid, req->uid, &req->process) != 0) {
        req->process.id = 0;
    }
    return req->process.id ? &req->process : NULL;
}

RequestResult request_refuse(Request *req, int error, Refusal refusal)
{
    request_restore(req);
    req->error = error;
    req->write_back = 0;
    req->event.error = error;
    req->event.refusal = refusal;
    return REQUEST_DONE;
}

RequestResult request_refuse_status(Request *req, NvU32 *status_field, NvU32 status,
                                    Refusal refusal)
{
    request_restore(req);
    *status_field = status;
    req->error = 0;
    req->write_back = 1;
    req->event.status = status;
    req->event.refusal = refusal;
    return REQUEST_DONE;
}
