/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/request.h"

#include <errno.h>
#include <string.h>

#include "abi/status.h"
#include "cuse-server/proxy/client-handles.h"
#include "cuse-server/proxy/driver-block.h"
#include "cuse-server/proxy/gpu-scope-call.h"
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

/* The open file that a descriptor of the caller's stands for; the caller owns the reference. */
static NvFile *find_file(Request *req, int guest_fd, DeviceKind kind)
{
    Host *host = req->proxy->host;
    uint32_t id = 0;

    if (guest_fd < 0 || host->ops->identify(host, req->tid, guest_fd, &id) != 0) {
        return NULL;
    }
    g_autoptr(NvFile) file = nv_file_table_get(req->proxy->files, id);
    /* A dma-buf that is still being made has no host file yet. */
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

static bool is_none(const AbiField *field, const void *at)
{
    int32_t number;
    uint64_t all = 0;

    memcpy(&number, at, sizeof number);
    memcpy(&all, at, field->size);
    return (field->role.none == ABI_FD_NEGATIVE && number < 0) ||
           (field->role.none == ABI_FD_ZERO && all == 0);
}

bool request_swap_fds(Request *req, const AbiLayout *layout, void *params)
{
    static const DeviceKind kinds[] = {[ABI_FD_FRONTEND] = DEVICE_FRONTEND,
                                       [ABI_FD_UVM] = DEVICE_UVM,
                                       [ABI_FD_OPEN_ONLY] = DEVICE_OPEN_ONLY};

    for (uint32_t i = 0; i < layout->n_fields; i++) {
        const AbiField *field = &layout->fields[i];
        void *at = (char *)params + field->offset;
        if (field->role.kind == ABI_ROLE_FD && !is_none(field, at) &&
            !request_swap_fd(req, at, field->size, kinds[field->role.fd])) {
            return false;
        }
    }
    return true;
}

NvFile *request_swap_only_fd(Request *req, const AbiLayout *layout, void *params)
{
    const unsigned before = req->n_swaps;
    const bool swapped = request_swap_fds(req, layout, params) && req->n_swaps == before + 1;

    return swapped ? req->swaps[before].file : NULL;
}

void request_restore(Request *req)
{
    /* The last one first: they may overlap. */
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
        return NULL;
    }
    return &req->process;
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

static void note_status(Request *req, const AbiLayout *layout, const void *params)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        const AbiField *field = &layout->fields[i];
        if (field->role.kind == ABI_ROLE_STATUS) {
            memcpy(&req->event.status, (const char *)params + field->offset,
                   sizeof req->event.status);
        }
    }
}

/* The host has answered. */
static bool host_answered(Request *req, int error)
{
    request_restore(req);
    req->error = error;
    req->event.error = error;
    req->write_back = error ? 0 : WRITE_BACK_ALL;
    return error == 0;
}

bool request_host_ioctl(Request *req, uint32_t command, void *argument)
{
    Host *host = req->proxy->host;

    g_assert(
        req->committed); /* or a handler acts on memory that it may be asked to look at again */
    return host_answered(req, host->ops->ioctl(host, req->file->fd, command, argument));
}

bool request_host_unsized(Request *req, uint32_t command, const UnsizedParams *unsized)
{
    Host *host = req->proxy->host;
    int error = ENOMEM;

    g_assert(req->committed);
    void *block = driver_block(unsized->params, unsized->size);
    if (block) {
        if (unsized->pointer) {
            *unsized->pointer = (uintptr_t)block;
        }
        error = host->ops->ioctl(host, req->file->fd, command,
                                 unsized->argument ? unsized->argument : block);
        memcpy(unsized->params, block, unsized->size);
    }
    return host_answered(req, error);
}

bool request_guest_ioctl(Request *req, uint32_t command, void *argument, size_t size)
{
    Host *host = req->proxy->host;

    g_assert(req->committed);
    int error = host->ops->ioctl_in_guest(host, req->tid, req->file->fd, command, argument, size);
    if (error == EOPNOTSUPP || error == EBUSY) {
        request_refuse(req, error, REFUSAL_NEEDS_CALLER);
        return false;
    }
    return host_answered(req, error);
}

bool request_host_params(Request *req, const AbiEntry *entry, void *params, uint32_t command,
                         void *argument)
{
    GpuScopeCall scoped = {.held = -1};
    const AbiLayout *layout = params && !argument ? entry->layout : NULL;

    /* Where the parameters are not the argument, who makes the argument has scoped them. */
    if (layout && !gpu_scope_before(&scoped, req, layout, params, layout->size)) {
        return false;
    }
    if (params) {
        client_handles_swap(req, entry->layout, params);
    }
    bool ok = layout && entry->kind == ABI_UVM
                  ? request_host_unsized(req, command,
                                         &(UnsizedParams){.params = params, .size = layout->size})
                  : request_host_ioctl(req, command, argument ? argument : params);
    if (layout) {
        gpu_scope_after(&scoped, ok);
    }
    if (ok && layout) {
        note_status(req, layout, params);
    }
    return ok;
}

RequestResult request_pass_struct(Request *req, const AbiEntry *entry, uint32_t command)
{
    void *params = guest_map(req, req->argument, entry->layout->size, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    request_host_params(req, entry, params, command, NULL);
    return REQUEST_DONE;
}

Client *request_lock_client(Request *req, NvHandle handle, NvU32 *status_field)
{
    Client *client = NULL;

    if (!proxy_has_room(req->proxy, 1, false)) {
        request_refuse_status(req, status_field, NV_ERR_INSUFFICIENT_RESOURCES, REFUSAL_LIMIT);
    } else if (!(client = object_tree_lock(req->proxy->objects, handle))) {
        request_refuse_status(req, status_field, NV_ERR_INVALID_CLIENT, REFUSAL_BAD_CLIENT);
    }
    return client;
}
