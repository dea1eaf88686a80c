/* SPDX-License-Identifier: GPL-2.0-only */
/* ioctls of nvidia-uvm, and its device numbers. */
#include "uvm/uvm.h"

#include <linux/cdev.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define UVM_MINORS 2 /* nvidia-uvm, nvidia-uvm-tools */

static const struct {
    u32 number;
    uvm_function *function;
} calls[] = {
    {UVM_INITIALIZE, uvm_initialize},
    {UVM_MM_INITIALIZE, uvm_mm_initialize},
    {UVM_REGISTER_GPU, uvm_register_gpu},
    {UVM_UNREGISTER_GPU, uvm_unregister_gpu},
    {UVM_REGISTER_GPU_VASPACE, uvm_register_vaspace},
    {UVM_UNREGISTER_GPU_VASPACE, uvm_unregister_vaspace},
    {UVM_REGISTER_CHANNEL, uvm_register_channel},
    {UVM_UNREGISTER_CHANNEL, uvm_unregister_channel},
    {UVM_ENABLE_PEER_ACCESS, uvm_enable_peer_access},
    {UVM_DISABLE_PEER_ACCESS, uvm_disable_peer_access},
    {UVM_PAGEABLE_MEM_ACCESS, uvm_pageable_access},
    {UVM_PAGEABLE_MEM_ACCESS_ON_GPU, uvm_pageable_access_on_gpu},
    {UVM_CREATE_RANGE_GROUP, uvm_create_range_group},
    {UVM_DESTROY_RANGE_GROUP, uvm_destroy_range_group},
    {UVM_SET_RANGE_GROUP, uvm_set_range_group},
    {UVM_MIGRATE_RANGE_GROUP, uvm_migrate_range_group},
    {UVM_CREATE_EXTERNAL_RANGE, uvm_create_external_range},
    {UVM_MAP_EXTERNAL_ALLOCATION, uvm_map_external},
    {UVM_UNMAP_EXTERNAL, uvm_unmap_external},
    {UVM_MAP_DYNAMIC_PARALLELISM_REGION, uvm_map_dynamic_parallelism},
    {UVM_ALLOC_SEMAPHORE_POOL, uvm_alloc_semaphore_pool},
    {UVM_FREE, uvm_free},
    {UVM_VALIDATE_VA_RANGE, uvm_validate_range},
    {UVM_SET_PREFERRED_LOCATION, uvm_on_managed_range},
    {UVM_UNSET_PREFERRED_LOCATION, uvm_on_managed_range},
    {UVM_ENABLE_READ_DUPLICATION, uvm_on_managed_range},
    {UVM_DISABLE_READ_DUPLICATION, uvm_on_managed_range},
    {UVM_SET_ACCESSED_BY, uvm_on_managed_range},
    {UVM_UNSET_ACCESSED_BY, uvm_on_managed_range},
    {UVM_MIGRATE, uvm_on_managed_range},
    {UVM_TOOLS_READ_PROCESS_MEMORY, uvm_read_memory},
    {UVM_TOOLS_WRITE_PROCESS_MEMORY, uvm_write_memory},
};

/* The proxy alone uses these, so they are not in the version tree. */
static const AbiLayout *layout_of(u32 number)
{
    const AbiEntry *entry = abi_find(ABI_UVM, number);

    if (number == UVM_TOOLS_READ_PROCESS_MEMORY)
        return &UVM_TOOLS_READ_PROCESS_MEMORY_PARAMS_layout;
    if (number == UVM_TOOLS_WRITE_PROCESS_MEMORY)
        return &UVM_TOOLS_WRITE_PROCESS_MEMORY_PARAMS_layout;
    return entry ? abi_shape(entry->layout) : NULL;
}

static u32 run(struct uvm_call *call, u32 number)
{
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(calls); i++)
        if (calls[i].number == number) {
            if (!call->space && number != UVM_INITIALIZE && number != UVM_MM_INITIALIZE)
                return NV_ERR_ILLEGAL_ACTION;
            return calls[i].function(call);
        }
    return NV_ERR_NOT_SUPPORTED;
}

/* Parameters are copied both ways with the size of this version's struct; the number contains no size. */
static long handle(struct uvm_call *call, u32 number, void __user *argument)
{
    u32 status;
    long err = 0;

    call->params.data = kvzalloc(call->params.layout->size, GFP_KERNEL);
    if (!call->params.data)
        return -ENOMEM;
    if (copy_from_user(call->params.data, argument, call->params.layout->size)) {
        err = -EFAULT;
    } else {
        record_bytes(call->record, "in", call->params.data, call->params.layout->size);
        status = run(call, number);
        params_put(&call->params, "rmStatus", status);
        record_bytes(call->record, "out", call->params.data, call->params.layout->size);
        record_add(call->record, "status=%s", status_name(status));
        if (copy_to_user(argument, call->params.data, call->params.layout->size))
            err = -EFAULT;
    }
    kvfree(call->params.data);
    return err;
}

static long uvm_ioctl(struct file *filp, unsigned int number, unsigned long argument)
{
    struct uvm_file *file = filp->private_data;
    struct uvm_call call = {.file = file, .params.layout = layout_of(number)};
    const AbiEntry *entry = abi_find(ABI_UVM, number);
    long result;

    mutex_lock(&file->lock);
    call.space = file->space;
    mutex_unlock(&file->lock);
    call.record = record_begin("nvidia-uvm", file->id);
    record_add(call.record, "nr=0x%x call=%s", number, entry ? entry->name : "?");
    if (number == UVM_DEINITIALIZE)
        result = 0;
    else
        result = call.params.layout ? handle(&call, number, (void __user *)argument) : -EINVAL;
    record_end(call.record, result);
    return result;
}

const struct file_operations uvm_fops = {
    .owner = THIS_MODULE,
    .open = uvm_open,
    .release = uvm_release,
    .unlocked_ioctl = uvm_ioctl,
    .compat_ioctl = uvm_ioctl,
    .mmap = uvm_mmap,
};

/* --- device numbers */

static const struct file_operations tools_fops = {.owner = THIS_MODULE};

static dev_t first;
static struct cdev primary, tools;

static int add(struct cdev *cdev, const struct file_operations *fops, unsigned int number)
{
    cdev_init(cdev, fops);
    cdev->owner = THIS_MODULE;
    return cdev_add(cdev, first + number, 1);
}

int uvm_init(void)
{
    int err = alloc_chrdev_region(&first, 0, UVM_MINORS, "nvidia-uvm");

    if (err)
        return err;
    err = add(&primary, &uvm_fops, NVIDIA_UVM_PRIMARY_MINOR_NUMBER);
    if (err)
        goto no_primary;
    err = add(&tools, &tools_fops, NVIDIA_UVM_PRIMARY_MINOR_NUMBER + 1);
    if (!err)
        return 0;
    cdev_del(&primary);
no_primary:
    unregister_chrdev_region(first, UVM_MINORS);
    return err;
}

void uvm_exit(void)
{
    cdev_del(&tools);
    cdev_del(&primary);
    unregister_chrdev_region(first, UVM_MINORS);
}
