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
 * A context shows the file's memory from offset 0 on. Whether a GPU's is mapped whole, as it must be, is
 * for the driver to say; that nothing beyond it is mapped is said here as well. System memory may be
 * mapped as far as its allocation goes, however little the context is for, and the driver alone knows how
 * far that is (kernel-open/nvidia/nv-mmap.c, nvidia_mmap_helper).
 */
static int check_frontend(const NvFile *file, uint64_t length, uint64_t offset)
{
    const uint64_t context = file->map.length;
    uint64_t pages;

    /* The kernel looks at this before it asks a driver. */
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
        /* A file maps at its own offset alone, and the driver sees to it: it compares with where the
         * kernel put the mapping, which is not known here. */
        return 0;
    default:
        return ENODEV;
    }
}
