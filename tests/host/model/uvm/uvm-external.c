/* SPDX-License-Identifier: GPL-2.0-only */
/* Mappings of memory into external ranges, for each GPU: uvm_map_external.c of the driver. */
#include <linux/slab.h>

#include "uvm/uvm.h"

/* --- mappings */

static void external_free(struct uvm_external *external)
{
    list_del(&external->link);
    memory_put(external->memory);
    kfree(external);
    live_add(uvm_externals, -1);
}

void uvm_externals_free(struct uvm_range *range)
{
    struct uvm_external *external, *next;

    list_for_each_entry_safe(external, next, &range->externals, link) external_free(external);
}

static struct uvm_external *external_new(const struct uvm_external *from)
{
    struct uvm_external *external = kmalloc(sizeof(*external), GFP_KERNEL);

    if (!external)
        return NULL;
    *external = *from;
    memory_get(external->memory);
    live_add(uvm_externals, 1);
    return external;
}

static void external_add(struct uvm_range *range, struct uvm_external *external)
{
    struct uvm_external *behind;

    list_for_each_entry(behind, &range->externals, link) if (behind->start > external->start) break;
    list_add_tail(&external->link, &behind->link); /* the list's head, if there is none */
}

/* Make two mappings of one, which hold the memory both. Returns: NvStatus. */
static u32 external_split(struct uvm_external *external, u64 at)
{
    struct uvm_external *second;

    if (at % external->page)
        return NV_ERR_INVALID_ADDRESS;
    second = external_new(external);
    if (!second)
        return NV_ERR_NO_MEMORY;
    external->end = second->start = at;
    list_add(&second->link, &external->link);
    return NV_OK;
}

/* End what a GPU has mapped at some addresses. What is mapped beyond them stays. If a mapping cannot be split, those before it are
 * gone already. Returns: NvStatus. */
static u32 unmap(struct uvm_range *range, u32 gpu, u64 start, u64 end)
{
    struct uvm_external *external, *next;
    u32 status = NV_OK;

    list_for_each_entry_safe(external, next, &range->externals, link)
    {
        if (external->gpu != gpu || external->end <= start || end <= external->start)
            continue;
        if (external->start < start) {
            status = external_split(external, start);
            if (status != NV_OK)
                return status;
            external = list_next_entry(external, link);
        }
        if (end < external->end)
            status = external_split(external, end);
        if (status != NV_OK)
            return status;
        external_free(external);
    }
    return NV_OK;
}

static void free_if(struct uvm_space *space,
                    bool (*matches)(const struct uvm_external *external, u32 gpu, u32 owner),
                    u32 gpu, u32 owner)
{
    struct uvm_external *external, *next;
    struct uvm_range *range;

    list_for_each_entry(range, &space->ranges, link)
        list_for_each_entry_safe(external, next, &range->externals,
                                 link) if (matches(external, gpu, owner)) external_free(external);
}

static bool is_of_gpu(const struct uvm_external *external, u32 gpu, u32 owner)
{
    return external->gpu == gpu;
}

static bool is_of_owner(const struct uvm_external *external, u32 gpu, u32 owner)
{
    const struct model_memory *memory = external->memory;

    return (gpu == U32_MAX || external->gpu == gpu) && external->gpu != owner &&
           memory->place == MEMORY_VIDEO && memory->gpu->index == owner;
}

void uvm_externals_of_gpu_free(struct uvm_space *space, u32 gpu)
{
    free_if(space, is_of_gpu, gpu, 0);
}

void uvm_externals_of_owner_free(struct uvm_space *space, u32 gpu, u32 owner)
{
    free_if(space, is_of_owner, gpu, owner);
}

/* --- UVM_UNMAP_EXTERNAL */

/* The external range of a call, which must be about whole pages. */
static struct uvm_range *external_range(struct uvm_call *call)
{
    struct uvm_range *range = uvm_call_range(call);
    u64 start, end;

    uvm_call_bounds(call, &start, &end);
    return range && range->kind == UVM_RANGE_EXTERNAL && start < end && PAGE_ALIGNED(start) &&
                   PAGE_ALIGNED(end)
               ? range
               : NULL;
}

u32 uvm_unmap_external(struct uvm_call *call)
{
    struct uvm_range *range;
    u64 start, end;
    u32 index, status = uvm_gpu(call, "gpuUuid", &index);

    if (status != NV_OK)
        return status;
    uvm_call_bounds(call, &start, &end);
    mutex_lock(&call->space->lock);
    range = external_range(call);
    status = range ? unmap(range, index, start, end) : NV_ERR_INVALID_ADDRESS;
    mutex_unlock(&call->space->lock);
    return status;
}

/* --- UVM_MAP_EXTERNAL_ALLOCATION */

/* The memory object of a handle, with a reference; the rule is that of uvm_register_vaspace. */
static u32 take_memory(struct uvm_call *call, struct model_memory **memory)
{
    struct rm_client *client;
    struct rm_object *object;
    u64 end;
    u32 status = NV_ERR_INVALID_CLIENT;

    mutex_lock(&rm_lock);
    client = rm_client_find((u32)params_get(&call->params, "hClient"));
    if (client && client->process == task_tgid_nr(current))
        status = rm_object_get(client, (u32)params_get(&call->params, "hMemory"), RM_MEMORY,
                               NV_ERR_INVALID_OBJECT, &object);
    if (status == NV_OK && (!object->memory || object->memory->place == MEMORY_VIRTUAL))
        status = NV_ERR_NOT_SUPPORTED;
    if (status == NV_OK && (check_add_overflow(params_get(&call->params, "offset"),
                                               params_get(&call->params, "length"), &end) ||
                            end > PAGE_ALIGN(object->memory->length)))
        status = NV_ERR_INVALID_OFFSET;
    if (status == NV_OK)
        *memory = memory_get(object->memory);
    mutex_unlock(&rm_lock);
    return status;
}

static u32 attribute_gpu(struct uvm_call *call, u32 i, u32 *index)
{
    u32 size;
    u8 *attributes = params_array(&call->params, "perGpuAttributes", &size);
    u32 each = size / params_length(&call->params, "perGpuAttributes");
    const struct nv_gpu *gpu = gpu_by_uuid(attributes + i * each); /* its first member */

    if (!gpu || !(call->space->vaspaces & BIT(gpu->index)))
        return NV_ERR_INVALID_DEVICE;
    *index = gpu->index;
    return NV_OK;
}

/* Whether a GPU may use the memory: its owner has to be known, and a peer, if it is another GPU's own memory. */
static bool may_use(const struct uvm_space *space, u32 gpu, const struct model_memory *memory)
{
    if (memory->place == MEMORY_FABRIC || !memory->gpu)
        return true;
    return (space->gpus & BIT(memory->gpu->index)) &&
           (memory->place != MEMORY_VIDEO || memory->gpu->index == gpu ||
            (space->peers[gpu] & BIT(memory->gpu->index)));
}

/* The largest page that both the memory and the mapping have. */
static u64 mapping_page(struct uvm_call *call, const struct model_memory *memory)
{
    static const u64 pages[] = {0x200000, 0x10000, 0x1000};
    u64 bits = params_get(&call->params, "base") | params_get(&call->params, "length") |
               params_get(&call->params, "offset");
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(pages); i++)
        if (pages[i] <= memory->page && !(bits % pages[i]))
            return pages[i];
    return 0;
}

/* What the GPU had there is gone even if the new mapping is refused. @memory: NULL: refused, with status @refusal */
static u32 map_for_gpu(struct uvm_call *call, struct uvm_range *range, u32 gpu,
                       struct model_memory *memory, u32 refusal)
{
    struct uvm_external wanted = {.gpu = gpu, .memory = memory}, *external;
    u32 status;

    uvm_call_bounds(call, &wanted.start, &wanted.end);
    status = unmap(range, gpu, wanted.start, wanted.end);
    if (status != NV_OK)
        return status;
    if (!memory)
        return refusal;
    if (!may_use(call->space, gpu, memory))
        return NV_ERR_INVALID_DEVICE;
    wanted.page = mapping_page(call, memory);
    if (!wanted.page)
        return NV_ERR_INVALID_ADDRESS;
    external = external_new(&wanted);
    if (!external)
        return NV_ERR_NO_MEMORY;
    external_add(range, external);
    return NV_OK;
}

static u32 map_external(struct uvm_call *call, struct model_memory *memory, u32 refusal)
{
    struct uvm_range *range = external_range(call);
    u32 i, gpu, n = (u32)params_get(&call->params, "gpuAttributesCount"), done = 0;
    u64 start, end;
    u32 status = range ? NV_OK : NV_ERR_INVALID_ADDRESS;

    for (i = 0; i < n && status == NV_OK; i++) {
        status = attribute_gpu(call, i, &gpu);
        if (status == NV_OK)
            status = map_for_gpu(call, range, gpu, memory, refusal);
        if (status == NV_OK)
            done |= BIT(gpu);
    }
    uvm_call_bounds(call, &start, &end);
    for (gpu = 0; gpu < model_n_gpus && status != NV_OK; gpu++)
        if (done & BIT(gpu))
            unmap(range, gpu, start, end);
    return status;
}

u32 uvm_map_external(struct uvm_call *call)
{
    u64 n = params_get(&call->params, "gpuAttributesCount");
    struct model_memory *memory = NULL;
    char name[32];
    u32 status, refusal;

    record_add(call->record, "fd=%s",
               fd_name((int)(u32)params_get(&call->params, "rmCtrlFd"), name, sizeof(name)));
    if (!n || n > params_length(&call->params, "perGpuAttributes"))
        return NV_ERR_INVALID_ARGUMENT;
    refusal = take_memory(call, &memory);
    mutex_lock(&call->space->lock);
    status = map_external(call, memory, refusal);
    mutex_unlock(&call->space->lock);
    if (memory)
        memory_put(memory);
    return status;
}
