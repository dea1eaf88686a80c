/* SPDX-License-Identifier: Apache-2.0 */
/* ioctls of /dev/nvidiactl and /dev/nvidiaN, but for the two that have tables of their own. */
#include <errno.h>

#include "abi/nvos.h"
#include "abi/status.h"
#include "cuse-server/proxy/client-handles.h"
#include "cuse-server/proxy/duplicate.h"
#include "cuse-server/proxy/handlers.h"

/* The driver's own limit of parameters: src/nvidia/src/libraries/resserv/src/rs_resource.c. */
#define IDLE_CHANNELS_BYTES_MAX 0x100000U

/* simple: a struct of fixed size in and out; no pointers, no descriptors. */
static RequestResult frontend_simple(Request *req, const AbiEntry *entry)
{
    return request_pass_struct(req, entry, frontend_command(entry->number, entry->layout->size));
}

/* register_fd: ties this file to the client of a control file. The struct is input only. */
static RequestResult frontend_register_fd(Request *req, const AbiEntry *entry)
{
    nv_ioctl_register_fd_t *params = guest_map(req, req->argument, sizeof *params, GUEST_IN);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    if (!request_swap_fds(req, entry->layout, params)) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    request_host_ioctl(req, frontend_command(entry->number, sizeof *params), params);
    return REQUEST_DONE;
}

/* has_fd: as simple, with its descriptor translated. */
static RequestResult frontend_has_fd(Request *req, const AbiEntry *entry)
{
    void *params = guest_map(req, req->argument, entry->layout->size, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    if (!request_swap_fds(req, entry->layout, params)) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    request_host_params(req, entry, params, frontend_command(entry->number, entry->layout->size),
                        NULL);
    return REQUEST_DONE;
}

/* free: an object and everything that depends on it. */
static RequestResult frontend_free(Request *req, const AbiEntry *entry)
{
    NVOS00_PARAMETERS *params = guest_map(req, req->argument, sizeof *params, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    NvHandle root = params->hRoot;
    NvHandle object = params->hObjectOld;
    /* A client that is not recorded here is for the driver to judge. */
    Client *client = object_tree_lock(req->proxy->objects, root);
    if (request_host_ioctl(req, frontend_command(entry->number, sizeof *params), params)) {
        req->event.status = params->status;
        if (client && params->status == NV_OK) {
            client_free(client, object);
        }
    }
    if (client) {
        object_tree_unlock(client);
    }
    return REQUEST_DONE;
}

/* idle_channels: three lists of handles, of as many channels. */
static RequestResult frontend_idle_channels(Request *req, const AbiEntry *entry)
{
    NVOS30_PARAMETERS *p = guest_map(req, req->argument, sizeof *p, GUEST_INOUT);

    if (!p) {
        return REQUEST_RETRY;
    }
    NvP64 *const pointers[] = {&p->phClients, &p->phDevices, &p->phChannels};
    void *lists[G_N_ELEMENTS(pointers)] = {NULL};
    const size_t n = p->numChannels;
    if (n > IDLE_CHANNELS_BYTES_MAX / sizeof(NvHandle)) {
        return request_refuse(req, EINVAL, REFUSAL_TOO_LARGE);
    }
    for (size_t i = 0; n > 0 && i < G_N_ELEMENTS(lists); i++) {
        lists[i] = guest_map(req, *pointers[i], n * sizeof(NvHandle), GUEST_INOUT);
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    if (n > 0) {
        client_handles_swap_list(req, lists[0], n);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        request_swap_pointer(req, pointers[i], lists[i]);
    }
    request_host_params(req, entry, p, frontend_command(entry->number, sizeof *p), NULL);
    return REQUEST_DONE;
}

/*
 * The handlers, and how the ioctl's size is checked before anything is read: against the entry's
 * struct, or, with `any_size`, by the handler itself.
 */
static const struct {
    RequestResult (*run)(Request *req, const AbiEntry *entry);
    bool any_size;
} handlers[] = {
    [HANDLER_card_info] = {frontend_card_info, .any_size = true},
    [HANDLER_attach_gpus_to_fd] = {frontend_attach_gpus_to_fd, .any_size = true},
    [HANDLER_simple] = {frontend_simple},
    [HANDLER_simple_no_status] = {frontend_simple},
    [HANDLER_has_fd] = {frontend_has_fd},
    [HANDLER_register_fd] = {frontend_register_fd},
    [HANDLER_export_dmabuf] = {frontend_export_dmabuf},
    [HANDLER_alloc_memory] = {frontend_alloc_memory},
    [HANDLER_alloc_context_dma2] = {frontend_alloc_context_dma2},
    [HANDLER_dup_object] = {frontend_dup_object},
    [HANDLER_share] = {frontend_share},
    [HANDLER_free] = {frontend_free},
    [HANDLER_control] = {frontend_control},
    [HANDLER_alloc] = {frontend_alloc, .any_size = true},
    [HANDLER_idle_channels] = {frontend_idle_channels},
    [HANDLER_vidheap_control] = {frontend_vidheap_control},
    [HANDLER_map_memory] = {frontend_map_memory},
};

/* numa_info: the host's processors are not the guest's; the libraries take the refusal well. */
static Refusal refusal_of_unhandled(const AbiEntry *entry)
{
    return entry->handler == HANDLER_numa_info ? REFUSAL_BY_DESIGN : REFUSAL_UNKNOWN_IOCTL;
}

RequestResult frontend_ioctl(Request *req)
{
    uint32_t number = _IOC_NR(req->command);
    const AbiEntry *entry = driver_abi_lookup(req->proxy->abi, ABI_FRONTEND, number);

    req->event.number = number;
    if (!entry) {
        return request_refuse(req, EINVAL, REFUSAL_UNKNOWN_IOCTL);
    }
    req->event.call = entry->name;
    if (!(entry->caps & req->proxy->caps)) {
        return request_refuse(req, EINVAL, REFUSAL_CAPABILITY);
    }
    if (entry->handler >= G_N_ELEMENTS(handlers) || !handlers[entry->handler].run) {
        return request_refuse(req, EINVAL, refusal_of_unhandled(entry));
    }
    if (!handlers[entry->handler].any_size && frontend_size(req->command) != entry->layout->size) {
        return request_refuse(req, EINVAL, REFUSAL_SIZE);
    }
    return handlers[entry->handler].run(req, entry);
}
