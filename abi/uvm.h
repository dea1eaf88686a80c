/* SPDX-License-Identifier: Apache-2.0 */
/* ioctls of /dev/nvidia-uvm. Numbers are whole ioctl words without size or direction; the driver
 * copies the struct of its own release. Driver files: uvm_ioctl.h, uvm_linux_ioctl.h,
 * uvm_types.h. */
#pragma once

#include "abi/layout.h"

/* clang-format off */

#define UVM_CREATE_RANGE_GROUP             0x17
#define UVM_DESTROY_RANGE_GROUP            0x18
#define UVM_REGISTER_GPU_VASPACE           0x19
#define UVM_UNREGISTER_GPU_VASPACE         0x1a
#define UVM_REGISTER_CHANNEL               0x1b
#define UVM_UNREGISTER_CHANNEL             0x1c
#define UVM_ENABLE_PEER_ACCESS             0x1d
#define UVM_DISABLE_PEER_ACCESS            0x1e
#define UVM_SET_RANGE_GROUP                0x1f
#define UVM_MAP_EXTERNAL_ALLOCATION        0x21
#define UVM_FREE                           0x22
#define UVM_REGISTER_GPU                   0x25
#define UVM_UNREGISTER_GPU                 0x26
#define UVM_PAGEABLE_MEM_ACCESS            0x27
#define UVM_SET_PREFERRED_LOCATION         0x2a
#define UVM_UNSET_PREFERRED_LOCATION       0x2b
#define UVM_ENABLE_READ_DUPLICATION        0x2c
#define UVM_DISABLE_READ_DUPLICATION       0x2d
#define UVM_SET_ACCESSED_BY                0x2e
#define UVM_UNSET_ACCESSED_BY              0x2f
#define UVM_MIGRATE                        0x33
#define UVM_MIGRATE_RANGE_GROUP            0x35
#define UVM_TOOLS_READ_PROCESS_MEMORY      0x3e
#define UVM_TOOLS_WRITE_PROCESS_MEMORY     0x3f
#define UVM_MAP_DYNAMIC_PARALLELISM_REGION 0x41
#define UVM_UNMAP_EXTERNAL                 0x42
#define UVM_ALLOC_SEMAPHORE_POOL           0x44
#define UVM_PAGEABLE_MEM_ACCESS_ON_GPU     0x46
#define UVM_VALIDATE_VA_RANGE              0x48
#define UVM_CREATE_EXTERNAL_RANGE          0x49
#define UVM_MM_INITIALIZE                  0x4b
#define UVM_INITIALIZE                     0x30000001
#define UVM_DEINITIALIZE                   0x30000002

#define UVM_INIT_FLAGS_DISABLE_HMM                0x1
#define UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE 0x2
#define UVM_MAX_GPUS                              32
#define UVM_MAX_GPUS_V2                           256

ABI_STRUCT(UVM_CREATE_RANGE_GROUP_PARAMS, 16,
    (NvU64, rangeGroupId),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_DESTROY_RANGE_GROUP_PARAMS, 16,
    (NvU64, rangeGroupId),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(NvProcessorUuid, 16,
    (NvU8, uuid, [16], (LEFT_ALONE, "the role of the member that has this type decides")))

ABI_STRUCT(UVM_REGISTER_GPU_VASPACE_PARAMS, 32,
    (NvProcessorUuid, gpuUuid, (GPU_UUID)),
    (NvS32, rmCtrlFd, (FD, FRONTEND, NEGATIVE)),
    (NvHandle, hClient, (CLIENT, PROCESS)),
    (NvHandle, hVaSpace, (OBJECT)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_UNREGISTER_GPU_VASPACE_PARAMS, 20,
    (NvProcessorUuid, gpuUuid, (GPU_UUID)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_REGISTER_CHANNEL_PARAMS, 56,
    (NvProcessorUuid, gpuUuid, (GPU_UUID)),
    (NvS32, rmCtrlFd, (FD, FRONTEND, NEGATIVE)),
    (NvHandle, hClient, (CLIENT, PROCESS)),
    (NvHandle, hChannel, (OBJECT)),
    (NvU64, base, (ADDRESS)),
    (NvU64, length),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_UNREGISTER_CHANNEL_PARAMS, 28,
    (NvProcessorUuid, gpuUuid, (GPU_UUID)),
    (NvHandle, hClient, (LEFT_ALONE, "refers to what was registered through the same UVM file")),
    (NvHandle, hChannel, (OBJECT)),
    (NV_STATUS, rmStatus, (STATUS)))
ABI_STRUCT_SINCE(UVM_UNREGISTER_CHANNEL_PARAMS, 590, 12,
    (NvHandle, hClient, (LEFT_ALONE, "refers to what was registered through the same UVM file")),
    (NvHandle, hChannel, (OBJECT)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_ENABLE_PEER_ACCESS_PARAMS, 36,
    (NvProcessorUuid, gpuUuidA, (GPU_UUID)),
    (NvProcessorUuid, gpuUuidB, (GPU_UUID)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_DISABLE_PEER_ACCESS_PARAMS, 36,
    (NvProcessorUuid, gpuUuidA, (GPU_UUID)),
    (NvProcessorUuid, gpuUuidB, (GPU_UUID)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_SET_RANGE_GROUP_PARAMS, 32,
    (NvU64, rangeGroupId),
    (NvU64, requestedBase, (ADDRESS)),
    (NvU64, length),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UvmGpuMappingAttributes, 36,
    (NvProcessorUuid, gpuUuid, (GPU_UUID)),
    (NvU32, gpuMappingType),
    (NvU32, gpuCachingType),
    (NvU32, gpuFormatType),
    (NvU32, gpuElementBits),
    (NvU32, gpuCompressionType))

ABI_STRUCT(UVM_MAP_EXTERNAL_ALLOCATION_PARAMS, 1200,
    (NvU64, base, (ADDRESS)),
    (NvU64, length),
    (NvU64, offset),
    (UvmGpuMappingAttributes, perGpuAttributes, [UVM_MAX_GPUS]),
    (NvU64, gpuAttributesCount),
    (NvS32, rmCtrlFd, (FD, FRONTEND, NEGATIVE)),
    (NvU32, hClient, (CLIENT, PROCESS)),
    (NvU32, hMemory),
    (NV_STATUS, rmStatus, (STATUS)))
ABI_STRUCT_SINCE(UVM_MAP_EXTERNAL_ALLOCATION_PARAMS, 550, 9264,
    (NvU64, base, (ADDRESS)),
    (NvU64, length),
    (NvU64, offset),
    (UvmGpuMappingAttributes, perGpuAttributes, [UVM_MAX_GPUS_V2]),
    (NvU64, gpuAttributesCount),
    (NvS32, rmCtrlFd, (FD, FRONTEND, NEGATIVE)),
    (NvU32, hClient, (CLIENT, PROCESS)),
    (NvU32, hMemory),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_FREE_PARAMS, 24,
    (NvU64, base, (ADDRESS)),
    (NvU64, length),
    (NV_STATUS, rmStatus, (STATUS)))
ABI_STRUCT_SINCE(UVM_FREE_PARAMS, 590, 16,
    (NvU64, base, (ADDRESS)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_REGISTER_GPU_PARAMS, 40,
    (NvProcessorUuid, gpu_uuid, (GPU_UUID_TO_REGISTER)),
    (NvBool, numaEnabled),
    (NvS32, numaNodeId),
    (NvS32, rmCtrlFd, (FD, FRONTEND, NEGATIVE)),
    (NvHandle, hClient, (CLIENT, PROCESS)),
    (NvHandle, hSmcPartRef, (OBJECT)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_UNREGISTER_GPU_PARAMS, 20,
    (NvProcessorUuid, gpu_uuid, (GPU_UUID)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_PAGEABLE_MEM_ACCESS_PARAMS, 8,
    (NvBool, pageableMemAccess),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_SET_PREFERRED_LOCATION_PARAMS, 40,
    (NvU64, requestedBase, (ADDRESS)),
    (NvU64, length),
    (NvProcessorUuid, preferredLocation, (GPU_UUID)),
    (NV_STATUS, rmStatus, (STATUS)))
ABI_STRUCT_SINCE(UVM_SET_PREFERRED_LOCATION_PARAMS, 550, 40,
    (NvU64, requestedBase, (ADDRESS)),
    (NvU64, length),
    (NvProcessorUuid, preferredLocation, (GPU_UUID)),
    (NvS32, preferredCpuNumaNode),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_UNSET_PREFERRED_LOCATION_PARAMS, 24,
    (NvU64, requestedBase, (ADDRESS)),
    (NvU64, length),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_ENABLE_READ_DUPLICATION_PARAMS, 24,
    (NvU64, requestedBase, (ADDRESS)),
    (NvU64, length),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_DISABLE_READ_DUPLICATION_PARAMS, 24,
    (NvU64, requestedBase, (ADDRESS)),
    (NvU64, length),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_SET_ACCESSED_BY_PARAMS, 40,
    (NvU64, requestedBase, (ADDRESS)),
    (NvU64, length),
    (NvProcessorUuid, accessedByUuid, (GPU_UUID)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_UNSET_ACCESSED_BY_PARAMS, 40,
    (NvU64, requestedBase, (ADDRESS)),
    (NvU64, length),
    (NvProcessorUuid, accessedByUuid, (GPU_UUID)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_MIGRATE_PARAMS, 80,
    (NvU64, base, (ADDRESS)),
    (NvU64, length),
    (NvProcessorUuid, destinationUuid, (GPU_UUID)),
    (NvU32, flags),
    (NvU64, semaphoreAddress, (ADDRESS)),
    (NvU32, semaphorePayload),
    (NvU32, cpuNumaNode),
    (NvU64, userSpaceStart, (ADDRESS)),
    (NvU64, userSpaceLength),
    (NV_STATUS, rmStatus, (STATUS)))
ABI_STRUCT_SINCE(UVM_MIGRATE_PARAMS, 550, 80,
    (NvU64, base, (ADDRESS)),
    (NvU64, length),
    (NvProcessorUuid, destinationUuid, (GPU_UUID)),
    (NvU32, flags),
    (NvU64, semaphoreAddress, (ADDRESS)),
    (NvU32, semaphorePayload),
    (NvS32, cpuNumaNode),
    (NvU64, userSpaceStart, (ADDRESS)),
    (NvU64, userSpaceLength),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_MIGRATE_RANGE_GROUP_PARAMS, 32,
    (NvU64, rangeGroupId),
    (NvProcessorUuid, destinationUuid, (GPU_UUID)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_MAP_DYNAMIC_PARALLELISM_REGION_PARAMS, 40,
    (NvU64, base, (ADDRESS)),
    (NvU64, length),
    (NvProcessorUuid, gpuUuid, (GPU_UUID)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_UNMAP_EXTERNAL_PARAMS, 40,
    (NvU64, base, (ADDRESS)),
    (NvU64, length),
    (NvProcessorUuid, gpuUuid, (GPU_UUID)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_ALLOC_SEMAPHORE_POOL_PARAMS, 1184,
    (NvU64, base, (ADDRESS)),
    (NvU64, length),
    (UvmGpuMappingAttributes, perGpuAttributes, [UVM_MAX_GPUS]),
    (NvU64, gpuAttributesCount),
    (NV_STATUS, rmStatus, (STATUS)))
ABI_STRUCT_SINCE(UVM_ALLOC_SEMAPHORE_POOL_PARAMS, 550, 9248,
    (NvU64, base, (ADDRESS)),
    (NvU64, length),
    (UvmGpuMappingAttributes, perGpuAttributes, [UVM_MAX_GPUS_V2]),
    (NvU64, gpuAttributesCount),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_PAGEABLE_MEM_ACCESS_ON_GPU_PARAMS, 24,
    (NvProcessorUuid, gpu_uuid, (GPU_UUID)),
    (NvBool, pageableMemAccess),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_VALIDATE_VA_RANGE_PARAMS, 24,
    (NvU64, base, (ADDRESS)),
    (NvU64, length),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_CREATE_EXTERNAL_RANGE_PARAMS, 24,
    (NvU64, base, (ADDRESS)),
    (NvU64, length),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_MM_INITIALIZE_PARAMS, 8,
    (NvS32, uvmFd, (FD, UVM)),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_INITIALIZE_PARAMS, 16,
    (NvU64, flags),
    (NV_STATUS, rmStatus, (STATUS)))

ABI_STRUCT(UVM_TOOLS_READ_PROCESS_MEMORY_PARAMS, 40,
    (NvU64, buffer, (ADDRESS)),
    (NvU64, size),
    (NvU64, targetVa, (ADDRESS)),
    (NvU64, bytesRead),
    (NV_STATUS, rmStatus))

ABI_STRUCT(UVM_TOOLS_WRITE_PROCESS_MEMORY_PARAMS, 40,
    (NvU64, buffer, (ADDRESS)),
    (NvU64, size),
    (NvU64, targetVa, (ADDRESS)),
    (NvU64, bytesWritten),
    (NV_STATUS, rmStatus))
