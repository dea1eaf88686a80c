/* SPDX-License-Identifier: Apache-2.0 */
/* NV_ESC_RM_CONTROL: control commands on objects. */
#include "cuse-server/proxy/control.h"

#include <errno.h>

#include "abi/status.h"
#include "cuse-server/proxy/client-handles.h"
#include "cuse-server/proxy/duplicate.h"
#include "cuse-server/proxy/gpu-scope-call.h"
#include "cuse-server/proxy/handlers.h"

/* The driver's own limit of parameters: src/nvidia/src/libraries/resserv/src/rs_resource.c. */
#define CONTROL_PARAMS_MAX (1024U * 1024U)

bool control_call_host(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest, void *params)
{
    uint32_t command = frontend_command(NV_ESC_RM_CONTROL, sizeof *guest);
    const AbiLayout *layout = entry ? entry->layout : NULL;
    bool typed = layout && guest->paramsSize == layout->size;
    GpuScopeCall scoped;

    if (!gpu_scope_before(&scoped, req, layout, params, guest->paramsSize)) {
        return false;
    }
    request_swap_pointer(req, &guest->params, scoped.params);
    bool ok = typed ? request_host_params(req, entry, params, command, guest)
                    : request_host_ioctl(req, command, guest);
    gpu_scope_after(&scoped, ok && guest->status == NV_OK);
    if (!ok) {
        return false;
    }
    req->event.status = guest->status;
    return true;
}

void *control_map_params(Request *req, const NVOS54_PARAMETERS *guest, size_t size, bool *refused)
{
    *refused = guest->paramsSize != size;
    if (*refused) {
        request_refuse(req, EINVAL, REFUSAL_SIZE);
        return NULL;
    }
    return guest_map(req, guest->params, size, GUEST_INOUT);
}

void *control_map_struct(Request *req, NVOS54_PARAMETERS *guest, size_t size, bool *refused)
{
    *refused = true;
    if ((guest->paramsSize == 0) != (guest->params == 0)) {
        request_refuse(req, EINVAL, REFUSAL_BAD_POINTER);
        return NULL;
    }
    if (guest->paramsSize != size) {
        /* As the driver: rs_resource.c, resControlLookup_IMPL. */
        request_refuse_status(req, &guest->status, NV_ERR_INVALID_PARAM_STRUCT, REFUSAL_SIZE);
        return NULL;
    }
    *refused = false;
    return guest_map(req, guest->params, size, GUEST_INOUT);
}

/*
 * Commands that the GPU's system processor answers, not the driver: the legacy set (bit 15) and
 * those of class NV2081_BINAPI. Their parameters cannot be pointers into an application, and have
 * no public names.
 */
static bool bypasses_table(NvV32 cmd)
{
    return (cmd & 0x8000) || cmd >> 16 == 0x2081;
}

/* ctrl_simple: parameters without pointers or descriptors, of whatever size the guest says. */
static RequestResult control_simple(Request *req, const AbiEntry *entry, NVOS54_PARAMETERS *guest)
{
    void *params = NULL;

    if ((guest->paramsSize == 0) != (guest->params == 0)) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_POINTER);
    }
    if (guest->paramsSize > CONTROL_PARAMS_MAX) {
        return request_refuse(req, EINVAL, REFUSAL_TOO_LARGE);
    }
    if (entry && client_handles_in(entry->layout) && guest->paramsSize != entry->layout->size) {
        /* As the driver: rs_resource.c, resControlLookup_IMPL. */
        return request_refuse_status(req, &guest->status, NV_ERR_INVALID_PARAM_STRUCT,
                                     REFUSAL_SIZE);
    }
    if (guest->paramsSize > 0) {
        params = guest_map(req, guest->params, guest->paramsSize, GUEST_INOUT);
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    control_call_host(req, entry, guest, params);
    return REQUEST_DONE;
}

static const ControlHandler handlers[N_ABI_HANDLERS] = {
    [HANDLER_ctrl_simple] = control_simple,
    [HANDLER_ctrl_has_frontend_fd] = control_has_frontend_fd,
    [HANDLER_ctrl_export] = control_export,
    [HANDLER_ctrl_import] = control_import,
    [HANDLER_ctrl_set_inherited_share_policy] = control_set_inherited_share_policy,
    [HANDLER_ctrl_set_timeslice] = control_set_timeslice,
    [HANDLER_ctrl_get_timeslice] = control_get_timeslice,
    [HANDLER_ctrl_get_pids] = control_get_pids,
    [HANDLER_ctrl_get_pid_info] = control_get_pid_info,
    [HANDLER_ctrl_util_samples] = control_util_samples,
    [HANDLER_ctrl_mcast_attach_gpu] = control_mcast_attach_gpu,
    [HANDLER_ctrl_info_list] = control_arrays,
    [HANDLER_ctrl_u32_list] = control_arrays,
    [HANDLER_ctrl_get_caps] = control_arrays,
    [HANDLER_ctrl_exec_reg_ops] = control_arrays,
    [HANDLER_ctrl_debug_read_memory] = control_arrays,
    [HANDLER_ctrl_fifo_get_channellist] = control_arrays,
    [HANDLER_ctrl_fifo_disable_channels] = control_fifo_disable_channels,
    [HANDLER_ctrl_get_build_version] = control_get_build_version,
    [HANDLER_ctrl_get_p2p_caps] = control_arrays,
    [HANDLER_ctrl_get_p2p_caps_egm] = control_arrays,
    [HANDLER_ctrl_gpu_get_id_info] = control_gpu_get_id_info,
    [HANDLER_ctrl_register_va_space] = control_register_va_space,
};

/* Which refusal, if any, the table has for a command; @entry may be NULL. */
static Refusal refusal_of(const Request *req, const AbiEntry *entry)
{
    if (!entry || !handlers[entry->handler]) {
        return REFUSAL_UNKNOWN_CONTROL;
    }
    return entry->caps & req->proxy->caps ? REFUSAL_NONE : REFUSAL_CAPABILITY;
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
    if (bypasses_table(guest->cmd)) {
        return control_simple(req, entry, guest);
    }
    Refusal refusal = refusal_of(req, entry);
    if (refusal != REFUSAL_NONE) {
        return request_refuse_status(req, &guest->status, NV_ERR_NOT_SUPPORTED, refusal);
    }
    return handlers[entry->handler](req, entry, guest);
}
