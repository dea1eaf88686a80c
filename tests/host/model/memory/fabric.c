/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fabric memory: addresses behind which a GPU's memory is attached. A fabric object that was made of memory holds it; so does, in
 * older versions, what is attached later. Newer versions (570) do not hold it, but detach it when its object is freed: there the
 * model only checks the call. A semaphore surface holds what it is made of, too.
 */
#include <linux/slab.h>

#include "rm/rm.h"

#define ATTACHMENTS_ARE_HELD (abi_major() < 570)

struct attachment {
    struct list_head link; /* in the fabric memory */
    u64 offset;
    u32 gpu; /* index */
    struct model_memory *memory;
};

static void attachment_free(struct attachment *attachment)
{
    list_del(&attachment->link);
    memory_put(attachment->memory);
    kfree(attachment);
}

void fabric_release(struct model_memory *fabric)
{
    struct attachment *attachment, *next;

    list_for_each_entry_safe(attachment, next, &fabric->attached, link) attachment_free(attachment);
}

static struct attachment *attachment_find(const struct model_memory *fabric, u64 offset, u32 gpu)
{
    struct attachment *attachment;

    list_for_each_entry(attachment, &fabric->attached,
                        link) if (attachment->offset == offset &&
                                  attachment->gpu == gpu) return attachment;
    return NULL;
}

static u32 attach(struct model_memory *fabric, u64 offset, struct model_memory *memory)
{
    struct attachment *attachment = kmalloc(sizeof(*attachment), GFP_KERNEL);

    if (!attachment)
        return NV_ERR_NO_MEMORY;
    *attachment = (struct attachment){.offset = offset,
                                      .gpu = memory->gpu ? memory->gpu->index : 0,
                                      .memory = memory_get(memory)};
    list_add_tail(&attachment->link, &fabric->attached);
    return NV_OK;
}

/* The memory of a handle, which must be a GPU's own. */
static u32 video_memory(struct rm_client *client, u32 handle, struct model_memory **memory)
{
    struct rm_object *object;
    u32 status = rm_object_get(client, handle, RM_MEMORY, NV_ERR_INVALID_OBJECT, &object);

    if (status != NV_OK)
        return status;
    if (!object->memory || object->memory->place != MEMORY_VIDEO || !object->memory->taken)
        return NV_ERR_INVALID_ARGUMENT;
    *memory = object->memory;
    return NV_OK;
}

u32 fabric_new(struct rm_object *object, struct rm_client *client, u64 length, u32 of)
{
    struct model_memory *memory = NULL;
    u32 status = of ? video_memory(client, of, &memory) : NV_OK;

    if (status == NV_OK)
        status = memory_new_plain(MEMORY_FABRIC, object->gpu, length, &object->memory);
    return status == NV_OK && of ? attach(object->memory, 0, memory) : status;
}

u32 fabric_attach(struct rm_object *object, u64 offset, u32 of)
{
    struct model_memory *memory;
    u32 status = video_memory(object->client, of, &memory);

    if (status != NV_OK || !ATTACHMENTS_ARE_HELD)
        return status;
    if (attachment_find(object->memory, offset, memory->gpu->index))
        return NV_ERR_IN_USE;
    return attach(object->memory, offset, memory);
}

u32 fabric_detach(struct rm_object *object, u64 offset, const struct nv_gpu *gpu)
{
    struct attachment *attachment = attachment_find(object->memory, offset, gpu->index);

    if (!attachment)
        return ATTACHMENTS_ARE_HELD ? NV_ERR_INVALID_ARGUMENT : NV_OK;
    attachment_free(attachment);
    return NV_OK;
}

u32 surface_new(struct rm_object *object, const u32 of[2])
{
    u32 i, status = memory_new_plain(MEMORY_VIRTUAL, object->gpu, 0, &object->memory);

    for (i = 0; i < 2 && status == NV_OK; i++) {
        struct rm_object *from;

        if (i && !of[i])
            continue;
        status = rm_object_get(object->client, of[i], RM_MEMORY, NV_ERR_INVALID_OBJECT, &from);
        if (status == NV_OK && (!from->memory || !from->memory->n_pages))
            status = NV_ERR_INVALID_ARGUMENT;
        if (status == NV_OK)
            status = attach(object->memory, i, from->memory);
    }
    return status;
}
