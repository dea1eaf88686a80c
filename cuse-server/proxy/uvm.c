/* SPDX-License-Identifier: Apache-2.0 */
/* ioctls of /dev/nvidia-uvm. The command word carries no size: the struct is the table's. */
#include <errno.h>

#include "abi/status.h"
#include "abi/uvm.h"
#include "cuse-server/proxy/handlers.h"
#include "cuse-server/proxy/params.h"

/* uvm_simple: a struct in and out; addresses in it are the guest's, and the driver uses them as
 * keys. */
static RequestResult uvm_simple(Request *req, const AbiEntry *entry)
{
    return request_pass_struct(req, entry->number, entry->layout);
}

/* uvm_no_params: what the argument points at, if anything, is never read. */
static RequestResult uvm_no_params(Request *req, const AbiEntry *entry)
{
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    request_host_ioctl(req, entry->number, NULL);
    return REQUEST_DONE;
}

/*
 * uvm_initialize: without the multi-process flag the driver ties the file to the address space of
 * the task that calls (kernel-open/nvidia-uvm/uvm_va_space_mm.c, uvm_va_space_mm_register), which
 * would be the worker's. The guest does not see that it was set.
 */
static RequestResult uvm_initialize(Request *req, const AbiEntry *entry)
{
    UVM_INITIALIZE_PARAMS *guest = guest_map(req, req->argument, sizeof *guest, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    UVM_INITIALIZE_PARAMS host = *guest;
    host.flags |= UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE;
    if (request_host_ioctl(req, entry->number, &host)) {
        req->event.status = host.rmStatus;
        if (!(guest->flags & UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE)) {
            host.flags &= ~(NvU64)UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE;
        }
        *guest = host;
    }
    return REQUEST_DONE;
}

/* uvm_mm_initialize: names another UVM file; a wrong one is a status, not an errno. */
static RequestResult uvm_mm_initialize(Request *req, const AbiEntry *entry)
{
    UVM_MM_INITIALIZE_PARAMS *guest = guest_map(req, req->argument, sizeof *guest, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    g_autoptr(NvFile) uvm = request_file(req, guest->uvmFd, DEVICE_UVM);
    if (!uvm) {
        return request_refuse_status(req, &guest->rmStatus, NV_ERR_INVALID_ARGUMENT,
                                     REFUSAL_BAD_FD);
    }
    UVM_MM_INITIALIZE_PARAMS host = *guest;
    host.uvmFd = uvm->fd;
    if (request_host_ioctl(req, entry->number, &host)) {
        req->event.status = host.rmStatus;
        host.uvmFd = guest->uvmFd;
        *guest = host;
    }
    return REQUEST_DONE;
}

/* uvm_has_frontend_fd: the control file goes along; the driver takes a negative number for none. */
static RequestResult uvm_has_frontend_fd(Request *req, const AbiEntry *entry)
{
    const AbiField *field = params_field(entry->layout, "rmCtrlFd");
    void *params = guest_map(req, req->argument, entry->layout->size, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    int guest_fd = params_get_fd(params, field);
    g_autoptr(NvFile) file = guest_fd < 0 ? NULL : request_file(req, guest_fd, DEVICE_FRONTEND);
    if (guest_fd >= 0 && !file) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    params_set_fd(params, field, file ? file->fd : guest_fd);
    request_host_struct(req, entry->number, entry->layout, params);
    params_set_fd(params, field, guest_fd);
    return REQUEST_DONE;
}

static RequestResult (*const handlers[])(Request *req, const AbiEntry *entry) = {
    [HANDLER_uvm_simple] = uvm_simple,
    [HANDLER_uvm_no_params] = uvm_no_params,
    [HANDLER_uvm_initialize] = uvm_initialize,
    [HANDLER_uvm_mm_initialize] = uvm_mm_initialize,
    [HANDLER_uvm_has_frontend_fd] = uvm_has_frontend_fd,
};

RequestResult uvm_ioctl(Request *req)
{
    const AbiEntry *entry = driver_abi_lookup(req->proxy->abi, ABI_UVM, req->command);

    if (!entry) {
        return request_refuse(req, EINVAL, REFUSAL_UNKNOWN_IOCTL);
    }
    req->event.call = entry->name;
    if (!(entry->caps & req->proxy->caps)) {
        return request_refuse(req, EINVAL, REFUSAL_CAPABILITY);
    }
    if (entry->handler >= G_N_ELEMENTS(handlers) || !handlers[entry->handler]) {
        return request_refuse(req, EINVAL, REFUSAL_UNKNOWN_IOCTL);
    }
    return handlers[entry->handler](req, entry);
}
