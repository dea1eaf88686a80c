/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/objects/mapping.h"

#include <errno.h>
#include <sys/sysmacros.h>

#include "abi/nv-ioctl.h"

#define PAGE_BYTES    UINT64_C(4096)
#define ADDRESSES_END (UINT64_C(1) << 47)

static bool is_control(const Device *device)
{
    return minor(device->number) == NV_MINOR_DEVICE_NUMBER_CONTROL_DEVICE;
}

/*
 * Check a mapping of a frontend file against the file's mapping context, which begins at offset 0.
 * The memory of a GPU must be mapped whole: the driver checks that. This function also refuses a mapping
 * that reaches beyond the context. System memory (mapped through the control device) may be mapped up to
 * the end of its allocation, even where the context is shorter. Only the driver knows that end
 * (kernel-open/nvidia/nv-mmap.c, nvidia_mmap_helper).
 */
static int check_frontend(const NvFile *file, uint64_t length, uint64_t offset)
{
    const uint64_t context = file->map.length;
    uint64_t pages;

    /* The kernel checks the length before it calls a driver. */
    if (!g_uint64_checked_add(&pages, length, PAGE_BYTES - 1) || pages > ADDRESSES_END) {
        return ENOMEM;
    }
    if (context == 0 || offset != 0) {
        return EINVAL;
    }
    return pages - pages % PAGE_BYTES > context && !is_control(file->device) ? ENXIO : 0;
}

int mapping_check(const NvFile *file, uint64_t length, uint64_t offset)
{
    switch (file->device->kind) {
    case DEVICE_FRONTEND:
        return check_frontend(file, length, offset);
    case DEVICE_UVM:
        /* The offset must equal the address of the mapping. The driver checks that: it compares the offset
         * with the address that the kernel chose, which the proxy does not know. */
        return 0;
    default:
        return ENODEV;
    }
}

/* The driver shows a semaphore pool only if the mapping has exactly its bounds (kernel-open/nvidia-uvm/uvm.c, uvm_mmap). There
 * offset and address are the same. */
bool mapping_is_managed(const NvFile *file, uint64_t length, uint64_t offset)
{
    uint64_t pages;

    if (file->device->kind != DEVICE_UVM || !file->ranges) {
        return false;
    }
    if (!g_uint64_checked_add(&pages, length, PAGE_BYTES - 1)) {
        return true;
    }
    return !uvm_ranges_have_pool(file->ranges, &(UvmArea){offset, pages - pages % PAGE_BYTES});
}
