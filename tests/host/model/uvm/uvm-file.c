/* SPDX-License-Identifier: GPL-2.0-only */
/* Address spaces of nvidia-uvm: which process each belongs to, and which GPUs it has registered. */
#include <linux/file.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "uvm/uvm.h"

/* All of UVM_INIT_FLAGS_*. */
#define INIT_FLAGS_KNOWN 0x3

static atomic_t next_id;

int uvm_open(struct inode *inode, struct file *filp)
{
    struct uvm_file *file = kzalloc(sizeof(*file), GFP_KERNEL);
    struct record *record;

    if (!file)
        return -ENOMEM;
    file->id = (unsigned int)atomic_inc_return(&next_id);
    mutex_init(&file->lock);
    filp->private_data = file;
    live_add(uvm_files, 1);
    record = record_begin("nvidia-uvm", file->id);
    record_add(record, "call=open");
    record_end(record, 0);
    return 0;
}

static void space_release(struct kref *refs)
{
    struct uvm_space *space = container_of(refs, struct uvm_space, refs);

    uvm_ranges_free(space);
    if (space->mm)
        mmdrop(space->mm);
    kfree(space);
    live_add(uvm_spaces, -1);
}

int uvm_release(struct inode *inode, struct file *filp)
{
    struct uvm_file *file = filp->private_data;

    if (file->mm_of) {
        mutex_lock(&file->mm_of->lock);
        file->mm_of->mm_released = true;
        mutex_unlock(&file->mm_of->lock);
        kref_put(&file->mm_of->refs, space_release);
    }
    if (file->space)
        kref_put(&file->space->refs, space_release);
    kfree(file);
    live_add(uvm_files, -1);
    return 0;
}

static struct uvm_space *space_new(u64 flags)
{
    struct uvm_space *space = kzalloc(sizeof(*space), GFP_KERNEL);

    if (!space)
        return NULL;
    kref_init(&space->refs);
    mutex_init(&space->lock);
    INIT_LIST_HEAD(&space->ranges);
    space->flags = flags;
    space->next_group = 1;
    if (!(flags & UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE)) {
        space->mm = current->mm;
        mmgrab(space->mm);
    }
    live_add(uvm_spaces, 1);
    return space;
}

u32 uvm_initialize(struct uvm_call *call)
{
    u64 flags = params_get(&call->params, "flags");
    u32 status = NV_OK;

    if (flags & ~(u64)INIT_FLAGS_KNOWN)
        return NV_ERR_INVALID_ARGUMENT;
    mutex_lock(&call->file->lock);
    if (call->file->mm_of)
        status = NV_ERR_INVALID_STATE;
    else if (call->file->space)
        status = call->file->space->flags == flags ? NV_OK : NV_ERR_INVALID_ARGUMENT;
    else if (!(call->file->space = space_new(flags)))
        status = NV_ERR_NO_MEMORY;
    mutex_unlock(&call->file->lock);
    return status;
}

/* The space of the UVM file that a descriptor of the calling task refers to. The caller releases the file. */
static struct uvm_space *space_of(int fd, struct file **filp)
{
    struct uvm_space *space;
    struct uvm_file *file;

    *filp = fget(fd);
    if (!*filp || (*filp)->f_op != &uvm_fops)
        return NULL;
    file = (*filp)->private_data;
    mutex_lock(&file->lock);
    space = file->space;
    mutex_unlock(&file->lock);
    return space;
}

static u32 mm_initialize(struct uvm_file *file, struct uvm_space *space)
{
    u32 status = NV_OK;

    if (!space->mm)
        return NV_WARN_NOTHING_TO_DO;
    mutex_lock(&space->lock);
    if (space->mm_released)
        status = NV_ERR_PAGE_TABLE_NOT_AVAIL;
    else if (space->mm_initialized)
        status = NV_ERR_INVALID_STATE;
    else
        space->mm_initialized = true;
    mutex_unlock(&space->lock);
    if (status == NV_OK) {
        kref_get(&space->refs);
        file->mm_of = space;
    }
    return status;
}

u32 uvm_mm_initialize(struct uvm_call *call)
{
    int fd = (int)(u32)params_get(&call->params, "uvmFd");
    struct file *filp;
    struct uvm_space *space = space_of(fd, &filp);
    char name[32];
    u32 status = NV_ERR_INVALID_ARGUMENT;

    record_add(call->record, "fd=%s", fd_name(fd, name, sizeof(name)));
    if (space && filp->private_data != call->file) {
        mutex_lock(&call->file->lock);
        status = call->file->space || call->file->mm_of ? NV_ERR_INVALID_STATE
                                                        : mm_initialize(call->file, space);
        mutex_unlock(&call->file->lock);
    }
    if (filp)
        fput(filp);
    return status;
}

u32 uvm_gpu(struct uvm_call *call, const char *name, u32 *index)
{
    u32 size;
    const struct nv_gpu *gpu = gpu_by_uuid(params_array(&call->params, name, &size));

    if (!gpu)
        return NV_ERR_INVALID_DEVICE;
    *index = gpu->index;
    return NV_OK;
}

/* Record the control file that the parameters name; ownership is by process, so the model does not use it otherwise. */
static void record_ctl(struct uvm_call *call)
{
    char name[32];

    record_add(call->record, "fd=%s",
               fd_name((int)(u32)params_get(&call->params, "rmCtrlFd"), name, sizeof(name)));
}

static void forget_vaspace(struct uvm_space *space, u32 gpu)
{
    space->vaspaces &= ~(u32)BIT(gpu);
    uvm_externals_of_gpu_free(space, gpu);
}

static void forget_gpu(struct uvm_space *space, u32 gpu)
{
    u32 i;

    forget_vaspace(space, gpu);
    space->gpus &= ~(u32)BIT(gpu);
    uvm_externals_of_owner_free(space, U32_MAX, gpu);
    space->peers[gpu] = 0;
    for (i = 0; i < model_n_gpus; i++)
        space->peers[i] &= ~(u32)BIT(gpu);
}

/* Add a GPU to a set, or let @forget remove it, as a call does. */
static u32 change_set(struct uvm_call *call, const char *name, u32 *set,
                      void (*forget)(struct uvm_space *space, u32 gpu))
{
    u32 index, status = uvm_gpu(call, name, &index);

    if (status != NV_OK)
        return status;
    mutex_lock(&call->space->lock);
    if (!forget)
        *set |= BIT(index);
    else if (*set & BIT(index))
        forget(call->space, index);
    else
        status = NV_ERR_INVALID_DEVICE;
    mutex_unlock(&call->space->lock);
    return status;
}

u32 uvm_register_gpu(struct uvm_call *call)
{
    u32 status;

    record_ctl(call);
    status = change_set(call, "gpu_uuid", &call->space->gpus, NULL);
    if (status == NV_OK) {
        params_put(&call->params, "numaEnabled", 0);
        params_put(&call->params, "numaNodeId", U32_MAX);
    }
    return status;
}

u32 uvm_unregister_gpu(struct uvm_call *call)
{
    return change_set(call, "gpu_uuid", &call->space->gpus, forget_gpu);
}

/* UVM duplicates the object into a client of its own, by the rules for user clients. */
static u32 check_object(u32 client_handle, u32 handle, u32 kind)
{
    struct rm_client *client;
    struct rm_object *object;
    u32 status = NV_ERR_INVALID_CLIENT;

    mutex_lock(&rm_lock);
    client = rm_client_find(client_handle);
    if (client && client->process == task_tgid_nr(current))
        status = rm_object_get(client, handle, kind, NV_ERR_INVALID_OBJECT, &object);
    mutex_unlock(&rm_lock);
    return status;
}

u32 uvm_register_vaspace(struct uvm_call *call)
{
    u32 status, index;

    record_ctl(call);
    status = uvm_gpu(call, "gpuUuid", &index);
    if (status == NV_OK && !(call->space->gpus & BIT(index)))
        status = NV_ERR_INVALID_DEVICE;
    if (status == NV_OK && call->space->mm &&
        (!call->space->mm_initialized || call->space->mm_released))
        status = NV_ERR_PAGE_TABLE_NOT_AVAIL;
    if (status == NV_OK)
        status = check_object((u32)params_get(&call->params, "hClient"),
                              (u32)params_get(&call->params, "hVaSpace"), RM_VASPACE);
    if (status == NV_OK && call->space->vaspaces & BIT(index))
        status = NV_ERR_INVALID_DEVICE;
    return status == NV_OK ? change_set(call, "gpuUuid", &call->space->vaspaces, NULL) : status;
}

u32 uvm_unregister_vaspace(struct uvm_call *call)
{
    return change_set(call, "gpuUuid", &call->space->vaspaces, forget_vaspace);
}

static struct uvm_channel *find_channel(struct uvm_space *space, u32 client, u32 channel)
{
    unsigned int i;

    for (i = 0; i < UVM_CHANNELS_MAX; i++)
        if (space->channels[i].client == client && space->channels[i].channel == channel)
            return &space->channels[i];
    return NULL;
}

u32 uvm_register_channel(struct uvm_call *call)
{
    struct uvm_channel channel = {
        (u32)params_get(&call->params, "hClient"), (u32)params_get(&call->params, "hChannel"),
        params_get(&call->params, "base"), params_get(&call->params, "length")};
    struct uvm_channel *slot;
    u32 index, status;

    record_ctl(call);
    status = uvm_gpu(call, "gpuUuid", &index);
    if (status == NV_OK && !(call->space->vaspaces & BIT(index)))
        status = NV_ERR_INVALID_DEVICE;
    if (status == NV_OK)
        status = check_object(channel.client, channel.channel, RM_CHANNEL);
    if (status != NV_OK)
        return status;
    mutex_lock(&call->space->lock);
    slot = find_channel(call->space, 0, 0);
    if (find_channel(call->space, channel.client, channel.channel))
        status = NV_ERR_INVALID_CHANNEL;
    else if (!slot)
        status = NV_ERR_INSUFFICIENT_RESOURCES;
    else
        *slot = channel;
    mutex_unlock(&call->space->lock);
    return status;
}

u32 uvm_unregister_channel(struct uvm_call *call)
{
    u32 client = (u32)params_get(&call->params, "hClient");
    struct uvm_channel *slot = NULL;

    mutex_lock(&call->space->lock);
    if (client)
        slot = find_channel(call->space, client, (u32)params_get(&call->params, "hChannel"));
    if (slot)
        memset(slot, 0, sizeof(*slot));
    mutex_unlock(&call->space->lock);
    return slot ? NV_OK : NV_ERR_INVALID_CHANNEL;
}

static u32 change_peers(struct uvm_call *call, bool enable)
{
    struct uvm_space *space = call->space;
    u32 a, b;
    u32 status = uvm_gpu(call, "gpuUuidA", &a);

    if (status == NV_OK)
        status = uvm_gpu(call, "gpuUuidB", &b);
    if (status != NV_OK)
        return status;
    mutex_lock(&space->lock);
    if (a == b || (space->gpus & (BIT(a) | BIT(b))) != (BIT(a) | BIT(b))) {
        status = NV_ERR_INVALID_DEVICE;
    } else if (enable) {
        space->peers[a] |= BIT(b);
        space->peers[b] |= BIT(a);
    } else {
        space->peers[a] &= ~(u32)BIT(b);
        space->peers[b] &= ~(u32)BIT(a);
        uvm_externals_of_owner_free(space, a, b);
        uvm_externals_of_owner_free(space, b, a);
    }
    mutex_unlock(&space->lock);
    return status;
}

u32 uvm_enable_peer_access(struct uvm_call *call)
{
    return change_peers(call, true);
}

u32 uvm_disable_peer_access(struct uvm_call *call)
{
    return change_peers(call, false);
}

/* Answer as on a machine where GPUs can fault on pageable memory: yes, if the file is tied to an address space. */
u32 uvm_pageable_access(struct uvm_call *call)
{
    params_put(&call->params, "pageableMemAccess", call->space->mm != NULL);
    return NV_OK;
}

u32 uvm_pageable_access_on_gpu(struct uvm_call *call)
{
    u32 index, status = uvm_gpu(call, "gpu_uuid", &index);

    if (status == NV_OK && !(call->space->gpus & BIT(index)))
        status = NV_ERR_INVALID_DEVICE;
    return status == NV_OK ? uvm_pageable_access(call) : status;
}
