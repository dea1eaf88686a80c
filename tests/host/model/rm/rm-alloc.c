/* SPDX-License-Identifier: GPL-2.0-only */
/* NV_ESC_RM_ALLOC: the two forms of its argument, and the copies of its parameters. */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "rm/rm.h"

static bool is_root_class(u32 class)
{
    return class == NV01_ROOT || class == NV01_ROOT_NON_PRIV || class == NV01_ROOT_CLIENT;
}

/* The short form is the long form without rights and flags. */
static void widen(NVOS64_PARAMETERS *args, const struct nv_call *call)
{
    const NVOS21_PARAMETERS *narrow = call->params.data;

    if (call->size == sizeof(*args)) {
        memcpy(args, call->params.data, sizeof(*args));
        return;
    }
    *args = (NVOS64_PARAMETERS){
        .hRoot = narrow->hRoot,
        .hObjectParent = narrow->hObjectParent,
        .hObjectNew = narrow->hObjectNew,
        .hClass = narrow->hClass,
        .pAllocParms = narrow->pAllocParms,
        .paramsSize = narrow->paramsSize,
    };
}

static void narrow(struct nv_call *call, const NVOS64_PARAMETERS *args)
{
    NVOS21_PARAMETERS *narrow = call->params.data;

    if (call->size == sizeof(*args)) {
        memcpy(call->params.data, args, sizeof(*args));
        return;
    }
    narrow->hObjectNew = args->hObjectNew;
    narrow->hClass = args->hClass;
    narrow->status = args->status;
}

static u32 allocate_client(struct nv_call *call, NVOS64_PARAMETERS *args, struct params *params)
{
    struct rm_client *client;
    u32 status =
        rm_client_new(call->file, args->hObjectNew ? args->hObjectNew : args->hRoot, &client);

    if (status != NV_OK)
        return status;
    args->hObjectNew = client->handle;
    if (params->data)
        *(u32 *)params->data = client->handle;
    return NV_OK;
}

/* The parameters of NV01_EVENT name its event class, and the object that it watches. */
static void fix_up_event(NVOS64_PARAMETERS *args, NV0005_ALLOC_PARAMETERS *params)
{
    params->hSrcResource = args->hObjectParent;
    args->hClass = params->hClass;
    if (params->hParentClient && params->hParentClient != args->hRoot)
        args->hObjectParent = args->hRoot;
}

static u32 allocate_object(struct nv_call *call, NVOS64_PARAMETERS *args, struct params *params)
{
    struct rm_alloc alloc = {
        .call = call, .handle = args->hObjectNew, .class = args->hClass, .params = *params};
    struct rm_object *object;
    u32 status = rm_client_get(call->file, args->hRoot, &alloc.client);

    if (status != NV_OK)
        return status;
    status = rm_object_get(alloc.client, args->hObjectParent, RM_ANY, NV_OK, &alloc.parent);
    if (status != NV_OK)
        return status;
    status = rm_allocate(&alloc, &object);
    if (status == NV_OK)
        args->hObjectNew = alloc.handle;
    return status;
}

/*
 * Read the parameters: as many bytes as the class's struct has in this version, whatever size the caller passes
 * (serverAllocApiCopyIn). Returns: NvStatus.
 */
static u32 read_params(const NVOS64_PARAMETERS *args, u32 class, struct params *params)
{
    const AbiEntry *entry = abi_find(ABI_ALLOC, class);
    u32 rights;

    if (!entry)
        return NV_ERR_INVALID_CLASS;
    params->layout = abi_shape(entry->layout);
    if (args->pRightsRequested &&
        copy_from_user(&rights, u64_to_user_ptr(args->pRightsRequested), sizeof(rights)))
        return NV_ERR_INVALID_ADDRESS;
    if (!args->pAllocParms || !params->layout)
        return NV_OK;
    params->data = kvzalloc(params->layout->size, GFP_KERNEL);
    if (!params->data)
        return NV_ERR_NO_MEMORY;
    if (copy_from_user(params->data, u64_to_user_ptr(args->pAllocParms), params->layout->size))
        return NV_ERR_INVALID_ADDRESS;
    return NV_OK;
}

static void allocate(struct nv_call *call, NVOS64_PARAMETERS *args)
{
    struct params params = {0};
    const AbiEntry *entry;

    /* NV01_EVENT itself cannot be allocated; its struct is that of the OS events. */
    args->status =
        read_params(args, args->hClass == NV01_EVENT ? NV01_EVENT_OS_EVENT : args->hClass, &params);
    if (params.data)
        record_bytes(call->record, "data_in", params.data, params.layout->size);
    if (args->status == NV_OK && args->hClass == NV01_EVENT) {
        if (params.data)
            fix_up_event(args, params.data);
        else
            args->status = NV_ERR_INVALID_ARGUMENT;
    }
    entry = abi_find(ABI_ALLOC, args->hClass);
    record_add(call->record, "what=%s(0x%x)", entry ? entry->name : "?", args->hClass);
    if (args->status == NV_OK) {
        mutex_lock(&rm_lock);
        args->status = is_root_class(args->hClass) ? allocate_client(call, args, &params)
                                                   : allocate_object(call, args, &params);
        mutex_unlock(&rm_lock);
    }
    if (args->status == NV_OK && params.data) {
        record_bytes(call->record, "data_out", params.data, params.layout->size);
        if (copy_to_user(u64_to_user_ptr(args->pAllocParms), params.data, params.layout->size))
            args->status = NV_ERR_INVALID_ADDRESS;
    }
    kvfree(params.data);
}

int nv_rm_alloc(struct nv_call *call)
{
    NVOS64_PARAMETERS args;

    widen(&args, call);
    /* Only events can be allocated on a GPU's node; they are delivered to that file. */
    if (call->file->gpu && args.hClass != NV01_EVENT && args.hClass != NV01_EVENT_OS_EVENT)
        return -EINVAL;
    allocate(call, &args);
    record_add(call->record, "status=%s", status_name(args.status));
    narrow(call, &args);
    return 0;
}
