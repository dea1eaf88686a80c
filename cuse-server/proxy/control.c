/* SPDX-License-Identifier: Apache-2.0 */
/* NV_ESC_RM_CONTROL: control commands on objects. */
#include <errno.h>

#include "abi/nvos.h"
#include "abi/status.h"
#include "cuse-server/proxy/handlers.h"

/* The driver's own limit of parameters: src/nvidia/src/libraries/resserv/src/rs_resource.c. */
#define CONTROL_PARAMS_MAX (1024U * 1024U)

/*
 * Commands that the GPU's system processor answers, not the driver: the legacy set (bit 15) and
 * those of class NV2081_BINAPI. Their parameters cannot be pointers into an application, and have
 * no public names.
 */
static bool bypasses_table(NvV32 cmd)
{
    return (cmd & 0x8000) || cmd >> 16 == 0x2081;
}

/* ctrl_simple: parameters without pointers or descriptors. */
static RequestResult control_simple(Request *req, NVOS54_PARAMETERS *guest)
{
    void *params = NULL;

    if (guest->paramsSize == 0 && guest->params) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_POINTER);
    }
    if (guest->paramsSize > 0) {
        if (!guest->params) {
            return request_refuse(req, EINVAL, REFUSAL_BAD_POINTER);
        }
        if (guest->paramsSize > CONTROL_PARAMS_MAX) {
            return request_refuse(req, EINVAL, REFUSAL_TOO_LARGE);
        }
        params = guest_map(req, guest->params, guest->paramsSize, GUEST_INOUT);
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    NVOS54_PARAMETERS host = *guest;
    host.params = (uintptr_t)params;
    if (request_host_ioctl(req, frontend_command(NV_ESC_RM_CONTROL, sizeof host), &host)) {
        host.params = guest->params;
        *guest = host;
        req->event.status = host.status;
    }
    return REQUEST_DONE;
}

/* Which refusal, if any, the table has for a command; @entry may be NULL. */
static Refusal refusal_of(const Request *req, const AbiEntry *entry)
{
    if (!entry) {
        return REFUSAL_UNKNOWN_CONTROL;
    }
    if (!(entry->caps & req->proxy->caps)) {
        return REFUSAL_CAPABILITY;
    }
    return entry->handler == HANDLER_ctrl_simple ? REFUSAL_NONE : REFUSAL_UNKNOWN_CONTROL;
}

RequestResult frontend_control(Request *req, const AbiEntry *outer)
{
    NVOS54_PARAMETERS *guest = guest_map(req, req->argument, sizeof *guest, GUEST_INOUT);

    (void)outer;
    if (!guest) {
        return REQUEST_RETRY;
    }
    const AbiEntry *entry = driver_abi_lookup(req->proxy->abi, ABI_CONTROL, guest->cmd);
    req->event.detail = entry ? entry->name : NULL;
    req->event.detail_number = guest->cmd;
    if (!bypasses_table(guest->cmd)) {
        Refusal refusal = refusal_of(req, entry);
        if (refusal != REFUSAL_NONE) {
            return request_refuse_status(req, &guest->status, NV_ERR_NOT_SUPPORTED, refusal);
        }
    }
    return control_simple(req, guest);
}
