/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands with a file descriptor in their parameters, which refers to a file of the calling task. */
#include <linux/file.h>
#include <linux/slab.h>

#include "control/control.h"

#define EXPORT_TYPE_RM     1
#define OBJECT_TYPE_NONE   0
#define OBJECT_TYPE_VIDMEM 1
#define OBJECT_TYPE_SYSMEM 2
#define OBJECT_TYPE_FABRIC 3

/* Files without an object are a matter of the user's library. */
#define EXPORT_FLAG_EMPTY_FD 0x1

/* The nvidiactl file to which the parameter "fd" refers; record which one it is. The caller releases it. */
static struct file *ctl_of(struct control *control)
{
    int fd = (int)(u32)params_get(&control->params, "fd");
    char name[32];

    record_add(control->call->record, "fd=%s", fd_name(fd, name, sizeof(name)));
    return nv_file_get(fd, NV_FILE_CTL);
}

/* --- exports: a file's places, each with a duplicate of an object */

#define NO_DEVICE U32_MAX

static u32 device_instance(const struct nv_gpu *gpu)
{
    return gpu ? gpu->index : NO_DEVICE;
}

/* Give the file its places; it keeps them until it is closed. @device: an object, or 0: objects of no device */
static u32 exports_prepare(struct control *control, struct nv_file *file, u32 device, u32 n)
{
    struct rm_object *object = NULL;
    u32 status = NV_OK;

    if (file->exports)
        return NV_ERR_STATE_IN_USE;
    if (device)
        status =
            rm_object_get(control->client, device, RM_DEVICE, NV_ERR_INVALID_PARAMETER, &object);
    if (status != NV_OK)
        return status;
    file->exports = kvcalloc(n, sizeof(*file->exports), GFP_KERNEL);
    if (!file->exports)
        return NV_ERR_NO_MEMORY;
    file->max_exports = (u16)n;
    file->export_device = device_instance(object ? object->gpu : NULL);
    return NV_OK;
}

static void exports_unprepare(struct nv_file *file)
{
    kvfree(file->exports);
    file->exports = NULL;
    file->max_exports = 0;
}

/* Duplicate an object for a file. */
static u32 export_object(struct control *control, u32 handle, struct export_slot *slot)
{
    struct rm_object *object;
    u32 status =
        rm_object_get(control->client, handle, RM_MEMORY, NV_ERR_INVALID_ARGUMENT, &object);

    if (status != NV_OK)
        return status;
    if (!object->memory)
        return NV_ERR_INVALID_ARGUMENT;
    *slot = (struct export_slot){memory_get(object->memory), object->class, object->gpu};
    live_add(exports, 1);
    return NV_OK;
}

static u32 do_export_one(struct control *control, struct nv_file *file)
{
    const NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TO_FD_PARAMS *params = control->params.data;
    struct export_slot slot;
    u32 status;

    if (params->object.type != EXPORT_TYPE_RM || (params->flags & EXPORT_FLAG_EMPTY_FD))
        return NV_ERR_INVALID_PARAMETER;
    status = export_object(control, params->object.data.rmObject.hObject, &slot);
    if (status != NV_OK)
        return status;
    status = exports_prepare(control, file, params->object.data.rmObject.hDevice, 1);
    if (status == NV_OK)
        file->exports[0] = slot;
    else
        export_slot_clear(&slot);
    return status;
}

/* Duplicate all the objects of a call, or none. A handle of 0 stands for none. */
static u32 export_objects(struct control *control, const struct nv_file *file,
                          struct export_slot *slots)
{
    const NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS *params = control->params.data;
    u32 status = NV_OK, i;

    for (i = 0; i < params->numObjects && status == NV_OK; i++) {
        if (params->objects[i])
            status = export_object(control, params->objects[i], &slots[i]);
        if (slots[i].memory && device_instance(slots[i].gpu) != file->export_device)
            status = NV_ERR_INVALID_PARAMETER;
    }
    for (i = 0; i < params->numObjects && status != NV_OK; i++)
        export_slot_clear(&slots[i]);
    return status;
}

/* Each of the call's places gets a new object, or becomes empty. What was there is freed. */
static u32 export_to_places(struct control *control, struct nv_file *file)
{
    const NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS *params = control->params.data;
    struct export_slot *slots;
    u32 status, i;

    if (params->numObjects > ARRAY_SIZE(params->objects))
        return NV_ERR_INVALID_PARAMETER;
    if ((u64)params->index + params->numObjects > file->max_exports)
        return NV_ERR_OUT_OF_RANGE;
    slots = kvcalloc(params->numObjects + 1, sizeof(*slots), GFP_KERNEL);
    if (!slots)
        return NV_ERR_NO_MEMORY;
    status = export_objects(control, file, slots);
    for (i = 0; i < params->numObjects && status == NV_OK; i++) {
        export_slot_clear(&file->exports[params->index + i]);
        file->exports[params->index + i] = slots[i];
    }
    kvfree(slots);
    return status;
}

static u32 do_export_many(struct control *control, struct nv_file *file)
{
    const NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS *params = control->params.data;
    bool is_new = !file->exports;
    u32 status = NV_OK;

    if (is_new && !params->maxObjects)
        return NV_ERR_INVALID_PARAMETER;
    if (is_new)
        status = exports_prepare(control, file, params->hDevice, params->maxObjects);
    if (status != NV_OK)
        return status;
    status = export_to_places(control, file);
    if (is_new && status != NV_OK)
        exports_unprepare(file);
    else if (is_new)
        memcpy(file->export_metadata, params->metadata, sizeof(file->export_metadata));
    return status;
}

/* --- imports: duplicates of what is in the places */

static u32 import_object(struct control *control, const struct export_slot *slot, u32 parent,
                         u32 handle, struct rm_object **object)
{
    struct rm_object *above;
    u32 status = rm_object_get(control->client, parent, RM_CLIENT | RM_DEVICE | RM_SUBDEVICE,
                               NV_ERR_INVALID_OBJECT_PARENT, &above);

    if (status == NV_OK)
        status = rm_object_add(control->client, above, handle, slot->class, RM_MEMORY, object);
    if (status == NV_OK) {
        (*object)->memory = memory_get(slot->memory);
        (*object)->gpu = slot->gpu;
        (*object)->is_copy = true;
    }
    return status;
}

static u32 do_import_one(struct control *control, struct nv_file *file)
{
    NV0000_CTRL_OS_UNIX_IMPORT_OBJECT_FROM_FD_PARAMS *params = control->params.data;
    struct rm_object *object;
    u32 status;

    if (params->object.type != EXPORT_TYPE_RM || !file->exports || !file->exports[0].memory ||
        (abi_major() < 550 && file->max_exports > 1))
        return NV_ERR_INVALID_PARAMETER;
    status = import_object(control, &file->exports[0], params->object.data.rmObject.hParent,
                           params->object.data.rmObject.hObject, &object);
    if (status == NV_OK)
        params->object.data.rmObject.hObject = object->handle;
    return status;
}

static u32 do_get_info(struct control *control, struct nv_file *file)
{
    u32 size;

    if (!file->exports)
        return NV_ERR_INVALID_PARAMETER;
    params_put(&control->params, "deviceInstance", file->export_device);
    if (params_has(&control->params, "gpuInstanceId"))
        params_put(&control->params, "gpuInstanceId", U32_MAX);
    params_put(&control->params, "maxObjects", file->max_exports);
    memcpy(params_array(&control->params, "metadata", &size), file->export_metadata,
           sizeof(file->export_metadata));
    return NV_OK;
}

static u32 import_to_entry(struct control *control, const struct export_slot *slot, u32 i)
{
    NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_FROM_FD_PARAMS *params = control->params.data;
    struct rm_object *object;
    u32 status;

    if (!slot->memory) {
        params->objectTypes[i] = OBJECT_TYPE_NONE; /* its handle stays */
        return NV_OK;
    }
    status = import_object(control, slot, params->hParent, params->objects[i], &object);
    if (status != NV_OK)
        return status;
    params->objects[i] = object->handle;
    params->objectTypes[i] = slot->memory->place == MEMORY_VIDEO    ? OBJECT_TYPE_VIDMEM
                             : slot->memory->place == MEMORY_FABRIC ? OBJECT_TYPE_FABRIC
                                                                    : OBJECT_TYPE_SYSMEM;
    return NV_OK;
}

/* Undo a call: free the objects of all its entries before @n, also those that it has not made. */
static void import_undo(struct control *control, u32 n)
{
    const NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_FROM_FD_PARAMS *params = control->params.data;

    while (n) {
        struct rm_object *object = rm_object_find(control->client, params->objects[--n]);

        if (object && object->parent)
            rm_object_free(object);
    }
}

static u32 do_import_many(struct control *control, struct nv_file *file)
{
    const NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_FROM_FD_PARAMS *params = control->params.data;
    u32 status = NV_OK, i;

    if (!file->exports || params->numObjects > ARRAY_SIZE(params->objects))
        return NV_ERR_INVALID_PARAMETER;
    if ((u64)params->index + params->numObjects > file->max_exports)
        return NV_ERR_OUT_OF_RANGE;
    for (i = 0; i < params->numObjects && status == NV_OK; i++)
        status = import_to_entry(control, &file->exports[params->index + i], i);
    if (status != NV_OK)
        import_undo(control, i - 1);
    return status;
}

static u32 with_ctl(struct control *control,
                    u32 (*function)(struct control *control, struct nv_file *file))
{
    struct file *ctl = ctl_of(control);
    u32 status;

    if (!ctl)
        return NV_ERR_INVALID_PARAMETER;
    status = function(control, ctl->private_data);
    fput(ctl);
    return status;
}

#define WITH_CTL(NAME)                       \
    static u32 NAME(struct control *control) \
    {                                        \
        return with_ctl(control, do_##NAME); \
    }
WITH_CTL(export_one)
WITH_CTL(import_one)
WITH_CTL(get_info)
WITH_CTL(export_many)
WITH_CTL(import_many)

/* Use a GPU's node as the descriptor of that GPU. Such a file cannot be registered to a control file. */
static u32 multicast_attach_gpu(struct control *control)
{
    int fd = (int)(u32)params_get(&control->params, "devDescriptor");
    struct file *filp = nv_file_get(fd, NV_FILE_GPU);
    struct rm_object *subdevice;
    struct nv_file *file;
    char name[32];
    u32 status;

    record_add(control->call->record, "fd=%s", fd_name(fd, name, sizeof(name)));
    if (!filp)
        return NV_ERR_INVALID_ARGUMENT;
    file = filp->private_data;
    status = rm_object_get(control->client, (u32)params_get(&control->params, "hSubdevice"),
                           RM_SUBDEVICE, NV_ERR_INVALID_OBJECT, &subdevice);
    if (status == NV_OK && subdevice->gpu != file->gpu)
        status = NV_ERR_INVALID_ARGUMENT;
    if (status == NV_OK && file->ctl)
        status = NV_ERR_IN_USE;
    if (status == NV_OK)
        file->is_descriptor = true;
    fput(filp);
    return status;
}

static const struct {
    u32 command;
    control_function *function;
} functions[] = {
    {NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECT_TO_FD, export_one},
    {NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_FROM_FD, import_one},
    {NV0000_CTRL_CMD_OS_UNIX_GET_EXPORT_OBJECT_INFO, get_info},
    {NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECTS_TO_FD, export_many},
    {NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECTS_FROM_FD, import_many},
    {NV00FD_CTRL_CMD_ATTACH_GPU, multicast_attach_gpu},
};

control_function *control_fd_find(u32 command)
{
    u32 i;

    for (i = 0; i < ARRAY_SIZE(functions); i++)
        if (functions[i].command == command)
            return functions[i].function;
    return NULL;
}
