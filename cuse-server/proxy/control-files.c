/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands that name files, or tie objects together. */
#include <errno.h>
#include <string.h>

#include "abi/ctrl-memory.h"
#include "abi/ctrl2080-gpu.h"
#include "abi/status.h"
#include "cuse-server/proxy/control.h"
#include "cuse-server/proxy/params.h"

/* ctrl_has_frontend_fd: names a file that objects are exported to or imported from. */
RequestResult control_has_frontend_fd(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest)
{
    bool refused;
    void *params = control_map_params(req, guest, entry->layout->size, &refused);

    if (!params) {
        return refused ? REQUEST_DONE : REQUEST_RETRY;
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    if (!request_swap_fds(req, entry->layout, params)) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    control_call_host(req, entry, guest, params);
    return REQUEST_DONE;
}

/* ctrl_mcast_attach_gpu: the descriptor's low half is a file of the GPU. The struct is input only.
 */
RequestResult control_mcast_attach_gpu(Request *req, const AbiEntry *entry,
                                       NVOS54_PARAMETERS *guest)
{
    NV00FD_CTRL_ATTACH_GPU_PARAMS *params;

    if (guest->paramsSize != sizeof *params) {
        return request_refuse(req, EINVAL, REFUSAL_SIZE);
    }
    params = guest_map(req, guest->params, sizeof *params, GUEST_IN);
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    if (!request_swap_fds(req, entry->layout, params)) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    control_call_host(req, entry, guest, params);
    return REQUEST_DONE;
}

/* ctrl_fifo_disable_channels: the event is for kernel callers; a guest's would be a pointer of the
 * kernel. */
RequestResult control_fifo_disable_channels(Request *req, const AbiEntry *entry,
                                            NVOS54_PARAMETERS *guest)
{
    bool refused;
    const AbiField *event = params_field(entry->layout, "pRunlistPreemptEvent");
    void *params = control_map_params(req, guest, entry->layout->size, &refused);
    NvP64 pointer;

    if (!params) {
        return refused ? REQUEST_DONE : REQUEST_RETRY;
    }
    memcpy(&pointer, (const char *)params + event->offset, sizeof pointer);
    if (pointer) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_POINTER);
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    control_call_host(req, entry, guest, params);
    return REQUEST_DONE;
}

/* ctrl_register_va_space: from here on the object is freed with the address space. */
RequestResult control_register_va_space(Request *req, const AbiEntry *entry,
                                        NVOS54_PARAMETERS *guest)
{
    bool refused;
    NV503C_CTRL_REGISTER_VA_SPACE_PARAMS *params =
        control_map_params(req, guest, sizeof *params, &refused);

    if (!params) {
        return refused ? REQUEST_DONE : REQUEST_RETRY;
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    Client *client = object_tree_lock(req->proxy->objects, guest->hClient);
    if (!client) {
        return request_refuse_status(req, &guest->status, NV_ERR_INVALID_CLIENT,
                                     REFUSAL_BAD_CLIENT);
    }
    if (control_call_host(req, entry, guest, params) && guest->status == NV_OK) {
        client_depend(client, guest->hObject, params->hVASpace);
    }
    object_tree_unlock(client);
    return REQUEST_DONE;
}
