/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory: its pages, and the calls that allocate and describe it. */
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "rm/rm.h"

/* All pieces together: more than any test needs, and too little to make the machine swap. */
#define SYSTEM_MEMORY_MAX (512ULL << 20)

static DEFINE_MUTEX(pages_lock);

static void pages_free(struct model_memory *memory)
{
    size_t i;

    for (i = 0; memory->pages && i < memory->n_pages; i++)
        if (memory->pages[i])
            __free_page(memory->pages[i]);
}

static bool pages_use(struct model_memory *memory, size_t first, size_t n)
{
    size_t i;

    if (first > memory->n_pages || n > memory->n_pages - first)
        return false;
    if (!memory->pages)
        memory->pages = kvcalloc(memory->n_pages, sizeof(*memory->pages), GFP_KERNEL);
    for (i = first; memory->pages && i < first + n; i++) {
        if (!memory->pages[i])
            memory->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
        if (!memory->pages[i])
            return false;
    }
    return memory->pages;
}

struct page **memory_pages(struct model_memory *memory, size_t first, size_t n)
{
    bool done;

    mutex_lock(&pages_lock);
    done = pages_use(memory, first, n);
    mutex_unlock(&pages_lock);
    return done ? memory->pages + first : NULL;
}

static struct memory_usage *usage_of(const struct model_memory *memory)
{
    return memory->place == MEMORY_VIDEO ? &memory->gpu->used : &model_system_used;
}

/* Count it, if it counts, and give it an address. Returns: false if there is not enough left. */
static bool take(struct model_memory *memory)
{
    static atomic64_t next_system_address = ATOMIC64_INIT(1LL << 32);
    u64 most = memory->place == MEMORY_VIDEO ? memory->gpu->heap : SYSTEM_MEMORY_MAX;
    s64 bytes = (s64)memory->n_pages << PAGE_SHIFT;

    if (memory->taken && !memory_usage_take(usage_of(memory), memory->taken, most))
        return false;
    memory->address = (u64)atomic64_fetch_add(
        bytes, memory->place == MEMORY_VIDEO ? &memory->gpu->next_address : &next_system_address);
    return true;
}

u32 memory_new(enum memory_place place, struct nv_gpu *gpu, const struct memory_size *size,
               struct model_memory **result)
{
    struct model_memory *memory = kzalloc(sizeof(*memory), GFP_KERNEL);

    if (!memory)
        return NV_ERR_NO_MEMORY;
    *memory = (struct model_memory){.place = place,
                                    .gpu = gpu,
                                    .length = size->length,
                                    .page = size->page,
                                    .taken = size->taken};
    kref_init(&memory->refs);
    atomic_set(&memory->holders, 1);
    INIT_LIST_HEAD(&memory->attached);
    if (place == MEMORY_SYSTEM || place == MEMORY_VIDEO) {
        memory->n_pages = (size_t)DIV_ROUND_UP_ULL(size->length, PAGE_SIZE);
        if (!take(memory)) {
            kfree(memory);
            return NV_ERR_NO_MEMORY;
        }
    }
    live_add(memory, 1);
    *result = memory;
    return NV_OK;
}

u32 memory_new_plain(enum memory_place place, struct nv_gpu *gpu, u64 length,
                     struct model_memory **memory)
{
    const struct memory_size size = {.length = length, .page = PAGE_SIZE};

    return memory_new(place, gpu, &size, memory);
}

struct model_memory *memory_get(struct model_memory *memory)
{
    atomic_inc(&memory->holders);
    return memory;
}

bool memory_get_again(struct model_memory *memory)
{
    return atomic_inc_not_zero(&memory->holders);
}

static void memory_release(struct kref *refs)
{
    struct model_memory *memory = container_of(refs, struct model_memory, refs);

    if (memory->place == MEMORY_PINNED)
        memory_unpin(memory);
    else
        pages_free(memory);
    kvfree(memory->pages);
    kfree(memory);
    live_add(memory, -1);
}

void memory_put(struct model_memory *memory)
{
    if (!atomic_dec_and_test(&memory->holders))
        return;
    if (memory->taken)
        memory_usage_give(usage_of(memory), memory->taken);
    fabric_release(memory);
    memory_drop(memory);
}

struct model_memory *memory_keep(struct model_memory *memory)
{
    kref_get(&memory->refs);
    return memory;
}

void memory_drop(struct model_memory *memory)
{
    kref_put(&memory->refs, memory_release);
}

bool memory_copy(struct model_memory *memory, u64 offset, void *data, u32 length, bool write)
{
    u64 end;

    if (!memory->n_pages || check_add_overflow(offset, (u64)length, &end) || end > memory->length)
        return false;
    while (length) {
        u32 in_page = offset_in_page(offset), n = min(length, (u32)PAGE_SIZE - in_page);
        struct page **page = memory_pages(memory, offset >> PAGE_SHIFT, 1);

        if (!page)
            return false;
        if (write)
            memcpy_to_page(*page, in_page, data, n);
        else
            memcpy_from_page(data, *page, in_page, n);
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

#define NVOS02_FLAGS_PHYSICALITY_CONTIGUOUS 0x0 /* bits 7:4 */
#define NVOS02_FLAGS_LOCATION_PCI           0x0 /* bits 11:8 */
#define LOCATION_PCI                        1U
#define REGISTER_LIMIT                      0xffffffffU
#define NVOS02_FLAGS_COHERENCY_SHIFT        12
#define COHERENCY_UNCACHED                  0x0
#define COHERENCY_CACHED                    0x1
#define COHERENCY_WRITE_BACK                0x5

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

/* Allocate memory of the system. The size that the driver has rounded up is not returned. */
static u32 alloc_system(const nv_ioctl_nvos02_parameters_with_fd *outer, struct rm_object *object)
{
    const NVOS02_PARAMETERS *args = &outer->params;
    struct memory_wanted wanted = {.attr = LOCATION_PCI << NVOS32_ATTR_LOCATION_SHIFT};
    u64 length;
    u32 status;

    if (field(args->flags, 8, 0xf) != NVOS02_FLAGS_LOCATION_PCI ||
        field(args->flags, NVOS02_FLAGS_ALLOC_SHIFT, NVOS02_FLAGS_ALLOC_MASK) ==
            NVOS02_FLAGS_ALLOC_NONE)
        return NV_ERR_INVALID_FLAGS;
    if (field(args->flags, 4, 0xf) == NVOS02_FLAGS_PHYSICALITY_CONTIGUOUS)
        wanted.attr |= PHYSICALITY_CONTIGUOUS << ATTR_PHYSICALITY_SHIFT;
    if (check_add_overflow(args->limit, 1ULL, &length))
        return NV_ERR_INVALID_LIMIT;
    wanted.size = length;
    status = rm_memory_new(object, &wanted);
    if (status == NV_OK && wants_context(args))
        status = context_add(outer->fd, NULL, object->memory, 0, length,
                             NVOS33_FLAGS_CACHING_TYPE_DEFAULT);
    return status;
}

/*
 * The other classes allocate nothing: the caller gets an object without memory, and the size of what it asks about. For a caller
 * with rights, the object would be all of the GPU's memory.
 */
static u32 describe_gpu(NVOS02_PARAMETERS *args, struct rm_object *object)
{
    args->limit = args->hClass == NV01_MEMORY_LOCAL_USER ? object->gpu->memory - 1 : REGISTER_LIMIT;
    object->class = NV01_MEMORY_VIRTUAL;
    return memory_new_plain(MEMORY_VIRTUAL, object->gpu, PAGE_SIZE, &object->memory);
}

static u32 fill_memory(nv_ioctl_nvos02_parameters_with_fd *outer, struct rm_object *object)
{
    switch (outer->params.hClass) {
    case NV01_MEMORY_SYSTEM_OS_DESCRIPTOR:
        return alloc_os_descriptor(&outer->params, object);
    case NV01_MEMORY_SYSTEM:
        return alloc_system(outer, object);
    default:
        return describe_gpu(&outer->params, object);
    }
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

static u32 vid_heap_class(const NVOS32_PARAMETERS_data_AllocSize *wanted)
{
    if (wanted->flags & NVOS32_ALLOC_FLAGS_VIRTUAL)
        return NV50_MEMORY_VIRTUAL;
    if (field(wanted->attr2, NVOS32_ATTR2_USE_EGM_SHIFT, NVOS32_ATTR2_USE_EGM_MASK) &&
        abi_major() >= 550 && abi_major() < 595)
        return NV_MEMORY_EXTENDED_USER;
    return field(wanted->attr, NVOS32_ATTR_LOCATION_SHIFT, NVOS32_ATTR_LOCATION_MASK) ==
                   NVOS32_ATTR_LOCATION_VIDMEM
               ? NV01_MEMORY_LOCAL_USER
               : NV01_MEMORY_SYSTEM;
}

static u32 fill_heap_memory(NVOS32_PARAMETERS_data_AllocSize *args, struct rm_object *object)
{
    const struct memory_wanted wanted = {.flags = args->flags,
                                         .attr = args->attr,
                                         .attr2 = args->attr2,
                                         .size = args->size,
                                         .alignment = args->alignment,
                                         .offset = args->offset};
    u32 status = rm_memory_new(object, &wanted);

    if (status == NV_OK) {
        args->hMemory = object->handle;
        args->offset = rm_memory_offset(object);
        args->size = object->memory->length;
        args->limit = args->size - 1;
    }
    return status;
}

static u32 vid_heap_alloc(struct nv_call *call, NVOS32_PARAMETERS *args)
{
    NVOS32_PARAMETERS_data_AllocSize *wanted = &args->data.AllocSize;
    u32 class = vid_heap_class(wanted);
    struct rm_client *client;
    struct rm_object *parent, *object;
    u32 status = rm_client_get(call->file, args->hRoot, &client);

    args->total = args->free = 0;
    if (status == NV_OK)
        status = rm_object_get(client, args->hObjectParent, RM_DEVICE | RM_SUBDEVICE,
                               NV_ERR_INVALID_OBJECT_PARENT, &parent);
    if (status == NV_OK && class == NV_MEMORY_EXTENDED_USER)
        status = NV_ERR_NOT_SUPPORTED; /* only few machines have it */
    if (status == NV_OK)
        status = rm_object_add(client, parent, wanted->hMemory, class, RM_MEMORY, &object);
    if (status != NV_OK)
        return status;
    status = fill_heap_memory(wanted, object);
    if (status != NV_OK)
        rm_object_free(object);
    return status;
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
