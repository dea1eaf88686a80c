/* SPDX-License-Identifier: Apache-2.0 */
/* ioctls of /dev/nvidiactl and /dev/nvidiaN: their numbers (the NR byte), and the parameter structs that
 * belong to the kernel interface layer. Driver files: nv-ioctl-numbers.h, nv-ioctl.h,
 * nv_escape.h, nv-unix-nvos-params-wrappers.h. */
#pragma once

#include "abi/nvos.h"

/* clang-format off */

/* Type byte of the ioctl word. The driver ignores the type and the direction. */
#define NV_IOCTL_MAGIC 'F'
/* The whole ioctl word of a frontend number, for an argument of SIZE bytes, at most 16383. Users have to include
 * <sys/ioctl.h> for _IOC. */
#define NV_FRONTEND_WORD(NR, SIZE) \
    ((uint32_t)_IOC(_IOC_READ | _IOC_WRITE, NV_IOCTL_MAGIC, NR, SIZE))
#define NV_IOCTL_BASE  200

/* Device numbers. */
#define NV_MAJOR_DEVICE_NUMBER                195
#define NV_MINOR_DEVICE_NUMBER_REGULAR_MAX    247
#define NV_MINOR_DEVICE_NUMBER_CONTROL_DEVICE 255
#define NVIDIA_UVM_PRIMARY_MINOR_NUMBER       0
#define NV_CAP_DRV_MINOR_COUNT                8192

/* Escape numbers. */
#define NV_ESC_RM_ALLOC_MEMORY               0x27
#define NV_ESC_RM_FREE                       0x29
#define NV_ESC_RM_CONTROL                    0x2a
#define NV_ESC_RM_ALLOC                      0x2b
#define NV_ESC_RM_DUP_OBJECT                 0x34
#define NV_ESC_RM_SHARE                      0x35
#define NV_ESC_RM_IDLE_CHANNELS              0x41
#define NV_ESC_RM_VID_HEAP_CONTROL           0x4a
#define NV_ESC_RM_MAP_MEMORY                 0x4e
#define NV_ESC_RM_UNMAP_MEMORY               0x4f
#define NV_ESC_RM_ALLOC_CONTEXT_DMA2         0x54
#define NV_ESC_RM_MAP_MEMORY_DMA             0x57
#define NV_ESC_RM_UNMAP_MEMORY_DMA           0x58
#define NV_ESC_RM_UPDATE_DEVICE_MAPPING_INFO 0x5e
#define NV_ESC_CARD_INFO                     0xc8
#define NV_ESC_REGISTER_FD                   0xc9
#define NV_ESC_ALLOC_OS_EVENT                0xce
#define NV_ESC_FREE_OS_EVENT                 0xcf
#define NV_ESC_CHECK_VERSION_STR             0xd2
#define NV_ESC_ATTACH_GPUS_TO_FD             0xd4
#define NV_ESC_SYS_PARAMS                    0xd6
#define NV_ESC_NUMA_INFO                     0xd7
#define NV_ESC_EXPORT_TO_DMABUF_FD           0xd9
#define NV_ESC_WAIT_OPEN_COMPLETE            0xda

/* nv_ioctl_rm_api_version_t.cmd and .reply (NV_ESC_CHECK_VERSION_STR). */
#define NV_RM_API_VERSION_CMD_STRICT         0
#define NV_RM_API_VERSION_CMD_RELAXED        '1'
#define NV_RM_API_VERSION_CMD_QUERY          '2'
#define NV_RM_API_VERSION_REPLY_UNRECOGNIZED 0
#define NV_RM_API_VERSION_REPLY_RECOGNIZED   1

/* The maximum number of GPUs that NV_ESC_CARD_INFO lists. */
#define NV_MAX_DEVICES 32

/* The maximum number of handles in one nv_ioctl_export_to_dma_buf_fd_t. */
#define NV_DMABUF_EXPORT_MAX_HANDLES 128

ABI_STRUCT(nv_ioctl_nvos02_parameters_with_fd, 56,
    (NVOS02_PARAMETERS, params),
    (int, fd, (FD, FRONTEND, BY_EFFECT)))

ABI_STRUCT(nv_ioctl_nvos33_parameters_with_fd, 56,
    (NVOS33_PARAMETERS, params),
    (int, fd, (FD, FRONTEND)))

ABI_STRUCT(nv_pci_info_t, 12,
    (NvU32, domain),
    (NvU8, bus),
    (NvU8, slot),
    (NvU8, function),
    (NvU16, vendor_id),
    (NvU16, device_id))

ABI_STRUCT(nv_ioctl_card_info_t, 72,
    (NvBool, valid),
    (nv_pci_info_t, pci_info, (LEFT_ALONE, "the handler card_info removes other GPUs")),
    (NvU32, gpu_id, (LEFT_ALONE, "the handler card_info removes other GPUs")),
    (NvU16, interrupt_line),
    (NvU64, reg_address),
    (NvU64, reg_size),
    (NvU64, fb_address),
    (NvU64, fb_size),
    (NvU32, minor_number, (LEFT_ALONE, "the handler card_info removes other GPUs")),
    (NvU8, dev_name, [10]))

ABI_STRUCT(nv_ioctl_register_fd_t, 4,
    (int, ctl_fd, (FD, FRONTEND)))

ABI_STRUCT(nv_ioctl_alloc_os_event_t, 16,
    (NvHandle, hClient, (CLIENT, INSTANCE)),
    (NvHandle, hDevice, (OBJECT)),
    (NvU32, fd, (FD, FRONTEND)),
    (NvU32, Status, (STATUS)))

ABI_STRUCT(nv_ioctl_free_os_event_t, 16,
    (NvHandle, hClient, (CLIENT, INSTANCE)),
    (NvHandle, hDevice, (OBJECT)),
    (NvU32, fd, (FD, FRONTEND)),
    (NvU32, Status, (STATUS)))

ABI_STRUCT(nv_ioctl_rm_api_version_t, 72,
    (NvU32, cmd),
    (NvU32, reply),
    (char, versionString, [64]))

ABI_STRUCT(nv_ioctl_sys_params_t, 8,
    (NvU64, memblock_size, (INCIDENTAL)))

ABI_STRUCT(nv_ioctl_export_to_dma_buf_fd_t, 2600,
    (int, fd, (FD, DMA_BUF, NEGATIVE)),
    (NvHandle, hClient, (CLIENT, INSTANCE)),
    (NvU32, totalObjects),
    (NvU32, numObjects),
    (NvU32, index),
    (NvU64, totalSize),
    (NvHandle, handles, [NV_DMABUF_EXPORT_MAX_HANDLES], (HOLDS)),
    (NvU64, offsets, [NV_DMABUF_EXPORT_MAX_HANDLES]),
    (NvU64, sizes, [NV_DMABUF_EXPORT_MAX_HANDLES]),
    (NvU32, status, (STATUS)))
ABI_STRUCT_SINCE(nv_ioctl_export_to_dma_buf_fd_t, 570, 2608,
    (int, fd, (FD, DMA_BUF, NEGATIVE)),
    (NvHandle, hClient, (CLIENT, INSTANCE)),
    (NvU32, totalObjects),
    (NvU32, numObjects),
    (NvU32, index),
    (NvU64, totalSize),
    (NvU8, mappingType),
    (NvHandle, handles, [NV_DMABUF_EXPORT_MAX_HANDLES], (HOLDS)),
    (NvU64, offsets, [NV_DMABUF_EXPORT_MAX_HANDLES]),
    (NvU64, sizes, [NV_DMABUF_EXPORT_MAX_HANDLES]),
    (NvU32, status, (STATUS)))
ABI_STRUCT_SINCE(nv_ioctl_export_to_dma_buf_fd_t, 580, 2608,
    (int, fd, (FD, DMA_BUF, NEGATIVE)),
    (NvHandle, hClient, (CLIENT, INSTANCE)),
    (NvU32, totalObjects),
    (NvU32, numObjects),
    (NvU32, index),
    (NvU64, totalSize),
    (NvU8, mappingType),
    (NvBool, bAllowMmap),
    (NvHandle, handles, [NV_DMABUF_EXPORT_MAX_HANDLES], (HOLDS)),
    (NvU64, offsets, [NV_DMABUF_EXPORT_MAX_HANDLES]),
    (NvU64, sizes, [NV_DMABUF_EXPORT_MAX_HANDLES]),
    (NvU32, status, (STATUS)))

ABI_STRUCT(nv_ioctl_wait_open_complete_t, 8,
    (int, rc),
    (NvU32, adapterStatus))
