/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory: its pages, and the calls that allocate and describe it. */
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "rm/rm.h"

/* More than any test needs, and too little to make the machine swap. */
#define SYSTEM_MEMORY_MAX (256ULL << 20)

static void pages_free(struct model_memory *memory)
{
    size_t i;

    for (i = 0; memory->pages && i < memory->n_pages; i++)
        if (memory->pages[i])
            __free_page(memory->pages[i]);
}

static bool pages_new(struct model_memory *memory)
{
    size_t i;

    memory->pages = kvcalloc(memory->n_pages, sizeof(*memory->pages), GFP_KERNEL);
    for (i = 0; memory->pages && i < memory->n_pages; i++) {
        memory->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
        if (!memory->pages[i])
            return false;
    }
    return memory->pages;
}

/* Take memory from the GPU's. Returns: false if it does not have enough left. */
static bool gpu_take(struct nv_gpu *gpu, struct model_memory *memory)
{
    s64 bytes = (s64)memory->n_pages << PAGE_SHIFT;

    if ((u64)atomic64_add_return(bytes, &gpu->used) > gpu->memory) {
        atomic64_sub(bytes, &gpu->used);
        return false;
    }
    memory->address = gpu->next_address;
    gpu->next_address += (u64)bytes;
    return true;
}

u32 memory_new(enum memory_place place, struct nv_gpu *gpu, u64 length,
               struct model_memory **result)
{
    u64 limit = place == MEMORY_VIDEO ? gpu->memory : SYSTEM_MEMORY_MAX;
    struct model_memory *memory;

    if (!length)
        return NV_ERR_INVALID_ARGUMENT;
    if (length > limit && place != MEMORY_VIRTUAL)
        return NV_ERR_NO_MEMORY;
    memory = kzalloc(sizeof(*memory), GFP_KERNEL);
    if (!memory)
        return NV_ERR_NO_MEMORY;
    *memory = (struct model_memory){.place = place, .gpu = gpu, .length = length};
    kref_init(&memory->refs);
    live_add(memory, 1);
    if (place != MEMORY_VIRTUAL) {
        memory->n_pages = (size_t)DIV_ROUND_UP_ULL(length, PAGE_SIZE);
        if (place == MEMORY_VIDEO && !gpu_take(gpu, memory)) {
            memory->place = MEMORY_SYSTEM; /* no memory to give back */
            memory_put(memory);
            return NV_ERR_NO_MEMORY;
        }
        if (!pages_new(memory)) {
            memory_put(memory);
            return NV_ERR_NO_MEMORY;
        }
        if (place == MEMORY_SYSTEM)
            memory->address = page_to_phys(memory->pages[0]);
    }
    *result = memory;
    return NV_OK;
}

struct model_memory *memory_get(struct model_memory *memory)
{
    kref_get(&memory->refs);
    return memory;
}

static void memory_release(struct kref *refs)
{
    struct model_memory *memory = container_of(refs, struct model_memory, refs);

    if (memory->place == MEMORY_PINNED)
        memory_unpin(memory);
    else
        pages_free(memory);
    if (memory->place == MEMORY_VIDEO)
        atomic64_sub((s64)memory->n_pages << PAGE_SHIFT, &memory->gpu->used);
    kvfree(memory->pages);
    kfree(memory);
    live_add(memory, -1);
}

void memory_put(struct model_memory *memory)
{
    kref_put(&memory->refs, memory_release);
}

bool memory_copy(struct model_memory *memory, u64 offset, void *data, u32 length, bool write)
{
    u64 end;

    if (!memory->pages || check_add_overflow(offset, (u64)length, &end) || end > memory->length)
        return false;
    while (length) {
        u32 in_page = offset_in_page(offset), n = min(length, (u32)PAGE_SIZE - in_page);
        struct page *page = memory->pages[offset >> PAGE_SHIFT];

        if (write)
            memcpy_to_page(page, in_page, data, n);
        else
            memcpy_from_page(data, page, in_page, n);
        data = (u8 *)data + n;
        offset += n;
        length -= n;
    }
    return true;
}

/* --- NV_ESC_RM_ALLOC_MEMORY */

static u32 field(u32 flags, u32 shift, u32 mask)
{
    return flags >> shift & mask;
}

#define NVOS02_FLAGS_LOCATION_PCI    0x0 /* bits 11:8 */
#define NVOS02_FLAGS_COHERENCY_SHIFT 12
#define COHERENCY_UNCACHED           0x0
#define COHERENCY_CACHED             0x1
#define COHERENCY_WRITE_BACK         0x5

/* Describe memory of the caller's own. */
static u32 alloc_os_descriptor(const NVOS02_PARAMETERS *args, struct rm_object *object)
{
    u32 coherency = field(args->flags, NVOS02_FLAGS_COHERENCY_SHIFT, 0xf);
    bool read_only = field(args->flags, NVOS02_FLAGS_ALLOC_USER_READ_ONLY_SHIFT,
                           NVOS02_FLAGS_ALLOC_USER_READ_ONLY_MASK);
    u64 length;

    if (field(args->flags, 8, 0xf) != NVOS02_FLAGS_LOCATION_PCI ||
        field(args->flags, NVOS02_FLAGS_MAPPING_SHIFT, NVOS02_FLAGS_MAPPING_MASK) !=
            NVOS02_FLAGS_MAPPING_NO_MAP ||
        (coherency != COHERENCY_CACHED && coherency != COHERENCY_WRITE_BACK &&
         coherency != COHERENCY_UNCACHED))
        return NV_ERR_INVALID_FLAGS;
    if (!PAGE_ALIGNED(args->pMemory))
        return NV_ERR_NOT_SUPPORTED;
    if (check_add_overflow(args->limit, 1ULL, &length))
        return NV_ERR_INVALID_LIMIT;
    return memory_pin(args->pMemory, length, !read_only, &object->memory);
}

static bool wants_context(const NVOS02_PARAMETERS *args)
{
    return args->hClass == NV01_MEMORY_SYSTEM &&
           field(args->flags, NVOS02_FLAGS_ALLOC_SHIFT, NVOS02_FLAGS_ALLOC_MASK) !=
               NVOS02_FLAGS_ALLOC_NONE &&
           field(args->flags, NVOS02_FLAGS_MAPPING_SHIFT, NVOS02_FLAGS_MAPPING_MASK) !=
               NVOS02_FLAGS_MAPPING_NO_MAP;
}

static u32 fill_memory(const nv_ioctl_nvos02_parameters_with_fd *outer, struct rm_object *object)
{
    const NVOS02_PARAMETERS *args = &outer->params;
    u64 length;
    u32 status;

    if (args->hClass == NV01_MEMORY_SYSTEM_OS_DESCRIPTOR)
        return alloc_os_descriptor(args, object);
    if (check_add_overflow(args->limit, 1ULL, &length))
        return NV_ERR_INVALID_LIMIT;
    status = memory_new(args->hClass == NV01_MEMORY_SYSTEM ? MEMORY_SYSTEM : MEMORY_VIDEO,
                        object->gpu, length, &object->memory);
    if (status == NV_OK && wants_context(args))
        status = context_add(outer->fd, NULL, object->memory, 0, length,
                             NVOS33_FLAGS_CACHING_TYPE_DEFAULT);
    return status;
}

static u32 alloc_memory(struct nv_call *call, nv_ioctl_nvos02_parameters_with_fd *outer)
{
    NVOS02_PARAMETERS *args = &outer->params;
    struct rm_client *client;
    struct rm_object *parent, *object;
    u32 status = rm_client_get(call->file, args->hRoot, &client);

    if (status == NV_OK)
        status = rm_object_get(client, args->hObjectParent, RM_DEVICE, NV_ERR_INVALID_OBJECT_PARENT,
                               &parent);
    if (status == NV_OK)
        status = rm_object_add(client, parent, args->hObjectNew, args->hClass, RM_MEMORY, &object);
    if (status != NV_OK)
        return status;
    status = fill_memory(outer, object);
    if (status == NV_OK)
        args->hObjectNew = object->handle;
    else
        rm_object_free(object);
    return status;
}

int nv_rm_alloc_memory(struct nv_call *call)
{
    nv_ioctl_nvos02_parameters_with_fd *outer = call->params.data;
    NVOS02_PARAMETERS *args = &outer->params;
    char name[32];

    record_add(call->record, "what=0x%x fd=%s", args->hClass,
               fd_name(outer->fd, name, sizeof(name)));
    switch (args->hClass) {
    case NV01_MEMORY_SYSTEM:
    case NV01_MEMORY_LOCAL_PRIVILEGED:
    case NV01_MEMORY_LOCAL_USER:
    case NV01_MEMORY_SYSTEM_OS_DESCRIPTOR:
        mutex_lock(&rm_lock);
        args->status = alloc_memory(call, outer);
        mutex_unlock(&rm_lock);
        break;
    default:
        args->status = NV_ERR_INVALID_CLASS;
    }
    record_add(call->record, "status=%s", status_name(args->status));
    return 0;
}

/* --- NV_ESC_RM_VID_HEAP_CONTROL, function ALLOC_SIZE */

static u32 vid_heap_alloc(struct nv_call *call, NVOS32_PARAMETERS *args)
{
    NVOS32_PARAMETERS_data_AllocSize *wanted = &args->data.AllocSize;
    bool video = field(wanted->attr, NVOS32_ATTR_LOCATION_SHIFT, NVOS32_ATTR_LOCATION_MASK) ==
                 NVOS32_ATTR_LOCATION_VIDMEM;
    bool virtual = wanted->flags & NVOS32_ALLOC_FLAGS_VIRTUAL;
    u32 class = virtual ? NV50_MEMORY_VIRTUAL : video ? NV01_MEMORY_LOCAL_USER : NV01_MEMORY_SYSTEM;
    struct rm_client *client;
    struct rm_object *parent, *object;
    u32 status = rm_client_get(call->file, args->hRoot, &client);

    if (status == NV_OK)
        status = rm_object_get(client, args->hObjectParent, RM_DEVICE | RM_SUBDEVICE,
                               NV_ERR_INVALID_OBJECT_PARENT, &parent);
    if (status == NV_OK)
        status = rm_object_add(client, parent, wanted->hMemory, class, RM_MEMORY, &object);
    if (status != NV_OK)
        return status;
    status = memory_new(virtual ? MEMORY_VIRTUAL
                        : video ? MEMORY_VIDEO
                                : MEMORY_SYSTEM,
                        parent->gpu, wanted->size, &object->memory);
    if (status != NV_OK) {
        rm_object_free(object);
        return status;
    }
    wanted->hMemory = object->handle;
    wanted->offset = video && !virtual ? object->memory->address - GPU_FB_BAR(parent->gpu) : 0;
    wanted->limit = wanted->size - 1;
    args->total = parent->gpu->memory;
    args->free = parent->gpu->memory - (u64)atomic64_read(&parent->gpu->used);
    return NV_OK;
}

int nv_rm_vid_heap_control(struct nv_call *call)
{
    NVOS32_PARAMETERS *args = call->params.data;
    u64 address;

    record_add(call->record, "what=%u", args->function);
    if (args->function != NVOS32_FUNCTION_ALLOC_SIZE) {
        args->status = NV_ERR_NOT_SUPPORTED;
    } else if (args->data.AllocSize.address &&
               copy_from_user(&address, u64_to_user_ptr(args->data.AllocSize.address),
                              sizeof(address))) {
        args->status = NV_ERR_INVALID_ADDRESS;
    } else {
        mutex_lock(&rm_lock);
        args->status = vid_heap_alloc(call, args);
        mutex_unlock(&rm_lock);
    }
    record_add(call->record, "status=%s", status_name(args->status));
    return 0;
}
