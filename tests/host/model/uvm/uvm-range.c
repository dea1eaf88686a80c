/* SPDX-License-Identifier: GPL-2.0-only */
/* Ranges of an address space: managed ones, which mmap creates, external ones and semaphore pools. */
#include <linux/highmem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#include "uvm/uvm.h"

#define COPY_MAX (1U << 20)

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
    vma->vm_flags |= flags;
}
#endif

/* --- all kinds */

static struct uvm_range *range_at(struct uvm_space *space, u64 start, u64 end)
{
    struct uvm_range *range;

    list_for_each_entry(range, &space->ranges,
                        link) if (range->start < end && start < range->end) return range;
    return NULL;
}

static u32 range_new(struct uvm_space *space, enum uvm_range_kind kind, u64 base, u64 length,
                     struct uvm_range **result)
{
    struct uvm_range *range;
    u64 end;

    if (!length || !PAGE_ALIGNED(base) || !PAGE_ALIGNED(length) ||
        check_add_overflow(base, length, &end))
        return NV_ERR_INVALID_ADDRESS;
    if (range_at(space, base, end))
        return NV_ERR_UVM_ADDRESS_IN_USE;
    range = kvzalloc(sizeof(*range), GFP_KERNEL);
    if (!range)
        return NV_ERR_NO_MEMORY;
    range->kind = kind;
    range->start = base;
    range->end = end;
    range->n_pages = length >> PAGE_SHIFT;
    INIT_LIST_HEAD(&range->externals);
    if (kind != UVM_RANGE_EXTERNAL) {
        range->pages = kvcalloc(range->n_pages, sizeof(*range->pages), GFP_KERNEL);
        if (!range->pages) {
            kvfree(range);
            return NV_ERR_NO_MEMORY;
        }
    }
    list_add_tail(&range->link, &space->ranges);
    live_add(uvm_ranges, 1);
    *result = range;
    return NV_OK;
}

static void range_free(struct uvm_range *range)
{
    size_t i;

    for (i = 0; range->pages && i < range->n_pages; i++)
        if (range->pages[i]) {
            __free_page(range->pages[i]);
            live_add(uvm_pages, -1);
        }
    uvm_externals_free(range);
    kvfree(range->pages);
    list_del(&range->link);
    kvfree(range);
    live_add(uvm_ranges, -1);
}

void uvm_ranges_free(struct uvm_space *space)
{
    struct uvm_range *range, *next;

    list_for_each_entry_safe(range, next, &space->ranges, link) range_free(range);
}

/* The page of an address; it is allocated at the first use. */
static struct page *range_page(struct uvm_range *range, u64 address)
{
    size_t i = (address - range->start) >> PAGE_SHIFT;

    if (!range->pages[i]) {
        range->pages[i] = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
        if (range->pages[i])
            live_add(uvm_pages, 1);
    }
    return range->pages[i];
}

/* --- mmap */

static void uvm_vma_open(struct vm_area_struct *vma)
{
    struct uvm_file *file = vma->vm_file->private_data;
    struct uvm_range *range;

    mutex_lock(&file->space->lock);
    range = range_at(file->space, vma->vm_start, vma->vm_end);
    if (range)
        range->vmas++;
    mutex_unlock(&file->space->lock);
    live_add(vmas, 1);
}

static void uvm_vma_close(struct vm_area_struct *vma)
{
    struct uvm_file *file = vma->vm_file->private_data;
    struct uvm_range *range;

    mutex_lock(&file->space->lock);
    range = range_at(file->space, vma->vm_start, vma->vm_end);
    if (range && --range->vmas == 0 && range->kind == UVM_RANGE_MANAGED)
        range_free(range);
    mutex_unlock(&file->space->lock);
    live_add(vmas, -1);
}

static vm_fault_t uvm_fault(struct vm_fault *fault)
{
    struct uvm_file *file = fault->vma->vm_file->private_data;
    u64 address = fault->address;
    struct uvm_range *range;
    struct page *page = NULL;

    mutex_lock(&file->space->lock);
    range = range_at(file->space, address, address + 1);
    /* A mapping that was moved shows other addresses than those of its range. */
    if (range && range->pages && fault->pgoff == address >> PAGE_SHIFT)
        page = range_page(range, address);
    if (page)
        get_page(page);
    mutex_unlock(&file->space->lock);
    if (!page)
        return VM_FAULT_SIGBUS;
    fault->page = page;
    return 0;
}

static const struct vm_operations_struct uvm_vm_ops = {
    .open = uvm_vma_open, .close = uvm_vma_close, .fault = uvm_fault};

static int map_range(struct uvm_space *space, struct vm_area_struct *vma)
{
    const vm_flags_t needed = VM_SHARED | VM_READ | VM_WRITE;
    struct uvm_range *range;
    u32 status = NV_OK;

    if (space->mm && space->mm != current->mm)
        return -EOPNOTSUPP;
    if (vma->vm_start != (u64)vma->vm_pgoff << PAGE_SHIFT || (vma->vm_flags & needed) != needed)
        return -EINVAL;
    mutex_lock(&space->lock);
    range = range_at(space, vma->vm_start, vma->vm_end);
    if (!range)
        status =
            range_new(space, UVM_RANGE_MANAGED, vma->vm_start, vma->vm_end - vma->vm_start, &range);
    else if (range->kind != UVM_RANGE_SEMAPHORES || range->vmas || range->start != vma->vm_start ||
             range->end != vma->vm_end)
        status = NV_ERR_UVM_ADDRESS_IN_USE;
    if (status == NV_OK)
        range->vmas++;
    mutex_unlock(&space->lock);
    return status == NV_OK ? 0 : status == NV_ERR_NO_MEMORY ? -ENOMEM : -EINVAL;
}

int uvm_mmap(struct file *filp, struct vm_area_struct *vma)
{
    struct uvm_file *file = filp->private_data;
    struct record *record = record_begin("nvidia-uvm", file->id);
    int err = file->space ? map_range(file->space, vma) : -EBADFD;

    if (!err) {
        vm_flags_set(vma, VM_MIXEDMAP | VM_DONTEXPAND | VM_DONTCOPY);
        vma->vm_ops = &uvm_vm_ops;
        live_add(vmas, 1);
    }
    record_add(record, "call=mmap size=%lu at_offset=%d", vma->vm_end - vma->vm_start,
               vma->vm_start == (u64)vma->vm_pgoff << PAGE_SHIFT);
    record_end(record, err);
    return err;
}

/* --- calls about ranges. A call's range is in the members of these names. */

void uvm_call_bounds(struct uvm_call *call, u64 *start, u64 *end)
{
    bool requested = params_has(&call->params, "requestedBase");

    *start = params_get(&call->params, requested ? "requestedBase" : "base");
    if (check_add_overflow(*start, params_get(&call->params, "length"), end))
        *end = *start;
}

/* The range that contains all addresses of a call. */
struct uvm_range *uvm_call_range(struct uvm_call *call)
{
    struct uvm_range *range;
    u64 start, end;

    uvm_call_bounds(call, &start, &end);
    range = range_at(call->space, start, end);
    return range && range->start <= start && end <= range->end ? range : NULL;
}

#define WITH_SPACE(NAME)                  \
    u32 uvm_##NAME(struct uvm_call *call) \
    {                                     \
        u32 status;                       \
                                          \
        mutex_lock(&call->space->lock);   \
        status = do_##NAME(call);         \
        mutex_unlock(&call->space->lock); \
        return status;                    \
    }

static u32 do_on_managed_range(struct uvm_call *call)
{
    struct uvm_range *range = uvm_call_range(call);

    return range && range->kind == UVM_RANGE_MANAGED ? NV_OK : NV_ERR_INVALID_ADDRESS;
}
WITH_SPACE(on_managed_range)

/* Whether the addresses are free for an external range. */
static u32 do_validate_range(struct uvm_call *call)
{
    u64 start, end;

    uvm_call_bounds(call, &start, &end);
    return range_at(call->space, start, end) ? NV_OK : NV_ERR_INVALID_ADDRESS;
}
WITH_SPACE(validate_range)

static u32 do_create_external_range(struct uvm_call *call)
{
    struct uvm_range *range;

    return range_new(call->space, UVM_RANGE_EXTERNAL, params_get(&call->params, "base"),
                     params_get(&call->params, "length"), &range);
}
WITH_SPACE(create_external_range)

static u32 do_map_dynamic_parallelism(struct uvm_call *call)
{
    u32 index, status = uvm_gpu(call, "gpuUuid", &index);

    return status == NV_OK ? do_create_external_range(call) : status;
}
WITH_SPACE(map_dynamic_parallelism)

static u32 do_alloc_semaphore_pool(struct uvm_call *call)
{
    struct uvm_range *range;

    if (params_get(&call->params, "gpuAttributesCount") >
        params_length(&call->params, "perGpuAttributes"))
        return NV_ERR_INVALID_ARGUMENT;
    return range_new(call->space, UVM_RANGE_SEMAPHORES, params_get(&call->params, "base"),
                     params_get(&call->params, "length"), &range);
}
WITH_SPACE(alloc_semaphore_pool)

/* A managed range is freed when it is unmapped. Older versions have the length as well. */
static u32 do_free(struct uvm_call *call)
{
    u64 base = params_get(&call->params, "base");
    struct uvm_range *range = range_at(call->space, base, base + 1);

    if (!range || range->start != base || range->kind == UVM_RANGE_MANAGED ||
        (params_has(&call->params, "length") &&
         params_get(&call->params, "length") != range->end - base))
        return NV_ERR_INVALID_ADDRESS;
    if (range->vmas)
        return NV_ERR_INVALID_ARGUMENT;
    range_free(range);
    return NV_OK;
}
WITH_SPACE(free)

/* --- range groups */

static bool group_exists(struct uvm_call *call)
{
    u64 group = params_get(&call->params, "rangeGroupId");

    return group && group < 64 && (call->space->groups & BIT_ULL(group));
}

static u32 do_create_range_group(struct uvm_call *call)
{
    u64 group = call->space->next_group;

    if (group >= 64)
        return NV_ERR_INSUFFICIENT_RESOURCES;
    call->space->next_group++;
    call->space->groups |= BIT_ULL(group);
    params_put(&call->params, "rangeGroupId", group);
    return NV_OK;
}
WITH_SPACE(create_range_group)

static u32 do_destroy_range_group(struct uvm_call *call)
{
    if (!group_exists(call))
        return NV_ERR_OBJECT_NOT_FOUND;
    call->space->groups &= ~BIT_ULL(params_get(&call->params, "rangeGroupId"));
    return NV_OK;
}
WITH_SPACE(destroy_range_group)

static u32 do_set_range_group(struct uvm_call *call)
{
    struct uvm_range *range = uvm_call_range(call);

    if (!range || range->kind != UVM_RANGE_MANAGED)
        return NV_ERR_INVALID_ADDRESS;
    if (params_get(&call->params, "rangeGroupId") && !group_exists(call))
        return NV_ERR_OBJECT_NOT_FOUND;
    range->group = params_get(&call->params, "rangeGroupId");
    return NV_OK;
}
WITH_SPACE(set_range_group)

static u32 do_migrate_range_group(struct uvm_call *call)
{
    return group_exists(call) ? NV_OK : NV_ERR_OBJECT_NOT_FOUND;
}
WITH_SPACE(migrate_range_group)

/* --- UVM_TOOLS_READ_PROCESS_MEMORY and its opposite: managed memory through the driver */

static u32 copy_managed(struct uvm_call *call, u8 *buffer, bool write)
{
    u64 target = params_get(&call->params, "targetVa");
    u32 left = (u32)params_get(&call->params, "size");
    u32 status = NV_OK;

    mutex_lock(&call->space->lock);
    while (left && status == NV_OK) {
        struct uvm_range *range = range_at(call->space, target, target + 1);
        struct page *page = range && range->pages ? range_page(range, target) : NULL;
        u32 n = min(left, (u32)(PAGE_SIZE - offset_in_page(target)));

        if (!page)
            status = NV_ERR_INVALID_ADDRESS;
        else if (write)
            memcpy_to_page(page, offset_in_page(target), buffer, n);
        else
            memcpy_from_page(buffer, page, offset_in_page(target), n);
        buffer += n;
        target += n;
        left -= n;
    }
    mutex_unlock(&call->space->lock);
    return status;
}

static u32 access_memory(struct uvm_call *call, const char *done, bool write)
{
    u64 size = params_get(&call->params, "size");
    void __user *user = u64_to_user_ptr(params_get(&call->params, "buffer"));
    void *buffer;
    u32 status = NV_OK;

    if (!size || size > COPY_MAX)
        return NV_ERR_INVALID_ARGUMENT;
    buffer = kvmalloc(size, GFP_KERNEL);
    if (!buffer)
        return NV_ERR_NO_MEMORY;
    if (write && copy_from_user(buffer, user, size))
        status = NV_ERR_INVALID_ADDRESS;
    if (status == NV_OK)
        status = copy_managed(call, buffer, write);
    if (status == NV_OK && !write && copy_to_user(user, buffer, size))
        status = NV_ERR_INVALID_ADDRESS;
    kvfree(buffer);
    params_put(&call->params, done, status == NV_OK ? size : 0);
    return status;
}

u32 uvm_read_memory(struct uvm_call *call)
{
    return access_memory(call, "bytesRead", false);
}

u32 uvm_write_memory(struct uvm_call *call)
{
    return access_memory(call, "bytesWritten", true);
}
