/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands with a file descriptor in their parameters, which refers to a file of the calling task. */
#include <linux/file.h>
#include <linux/slab.h>

#include "control/control.h"

#define EXPORT_TYPE_RM     1
#define OBJECT_TYPE_NONE   0
#define OBJECT_TYPE_SYSMEM 1
#define OBJECT_TYPE_VIDMEM 2

/* The nvidiactl file to which the parameter "fd" refers; record which one it is. The caller releases it. */
static struct file *ctl_of(struct control *control)
{
    int fd = (int)(u32)params_get(&control->params, "fd");
    char name[32];

    record_add(control->call->record, "fd=%s", fd_name(fd, name, sizeof(name)));
    return nv_file_get(fd, NV_FILE_CTL);
}

static u32 exports_prepare(struct nv_file *file)
{
    if (!file->exports)
        file->exports = kvcalloc(EXPORT_MAX, sizeof(*file->exports), GFP_KERNEL);
    return file->exports ? NV_OK : NV_ERR_NO_MEMORY;
}

static u32 export_to_slot(struct control *control, struct nv_file *file, u32 slot, u32 handle)
{
    struct rm_object *object;
    u32 status =
        rm_object_get(control->client, handle, RM_MEMORY, NV_ERR_INVALID_ARGUMENT, &object);

    if (status != NV_OK)
        return status;
    if (slot >= EXPORT_MAX || !object->memory)
        return NV_ERR_INVALID_ARGUMENT;
    if (file->exports[slot].memory)
        return NV_ERR_STATE_IN_USE;
    file->exports[slot] =
        (struct export_slot){memory_get(object->memory), object->class, object->gpu};
    file->n_exports++;
    live_add(exports, 1);
    return NV_OK;
}

static u32 import_from_slot(struct control *control, struct nv_file *file, u32 slot, u32 parent,
                            u32 handle, struct rm_object **object)
{
    struct export_slot *export = slot < EXPORT_MAX && file->exports ? &file->exports[slot] : NULL;
    struct rm_object *above;
    u32 status = rm_object_get(control->client, parent, RM_CLIENT | RM_DEVICE | RM_SUBDEVICE,
                               NV_ERR_INVALID_OBJECT_PARENT, &above);

    if (status != NV_OK)
        return status;
    if (!export || !export->memory)
        return NV_ERR_INVALID_ARGUMENT;
    status = rm_object_add(control->client, above, handle, export->class, RM_MEMORY, object);
    if (status == NV_OK) {
        (*object)->memory = memory_get(export->memory);
        (*object)->gpu = export->gpu;
    }
    return status;
}

static u32 do_export_one(struct control *control, struct nv_file *file)
{
    NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TO_FD_PARAMS *params = control->params.data;
    u32 status;

    if (params->object.type != EXPORT_TYPE_RM)
        return NV_ERR_INVALID_ARGUMENT;
    if (file->exports)
        return NV_ERR_STATE_IN_USE;
    status = exports_prepare(file);
    if (status != NV_OK)
        return status;
    status = export_to_slot(control, file, 0, params->object.data.rmObject.hObject);
    if (status != NV_OK) {
        kvfree(file->exports);
        file->exports = NULL;
        return status;
    }
    file->max_exports = 1;
    return NV_OK;
}

static u32 do_import_one(struct control *control, struct nv_file *file)
{
    NV0000_CTRL_OS_UNIX_IMPORT_OBJECT_FROM_FD_PARAMS *params = control->params.data;
    struct rm_object *object;
    u32 status = import_from_slot(control, file, 0, params->object.data.rmObject.hParent,
                                  params->object.data.rmObject.hObject, &object);

    if (status == NV_OK) {
        params->object.type = EXPORT_TYPE_RM;
        params->object.data.rmObject.hObject = object->handle;
    }
    return status;
}

static u32 do_get_info(struct control *control, struct nv_file *file)
{
    u32 size;
    const struct export_slot *first = file->exports;

    if (!first)
        return NV_ERR_INVALID_ARGUMENT;
    params_put(&control->params, "deviceInstance", first->gpu ? first->gpu->index : U32_MAX);
    if (params_has(&control->params, "gpuInstanceId"))
        params_put(&control->params, "gpuInstanceId", U32_MAX);
    params_put(&control->params, "maxObjects", file->max_exports);
    memcpy(params_array(&control->params, "metadata", &size), file->export_metadata,
           sizeof(file->export_metadata));
    return NV_OK;
}

static u32 do_export_many(struct control *control, struct nv_file *file)
{
    NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS *params = control->params.data;
    u32 status, i;

    if (params->numObjects > ARRAY_SIZE(params->objects) || params->maxObjects > EXPORT_MAX)
        return NV_ERR_INVALID_ARGUMENT;
    if (file->exports && file->max_exports != params->maxObjects)
        return NV_ERR_INVALID_ARGUMENT;
    status = exports_prepare(file);
    file->max_exports = params->maxObjects;
    memcpy(file->export_metadata, params->metadata, sizeof(file->export_metadata));
    for (i = 0; i < params->numObjects && status == NV_OK; i++)
        status = params->index + i < params->maxObjects
                     ? export_to_slot(control, file, params->index + i, params->objects[i])
                     : NV_ERR_INVALID_ARGUMENT;
    return status;
}

static u32 do_import_many(struct control *control, struct nv_file *file)
{
    NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_FROM_FD_PARAMS *params = control->params.data;
    u32 status = NV_OK, i;

    if (params->numObjects > ARRAY_SIZE(params->objects))
        return NV_ERR_INVALID_ARGUMENT;
    for (i = 0; i < params->numObjects && status == NV_OK; i++) {
        struct rm_object *object;

        status = import_from_slot(control, file, params->index + i, params->hParent,
                                  params->objects[i], &object);
        if (status == NV_OK) {
            params->objects[i] = object->handle;
            params->objectTypes[i] =
                object->memory->place == MEMORY_VIDEO ? OBJECT_TYPE_VIDMEM : OBJECT_TYPE_SYSMEM;
        }
    }
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
