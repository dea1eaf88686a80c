/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands that attach memory to fabric memory. */
#include "control/control.h"

#define GET(NAME) params_get(&control->params, NAME)

/* Those that were attached before one fails stay. */
static u32 attach_memory(struct control *control)
{
    NV00F8_CTRL_ATTACH_MEM_PARAMS *params = control->params.data;
    u32 status = NV_OK;

    if (!params->numMemInfos || params->numMemInfos > ARRAY_SIZE(params->memInfos) || params->flags)
        return NV_ERR_INVALID_ARGUMENT;
    params->numAttached = 0;
    while (status == NV_OK && params->numAttached < params->numMemInfos) {
        const NV00F8_CTRL_ATTACH_MEM_INFO *info = &params->memInfos[params->numAttached];

        status = fabric_attach(control->object, info->offset, info->hMemory);
        params->numAttached += status == NV_OK;
    }
    return status;
}

static u32 subdevice_gpu(struct control *control, struct nv_gpu **gpu)
{
    struct rm_object *subdevice;
    u32 status = rm_object_get(control->client, (u32)GET("hSubdevice"), RM_SUBDEVICE,
                               NV_ERR_INVALID_OBJECT, &subdevice);

    if (status == NV_OK)
        *gpu = subdevice->gpu;
    return status;
}

static u32 multicast_attach_memory(struct control *control)
{
    struct nv_gpu *gpu;
    u32 status = subdevice_gpu(control, &gpu);

    if (status != NV_OK)
        return status;
    return fabric_attach(control->object, GET("offset"), (u32)GET("hMemory"));
}

static u32 multicast_detach_memory(struct control *control)
{
    struct nv_gpu *gpu;
    u32 status = subdevice_gpu(control, &gpu);

    return status == NV_OK ? fabric_detach(control->object, GET("offset"), gpu) : status;
}

control_function *control_fabric_find(u32 command)
{
    switch (command) {
    case NV00F8_CTRL_CMD_ATTACH_MEM:
        return attach_memory;
    case NV00FD_CTRL_CMD_ATTACH_MEM:
        return multicast_attach_memory;
    case NV00FD_CTRL_CMD_DETACH_MEM:
        return multicast_detach_memory;
    default:
        return NULL;
    }
}
