/* SPDX-License-Identifier: Apache-2.0 */
/* ioctls of /dev/nvidiactl and /dev/nvidiaN, but for the two that have tables of their own. */
#include <errno.h>

#include "abi/nvos.h"
#include "abi/status.h"
#include "cuse-server/proxy/handlers.h"
#include "cuse-server/proxy/params.h"

/*
 * bytes: an array whose size is the ioctl's; no pointers, no descriptors. A null argument goes with
 * no bytes: the driver then says what it thinks of that.
 */
static RequestResult frontend_bytes(Request *req, const AbiEntry *entry)
{
    size_t size = frontend_size(req->command);
    void *bytes = size ? guest_map(req, req->argument, size, GUEST_INOUT) : NULL;

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    request_host_ioctl(req, frontend_command(entry->number, size), bytes);
    return REQUEST_DONE;
}

/* simple: a struct of fixed size in and out; no pointers, no descriptors. */
static RequestResult frontend_simple(Request *req, const AbiEntry *entry)
{
    return request_pass_struct(req, frontend_command(entry->number, entry->layout->size),
                               entry->layout);
}

/* register_fd: ties this file to the client of a control file. The struct is input only. */
static RequestResult frontend_register_fd(Request *req, const AbiEntry *entry)
{
    nv_ioctl_register_fd_t *params = guest_map(req, req->argument, sizeof *params, GUEST_IN);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    g_autoptr(NvFile) ctl = request_file(req, params->ctl_fd, DEVICE_FRONTEND);
    if (!ctl) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    nv_ioctl_register_fd_t host = {.ctl_fd = ctl->fd};
    request_host_ioctl(req, frontend_command(entry->number, sizeof host), &host);
    return REQUEST_DONE;
}

/* has_fd: as simple, with the descriptor in member `fd` translated. */
static RequestResult frontend_has_fd(Request *req, const AbiEntry *entry)
{
    const AbiField *field = params_field(entry->layout, "fd");
    void *params = guest_map(req, req->argument, entry->layout->size, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    int guest_fd = params_get_fd(params, field);
    g_autoptr(NvFile) file = request_file(req, guest_fd, DEVICE_FRONTEND);
    if (!file) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    params_set_fd(params, field, file->fd);
    request_host_struct(req, frontend_command(entry->number, entry->layout->size), entry->layout,
                        params);
    params_set_fd(params, field, guest_fd);
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
            client_free(req->proxy->objects, client, object);
        }
    }
    if (client) {
        object_tree_unlock(client);
    }
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
    [HANDLER_bytes] = {frontend_bytes, .any_size = true},
    [HANDLER_simple] = {frontend_simple},
    [HANDLER_simple_no_status] = {frontend_simple},
    [HANDLER_has_fd] = {frontend_has_fd},
    [HANDLER_register_fd] = {frontend_register_fd},
    [HANDLER_free] = {frontend_free},
    [HANDLER_control] = {frontend_control},
    [HANDLER_alloc] = {frontend_alloc, .any_size = true},
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
