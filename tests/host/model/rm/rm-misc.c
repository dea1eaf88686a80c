/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls of the resource manager that only check their parameters. */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "rm/rm.h"

#define IDLE_CHANNELS_MAX 4096

/* Read one of the three lists of handles. Returns: NvStatus. */
static u32 read_handles(u64 address, u32 n, u32 *to)
{
    return copy_from_user(to, u64_to_user_ptr(address), n * sizeof(*to)) ? NV_ERR_INVALID_ADDRESS
                                                                         : NV_OK;
}

static u32 check_channels(struct nv_call *call, const u32 *handles, u32 n)
{
    u32 i, status = NV_OK;

    for (i = 0; i < n && status == NV_OK; i++) {
        struct rm_client *client;
        struct rm_object *object;

        status = rm_client_get(call->file, handles[i], &client);
        if (status == NV_OK)
            status =
                rm_object_get(client, handles[n + i], RM_DEVICE, NV_ERR_INVALID_DEVICE, &object);
        if (status == NV_OK)
            status = rm_object_get(client, handles[2 * n + i], RM_CHANNEL, NV_ERR_INVALID_CHANNEL,
                                   &object);
    }
    return status;
}

int nv_rm_idle_channels(struct nv_call *call)
{
    NVOS30_PARAMETERS *args = call->params.data;
    u32 n = args->numChannels, *handles = NULL;

    args->status = NV_OK;
    if (n > IDLE_CHANNELS_MAX)
        args->status = NV_ERR_INVALID_ARGUMENT;
    else if (n) {
        handles = kvcalloc(3 * n, sizeof(*handles), GFP_KERNEL);
        args->status = handles ? read_handles(args->phClients, n, handles) : NV_ERR_NO_MEMORY;
        if (args->status == NV_OK)
            args->status = read_handles(args->phDevices, n, handles + n);
        if (args->status == NV_OK)
            args->status = read_handles(args->phChannels, n, handles + 2 * n);
        mutex_lock(&rm_lock);
        if (args->status == NV_OK)
            args->status = check_channels(call, handles, n);
        mutex_unlock(&rm_lock);
    }
    kvfree(handles);
    record_add(call->record, "status=%s", status_name(args->status));
    return 0;
}

static u32 alloc_context_dma(struct nv_call *call, NVOS39_PARAMETERS *args)
{
    struct rm_client *client;
    struct rm_object *memory, *object;
    u32 status = rm_client_get(call->file, args->hObjectParent, &client);

    if (status == NV_OK)
        status = rm_object_get(client, args->hMemory, RM_MEMORY, NV_ERR_INVALID_OBJECT, &memory);
    if (status != NV_OK)
        return status;
    if (!memory->memory || args->limit >= memory->memory->length || args->offset > args->limit)
        return NV_ERR_INVALID_LIMIT;
    status =
        rm_object_add(client, memory->parent, args->hObjectNew, args->hClass, RM_GENERIC, &object);
    return status == NV_OK ? rm_object_needs(object, memory) : status;
}

int nv_rm_alloc_context_dma2(struct nv_call *call)
{
    NVOS39_PARAMETERS *args = call->params.data;

    mutex_lock(&rm_lock);
    args->status = alloc_context_dma(call, args);
    mutex_unlock(&rm_lock);
    record_add(call->record, "status=%s", status_name(args->status));
    return 0;
}

/* Mappings into a GPU's address space: the returned address is computed from memory and offset. */
static u32 check_dma(struct nv_call *call, struct rm_object **memory)
{
    const struct params *params = &call->params;
    struct rm_client *client;
    struct rm_object *dma;
    u32 status = rm_client_get(call->file, (u32)params_get(params, "hClient"), &client);

    if (status == NV_OK)
        status = rm_object_get(client, (u32)params_get(params, "hDma"),
                               RM_MEMORY | RM_VASPACE | RM_GENERIC, NV_ERR_INVALID_OBJECT, &dma);
    if (status == NV_OK)
        status = rm_object_get(client, (u32)params_get(params, "hMemory"), RM_MEMORY,
                               NV_ERR_INVALID_OBJECT, memory);
    return status;
}

int nv_rm_map_memory_dma(struct nv_call *call)
{
    const struct params *params = &call->params;
    struct rm_object *memory;
    u64 end;
    u32 status;

    mutex_lock(&rm_lock);
    status = check_dma(call, &memory);
    if (status == NV_OK &&
        (!memory->memory ||
         check_add_overflow(params_get(params, "offset"), params_get(params, "length"), &end) ||
         end > memory->memory->length))
        status = NV_ERR_INVALID_LIMIT;
    if (status == NV_OK)
        params_put(params, "dmaOffset",
                   (0x700000ULL << 20) + ((u64)memory->handle << 12) +
                       params_get(params, "offset"));
    mutex_unlock(&rm_lock);
    params_put(params, "status", status);
    record_add(call->record, "status=%s", status_name(status));
    return 0;
}

int nv_rm_unmap_memory_dma(struct nv_call *call)
{
    struct rm_object *memory;
    u32 status;

    mutex_lock(&rm_lock);
    status = check_dma(call, &memory);
    mutex_unlock(&rm_lock);
    params_put(&call->params, "status", status);
    record_add(call->record, "status=%s", status_name(status));
    return 0;
}
