/* SPDX-License-Identifier: GPL-2.0-only */
/* Classes: where each may be allocated, and what its allocation does beyond creating an object. */
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "rm/rm.h"

static u32 construct_device(struct rm_object *object, struct rm_alloc *alloc)
{
    u32 instance = alloc->params.data ? (u32)params_get(&alloc->params, "deviceId") : 0;

    if (instance >= model_n_gpus)
        return NV_ERR_INVALID_CLASS;
    object->gpu = &model_gpus[instance];
    return NV_OK;
}

static u32 construct_subdevice(struct rm_object *object, struct rm_alloc *alloc)
{
    return alloc->params.data && params_get(&alloc->params, "subDeviceId") ? NV_ERR_INVALID_CLASS
                                                                           : NV_OK;
}

u32 rm_memory_new(struct rm_object *object, const struct memory_wanted *wanted)
{
    u32 location = wanted->attr >> NVOS32_ATTR_LOCATION_SHIFT & NVOS32_ATTR_LOCATION_MASK;
    bool video = object->class == NV01_MEMORY_LOCAL_USER;
    enum memory_place place = video ? MEMORY_VIDEO : MEMORY_SYSTEM;
    struct memory_size size;
    u32 status;

    if (!wanted->size)
        return NV_ERR_INVALID_ARGUMENT;
    if (object->class == NV50_MEMORY_VIRTUAL)
        return memory_new_plain(MEMORY_VIRTUAL, object->gpu, wanted->size, &object->memory);
    /* The class decides where memory is; the attributes must not say something else. */
    if (video != (location == NVOS32_ATTR_LOCATION_VIDMEM) ||
        (wanted->flags & NVOS32_ALLOC_FLAGS_VIRTUAL))
        return NV_ERR_INVALID_ARGUMENT;
    status = memory_size(wanted, place, &size);
    return status == NV_OK ? memory_new(place, object->gpu, &size, &object->memory) : status;
}

u64 rm_memory_offset(const struct rm_object *object)
{
    const struct model_memory *memory = object->memory;

    return memory->place == MEMORY_VIDEO ? memory->address - GPU_FB_BAR(memory->gpu) : 0;
}

/* Memory with NV_MEMORY_ALLOCATION_PARAMS. The driver returns offset, limit, and the size that it has rounded up. */
static u32 construct_memory(struct rm_object *object, struct rm_alloc *alloc)
{
    const struct params *params = &alloc->params;
    struct memory_wanted wanted = {
        .flags = (u32)params_get(params, "flags"),
        .attr = (u32)params_get(params, "attr"),
        .attr2 = (u32)params_get(params, "attr2"),
        .size = params_get(params, "size"),
        .alignment = params_get(params, "alignment"),
        .offset = params_get(params, "offset"),
    };
    u32 status = rm_memory_new(object, &wanted);

    if (status == NV_OK) {
        params_put(params, "offset", rm_memory_offset(object));
        params_put(params, "size", object->memory->length);
        params_put(params, "limit", object->memory->length - 1);
    }
    return status;
}

static u32 construct_virtual_range(struct rm_object *object, struct rm_alloc *alloc)
{
    u64 offset = params_get(&alloc->params, "offset"), limit = params_get(&alloc->params, "limit");

    if (limit && limit <= offset)
        return NV_ERR_INVALID_LIMIT;
    return memory_new_plain(MEMORY_VIRTUAL, object->gpu, limit ? limit - offset + 1 : PAGE_SIZE,
                            &object->memory);
}

/* The GPU's doorbell page, and shared data: a page that can be mapped. */
static u32 construct_page(struct rm_object *object, struct rm_alloc *alloc)
{
    return memory_new_plain(MEMORY_VIDEO, object->gpu, PAGE_SIZE, &object->memory);
}

static u32 construct_event(struct rm_object *object, struct rm_alloc *alloc)
{
    const NV0005_ALLOC_PARAMETERS *params = alloc->params.data;
    struct rm_client *source_client =
        params->hParentClient == 0 ? alloc->client : rm_client_find(params->hParentClient);
    struct rm_object *source;

    if (!source_client)
        return NV_ERR_INVALID_CLIENT;
    source = rm_object_find(source_client, params->hSrcResource);
    if (!source)
        return NV_ERR_INVALID_OBJECT;
    rm_object_watch(object, source);
    if (object->class == NV01_EVENT_OS_EVENT &&
        !os_event_exists(alloc->client->handle, (u32)params->data))
        return NV_ERR_OBJECT_NOT_FOUND;
    object->notify_index = params->notifyIndex;
    object->event_fd = (u32)params->data;
    return NV_OK;
}

/* The capability is the open file of /dev/nvidia-caps/nvidia-capM. */
static u32 construct_imex_session(struct rm_object *object, struct rm_alloc *alloc)
{
    int fd = (int)params_get(&alloc->params, "capDescriptor");
    struct file *filp = fget(fd);
    char name[32];

    record_add(alloc->call->record, "fd=%s", fd_name(fd, name, sizeof(name)));
    if (!filp)
        return NV_ERR_INSUFFICIENT_PERMISSIONS;
    object->held = filp;
    if (filp->f_op != &caps_fops || iminor(file_inode(filp)) != MODEL_CAP_FABRIC_IMEX_MGMT)
        return NV_ERR_INSUFFICIENT_PERMISSIONS;
    return os_event_exists(alloc->client->handle, (u32)params_get(&alloc->params, "pOsEvent"))
               ? NV_OK
               : NV_ERR_OBJECT_NOT_FOUND;
}

#define FABRIC_FLEXIBLE 0x1

static u32 construct_multicast(struct rm_object *object, struct rm_alloc *alloc)
{
    u64 event = params_get(&alloc->params, "pOsEvent");

    if (event && !os_event_exists(alloc->client->handle, (u32)event))
        return NV_ERR_OBJECT_NOT_FOUND;
    return fabric_new(object, alloc->client, params_get(&alloc->params, "allocSize"), 0);
}

/* Either all of the memory is there from the beginning, or it is attached later. */
static u32 construct_fabric(struct rm_object *object, struct rm_alloc *alloc)
{
    u32 of = (u32)params_get(&alloc->params, "map.hVidMem");
    u64 length = params_get(&alloc->params, "allocSize");
    bool flexible = params_get(&alloc->params, "allocFlags") & FABRIC_FLEXIBLE;

    if (!length || flexible == (of != 0))
        return NV_ERR_INVALID_ARGUMENT;
    return fabric_new(object, alloc->client, length, of);
}

static u32 construct_semaphore_surface(struct rm_object *object, struct rm_alloc *alloc)
{
    const u32 of[] = {(u32)params_get(&alloc->params, "hSemaphoreMem"),
                      (u32)params_get(&alloc->params, "hMaxSubmittedMem")};

    return surface_new(object, of);
}

static u32 construct_channel(struct rm_object *object, struct rm_alloc *alloc)
{
    /* A channel uses an address space: its own, its share's or its group's. */
    if (!params_get(&alloc->params, "gpFifoEntries"))
        return NV_ERR_INVALID_ARGUMENT;
    return NV_OK;
}

#define FIFO (RM_DEVICE | RM_CHANNEL_GROUP)

static const struct rm_class classes[] = {
    {NV01_ROOT, RM_CLIENT, 0, .optional_params = true},
    {NV01_ROOT_NON_PRIV, RM_CLIENT, 0, .optional_params = true},
    {NV01_ROOT_CLIENT, RM_CLIENT, 0, .optional_params = true},
    {NV01_DEVICE_0, RM_DEVICE, RM_CLIENT, false, true, construct_device},
    {NV20_SUBDEVICE_0, RM_SUBDEVICE, RM_DEVICE, false, true, construct_subdevice},
    {NV01_MEMORY_SYSTEM, RM_MEMORY, RM_DEVICE, false, false, construct_memory},
    {NV01_MEMORY_LOCAL_USER, RM_MEMORY, RM_DEVICE | RM_SUBDEVICE, false, false, construct_memory},
    {NV50_MEMORY_VIRTUAL, RM_MEMORY, RM_DEVICE, false, false, construct_memory, {"hVASpace"}},
    {NV01_MEMORY_VIRTUAL,
     RM_MEMORY,
     RM_DEVICE,
     false,
     false,
     construct_virtual_range,
     {"hVASpace"}},
    {NV01_CONTEXT_DMA, RM_GENERIC, RM_ANY, .needs = {"hMemory"}},
    {NV01_EVENT_OS_EVENT, RM_EVENT, RM_ANY, false, false, construct_event},
    {FERMI_VASPACE_A, RM_VASPACE, RM_DEVICE | RM_SUBDEVICE},
    {KEPLER_CHANNEL_GROUP_A, RM_CHANNEL_GROUP, RM_DEVICE, .needs = {"hVASpace"}},
    {FERMI_CONTEXT_SHARE_A, RM_CONTEXT_SHARE, RM_CHANNEL_GROUP, .needs = {"hVASpace"}},
    {GT200_DEBUGGER, RM_GENERIC, RM_DEVICE},
    {NV04_DISPLAY_COMMON, RM_GENERIC, RM_DEVICE, .single = true},
    {MPS_COMPUTE, RM_GENERIC, RM_CLIENT, .single = true},
    {NV50_P2P, RM_GENERIC, RM_CLIENT},
    {NV50_THIRD_PARTY_P2P, RM_GENERIC, RM_SUBDEVICE, true, true},
    {NV_CONFIDENTIAL_COMPUTE, RM_GENERIC, RM_CLIENT, false, true},
    {NV_IMEX_SESSION, RM_GENERIC, RM_CLIENT, true, false, construct_imex_session},
    {NV_MEMORY_EXPORT, RM_GENERIC, RM_CLIENT},
    {NV_MEMORY_FABRIC_IMPORTED_REF, RM_GENERIC, RM_CLIENT},
    {NV_MEMORY_MULTICAST_FABRIC, RM_MEMORY, RM_CLIENT, false, false, construct_multicast},
    {NV_SEMAPHORE_SURFACE, RM_MEMORY, RM_SUBDEVICE, false, false, construct_semaphore_surface},
    {NV_MEMORY_FABRIC, RM_MEMORY, RM_SUBDEVICE, false, false, construct_fabric},
    {GF100_PROFILER, RM_GENERIC, RM_SUBDEVICE | RM_CHANNEL | RM_CHANNEL_GROUP},
    {GF100_DISP_SW, RM_GENERIC, RM_CHANNEL},
    {HOPPER_SEC2_WORK_LAUNCH_A, RM_GENERIC, RM_CHANNEL},
    {RM_USER_SHARED_DATA, RM_MEMORY, RM_SUBDEVICE, false, false, construct_page},
    {VOLTA_USERMODE_A, RM_MEMORY, RM_SUBDEVICE, .construct = construct_page},
    {TURING_USERMODE_A, RM_MEMORY, RM_SUBDEVICE, .construct = construct_page},
    {HOPPER_USERMODE_A, RM_MEMORY, RM_SUBDEVICE, false, true, construct_page},
    {BLACKWELL_USERMODE_A, RM_MEMORY, RM_SUBDEVICE, false, true, construct_page},
    {NV2081_BINAPI, RM_GENERIC, RM_SUBDEVICE, false, true},
};

static const struct rm_class any_channel = {
    0, RM_CHANNEL, FIFO, false, false, construct_channel, {"hVASpace", "hContextShare"}};
/* Objects that run on a channel: each of these parameters is optional. */
static const struct rm_class any_engine = {0, RM_GENERIC, RM_CHANNEL, false, true};
static const struct rm_class any_other = {0, RM_GENERIC, RM_SUBDEVICE};

static const AbiLayout *const engine_layouts[] = {
    &NV_GR_ALLOCATION_PARAMETERS_layout,    &NVB0B5_ALLOCATION_PARAMETERS_layout,
    &NV_BSP_ALLOCATION_PARAMETERS_layout,   &NV_MSENC_ALLOCATION_PARAMETERS_layout,
    &NV_NVJPG_ALLOCATION_PARAMETERS_layout, &NV_OFA_ALLOCATION_PARAMETERS_layout,
};

const struct rm_class *rm_class_find(u32 class)
{
    const AbiEntry *entry = abi_find(ABI_ALLOC, class);
    unsigned int i;

    if (!entry)
        return NULL;
    for (i = 0; i < ARRAY_SIZE(classes); i++)
        if (classes[i].class == class)
            return &classes[i];
    if (entry->handler == HANDLER_alloc_channel)
        return &any_channel;
    for (i = 0; i < ARRAY_SIZE(engine_layouts); i++)
        if (entry->layout == engine_layouts[i])
            return &any_engine;
    return &any_other;
}

/* Bind the object to the objects that its parameters name. */
static u32 add_needs(struct rm_object *object, const struct rm_class *type, struct rm_alloc *alloc)
{
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(type->needs) && type->needs[i] && alloc->params.data; i++) {
        u32 handle = (u32)params_get(&alloc->params, type->needs[i]);
        struct rm_object *on = handle ? rm_object_find(alloc->client, handle) : NULL;

        if (handle == NV_MEMORY_VIRTUAL_SYSMEM_DYNAMIC_HVASPACE || !handle)
            continue;
        if (!on)
            return NV_ERR_OBJECT_NOT_FOUND;
        rm_object_needs(object, on);
    }
    return NV_OK;
}

static bool has_child_of_class(struct rm_object *parent, u32 class)
{
    struct rm_object *object;

    list_for_each_entry(object, &parent->client->objects,
                        link) if (object->parent == parent && object->class == class) return true;
    return false;
}

/* The checks have the driver's order: serverAllocResourceUnderLock. */
u32 rm_allocate(struct rm_alloc *alloc, struct rm_object **result)
{
    const struct rm_class *type = rm_class_find(alloc->class);
    struct rm_object *object;
    u32 status;

    if (!type || type->kind == RM_CLIENT)
        return NV_ERR_INVALID_CLASS;
    if (type->single && has_child_of_class(alloc->parent, alloc->class))
        return NV_ERR_STATE_IN_USE;
    if (!(type->parents & alloc->parent->kind))
        return NV_ERR_INVALID_OBJECT_PARENT;
    if (!alloc->params.data && alloc->params.layout && !type->optional_params)
        return NV_ERR_INVALID_ARGUMENT;
    status = rm_object_add(alloc->client, alloc->parent, alloc->handle, alloc->class, type->kind,
                           &object);
    if (status != NV_OK)
        return status;
    if (type->construct)
        status = type->construct(object, alloc);
    if (status == NV_OK)
        status = add_needs(object, type, alloc);
    if (status != NV_OK) {
        rm_object_free(object);
        return status;
    }
    alloc->handle = object->handle;
    *result = object;
    return NV_OK;
}
