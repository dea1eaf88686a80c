/* SPDX-License-Identifier: Apache-2.0 */
/* ioctls of /dev/nvidia-uvm. The command word carries no size: the struct is the table's. */
#include <errno.h>

#include "abi/status.h"
#include "abi/uvm.h"
#include "cuse-server/proxy/handlers.h"

/* uvm_simple: a struct in and out; addresses in it are the guest's, and the driver uses them as
 * keys. */
static RequestResult uvm_simple(Request *req, const AbiEntry *entry)
{
    return request_pass_struct(req, entry, entry->number);
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
 * uvm_initialize: ties the file to the address space of the task that calls
 * (kernel-open/nvidia-uvm/uvm_va_space_mm.c, uvm_va_space_mm_register), which must be the guest's. Where
 * no call can be made from inside the guest, or the instance is told not to, the driver is asked for
 * a file that many processes share and that no address space is tied to; pageable memory is then out of
 * the GPU's reach. The guest does not see that flag.
 */
static RequestResult uvm_initialize(Request *req, const AbiEntry *entry)
{
    UVM_INITIALIZE_PARAMS *guest = guest_map(req, req->argument, sizeof *guest, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    if (!(guest->flags & UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE) && !req->proxy->share_uvm &&
        (request_guest_ioctl(req, entry->number, guest, sizeof *guest) ||
         req->event.refusal != REFUSAL_NEEDS_CALLER)) {
        req->event.status = guest->rmStatus;
        return REQUEST_DONE;
    }
    req->event.refusal = REFUSAL_NONE;
    const NvU64 flags = guest->flags | UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE;
    request_swap(req, &guest->flags, &flags, sizeof flags);
    request_host_params(req, entry, guest, entry->number, NULL);
    return REQUEST_DONE;
}

/* uvm_mm_initialize: names another UVM file; a wrong one is a status, not an errno. */
static RequestResult uvm_mm_initialize(Request *req, const AbiEntry *entry)
{
    UVM_MM_INITIALIZE_PARAMS *guest = guest_map(req, req->argument, sizeof *guest, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    if (!request_swap_fds(req, entry->layout, guest)) {
        return request_refuse_status(req, &guest->rmStatus, NV_ERR_INVALID_ARGUMENT,
                                     REFUSAL_BAD_FD);
    }
    request_host_params(req, entry, guest, entry->number, NULL);
    return REQUEST_DONE;
}

/* uvm_has_frontend_fd: the control file goes along; the driver takes a negative number for none. */
static RequestResult uvm_has_frontend_fd(Request *req, const AbiEntry *entry)
{
    void *params = guest_map(req, req->argument, entry->layout->size, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    if (!request_swap_fds(req, entry->layout, params)) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    request_host_params(req, entry, params, entry->number, NULL);
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
