/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of NV_ESC_RM_ALLOC, by class; those of channels and engines are in abi/alloc-channel.h. Driver files: nvos.h,
 * alloc/, class/cl<id>.h. */
#pragma once

#include "abi/layout.h"

/* clang-format off */

/* hVASpace of NV_MEMORY_VIRTUAL_ALLOCATION_PARAMS that names no object. */
#define NV_MEMORY_VIRTUAL_SYSMEM_DYNAMIC_HVASPACE 0xffffffff

/* Lengths of arrays. */
#define NV_MEM_EXPORT_UUID_LEN     16
#define NV_MEM_EXPORT_METADATA_LEN 64

ABI_STRUCT(NV_PHYSICAL_MEMORY_ATTRS, 8,
    (NvU32, addressSpace),
    (NvU32, compressionCoverage))

ABI_STRUCT(NV_CONTEXT_DMA_ALLOCATION_PARAMS, 32,
    (NvHandle, hSubDevice, (OBJECT)),
    (NvV32, flags),
    (NvHandle, hMemory, (DEPENDENCY)),
    (NvU64, offset),
    (NvU64, limit, (INCIDENTAL)))

ABI_STRUCT(NV_MEMORY_ALLOCATION_PARAMS, 120,
    (NvU32, owner),
    (NvU32, type),
    (NvU32, flags),
    (NvU32, width),
    (NvU32, height),
    (NvS32, pitch),
    (NvU32, attr),
    (NvU32, attr2),
    (NvU32, format),
    (NvU32, comprCovg),
    (NvU32, zcullCovg),
    (NvU64, rangeLo),
    (NvU64, rangeHi),
    (NvU64, size, (MEMORY_SIZE)),
    (NvU64, alignment),
    (NvU64, offset),
    (NvU64, limit, (INCIDENTAL)),
    (NvP64, address, (ADDRESS)),
    (NvU32, ctagOffset),
    (NvHandle, hVASpace, (OBJECT)),
    (NvU32, internalflags),
    (NvU32, tag))
ABI_STRUCT_SINCE(NV_MEMORY_ALLOCATION_PARAMS, 545, 128,
    (NvU32, owner),
    (NvU32, type),
    (NvU32, flags),
    (NvU32, width),
    (NvU32, height),
    (NvS32, pitch),
    (NvU32, attr),
    (NvU32, attr2),
    (NvU32, format),
    (NvU32, comprCovg),
    (NvU32, zcullCovg),
    (NvU64, rangeLo),
    (NvU64, rangeHi),
    (NvU64, size, (MEMORY_SIZE)),
    (NvU64, alignment),
    (NvU64, offset),
    (NvU64, limit, (INCIDENTAL)),
    (NvP64, address, (ADDRESS)),
    (NvU32, ctagOffset),
    (NvHandle, hVASpace, (OBJECT)),
    (NvU32, internalflags),
    (NvU32, tag),
    (NvS32, numaNode))

ABI_STRUCT(NV_MEMORY_VIRTUAL_ALLOCATION_PARAMS, 24,
    (NvU64, offset),
    (NvU64, limit, (INCIDENTAL)),
    (NvHandle, hVASpace, (DEPENDENCY)))

ABI_STRUCT(NV0005_ALLOC_PARAMETERS, 24,
    (NvHandle, hParentClient, (CLIENT, INSTANCE)),
    (NvHandle, hSrcResource, (OBJECT)),
    (NvV32, hClass),
    (NvV32, notifyIndex),
    (NvP64, data, (FD, FRONTEND)))

ABI_STRUCT(NV0080_ALLOC_PARAMETERS, 56,
    (NvU32, deviceId, (GPU_DEVICE)),
    (NvHandle, hClientShare, (CLIENT, INSTANCE)),
    (NvHandle, hTargetClient, (CLIENT, INSTANCE)),
    (NvHandle, hTargetDevice, (OBJECT)),
    (NvV32, flags),
    (NvU64, vaSpaceSize),
    (NvU64, vaStartInternal),
    (NvU64, vaLimitInternal),
    (NvV32, vaMode))

ABI_STRUCT(NV_SEMAPHORE_SURFACE_ALLOC_PARAMETERS, 16,
    (NvHandle, hSemaphoreMem, (HOLDS)),
    (NvHandle, hMaxSubmittedMem, (HOLDS)),
    (NvU64, flags))

ABI_STRUCT(NV00DE_ALLOC_PARAMETERS, 4,
    (NvU32, reserved))
ABI_STRUCT_SINCE(NV00DE_ALLOC_PARAMETERS, 545, 8,
    (NvU64, polledDataMask))

ABI_UNNAMED_STRUCT(NV00F8_ALLOCATION_PARAMETERS_map,
    (NvU64, offset),
    (NvHandle, hVidMem, (HOLDS)),
    (NvU32, flags))
ABI_STRUCT(NV00F8_ALLOCATION_PARAMETERS, 48,
    (NvU64, alignment),
    (NvU64, allocSize),
    (NvU64, pageSize),
    (NvU32, allocFlags),
    (NV00F8_ALLOCATION_PARAMETERS_map, map))

ABI_STRUCT(NV_EXPORT_MEM_PACKET, 32,
    (NvU8, uuid, [16], (LEFT_ALONE, "names exported memory, not a GPU")),
    (NvU8, opaque, [16]))

ABI_STRUCT(NV00FD_ALLOCATION_PARAMETERS, 40,
    (NvU64, alignment),
    (NvU64, allocSize),
    (NvU32, pageSize),
    (NvU32, allocFlags),
    (NvU32, numGpus),
    (NvP64, pOsEvent, (FD, FRONTEND, ZERO)))
ABI_STRUCT_SINCE(NV00FD_ALLOCATION_PARAMETERS, 545, 80,
    (NV_EXPORT_MEM_PACKET, expPacket),
    (NvU16, index),
    (NvU64, alignment),
    (NvU64, allocSize),
    (NvU32, pageSize),
    (NvU32, allocFlags),
    (NvU32, numGpus),
    (NvP64, pOsEvent, (FD, FRONTEND, ZERO)))
ABI_STRUCT_SINCE(NV00FD_ALLOCATION_PARAMETERS, 590, 80,
    (NV_EXPORT_MEM_PACKET, expPacket),
    (NvU16, index),
    (NvU64, alignment),
    (NvU64, allocSize),
    (NvU64, pageSize),
    (NvU32, allocFlags),
    (NvU32, numGpus),
    (NvP64, pOsEvent, (FD, FRONTEND, ZERO)))

ABI_STRUCT(NV_MEMORY_MAPPER_ALLOCATION_PARAMS, 1,
    (NvBool, unused))
ABI_STRUCT_SINCE(NV_MEMORY_MAPPER_ALLOCATION_PARAMS, 550, 8,
    (NvHandle, hSemaphoreSurface, (HOLDS)),
    (NvU32, maxQueueSize))
ABI_STRUCT_SINCE(NV_MEMORY_MAPPER_ALLOCATION_PARAMS, 555, 24,
    (NvHandle, hSemaphoreSurface, (HOLDS)),
    (NvU32, maxQueueSize),
    (NvHandle, hNotificationMemory, (OBJECT)),
    (NvU64, notificationOffset))

ABI_STRUCT(NV2080_ALLOC_PARAMETERS, 4,
    (NvU32, subDeviceId, (LEFT_ALONE, "counts GPUs within one device")))

ABI_STRUCT(NV2081_ALLOC_PARAMETERS, 4,
    (NvU32, reserved))

ABI_STRUCT(NV503B_BAR1_P2P_DMA_INFO, 16,
    (NvU64, dma_address),
    (NvU64, dma_size))

ABI_STRUCT(NV503B_FABRIC_P2P_DMA_INFO, 8,
    (NvU64, gpa))

ABI_STRUCT(NV503B_ALLOC_PARAMETERS, 72,
    (NvHandle, hSubDevice, (OBJECT)),
    (NvHandle, hPeerSubDevice, (OBJECT)),
    (NvU32, subDevicePeerIdMask),
    (NvU32, peerSubDevicePeerIdMask),
    (NvU64, mailboxBar1Addr),
    (NvU32, mailboxTotalSize),
    (NvU32, flags),
    (NvU32, subDeviceEgmPeerIdMask),
    (NvU32, peerSubDeviceEgmPeerIdMask),
    (NV503B_BAR1_P2P_DMA_INFO, l2pBar1P2PDmaInfo),
    (NV503B_BAR1_P2P_DMA_INFO, p2lBar1P2PDmaInfo))
ABI_STRUCT_SINCE(NV503B_ALLOC_PARAMETERS, 590, 88,
    (NvHandle, hSubDevice, (OBJECT)),
    (NvHandle, hPeerSubDevice, (OBJECT)),
    (NvU32, subDevicePeerIdMask),
    (NvU32, peerSubDevicePeerIdMask),
    (NvU64, mailboxBar1Addr),
    (NvU32, mailboxTotalSize),
    (NvU32, flags),
    (NvU32, subDeviceEgmPeerIdMask),
    (NvU32, peerSubDeviceEgmPeerIdMask),
    (NV503B_BAR1_P2P_DMA_INFO, l2pBar1P2PDmaInfo),
    (NV503B_BAR1_P2P_DMA_INFO, p2lBar1P2PDmaInfo),
    (NV503B_FABRIC_P2P_DMA_INFO, l2pFabricP2PInfo),
    (NV503B_FABRIC_P2P_DMA_INFO, p2lFabricP2PInfo))

ABI_STRUCT(NV503C_ALLOC_PARAMETERS, 4,
    (NvU32, flags))

ABI_STRUCT(NV83DE_ALLOC_PARAMETERS, 12,
    (NvHandle, hDebuggerClient_Obsolete, (CLIENT, INSTANCE)),
    (NvHandle, hAppClient, (CLIENT, INSTANCE)),
    (NvHandle, hClass3dObject, (DEPENDENCY)))

ABI_STRUCT(NV9072_ALLOCATION_PARAMETERS, 12,
    (NvU32, logicalHeadId),
    (NvU32, displayMask),
    (NvU32, caps))

ABI_STRUCT(NV_VASPACE_ALLOCATION_PARAMETERS, 48,
    (NvU32, index),
    (NvV32, flags),
    (NvU64, vaSize),
    (NvU64, vaStartInternal),
    (NvU64, vaLimitInternal),
    (NvU32, bigPageSize),
    (NvU64, vaBase))
ABI_STRUCT_SINCE(NV_VASPACE_ALLOCATION_PARAMETERS, 580, 56,
    (NvU32, index),
    (NvV32, flags),
    (NvU64, vaSize),
    (NvU64, vaStartInternal),
    (NvU64, vaLimitInternal),
    (NvU32, bigPageSize),
    (NvU64, vaBase),
    (NvU32, pasid))

ABI_STRUCT(NVB2CC_ALLOC_PARAMETERS, 8,
    (NvHandle, hClientTarget, (CLIENT, INSTANCE)),
    (NvHandle, hContextTarget, (OBJECT)))

ABI_STRUCT(NV_HOPPER_USERMODE_A_PARAMS, 2,
    (NvBool, bBar1Mapping),
    (NvBool, bPriv))

ABI_STRUCT(NV_CONFIDENTIAL_COMPUTE_ALLOC_PARAMS, 4,
    (NvHandle, hClient, (CLIENT, INSTANCE)))

ABI_STRUCT(NV00E0_ALLOCATION_PARAMETERS, 244,
    (NvU32, imexChannel),
    (NV_EXPORT_MEM_PACKET, packet),
    (NvU16, numMaxHandles),
    (NvU32, flags),
    (NvU8, metadata, [NV_MEM_EXPORT_METADATA_LEN]),
    (NvU32, deviceInstanceMask, (GPU_MASK, giIdMasks)),
    (NvU32, giIdMasks, [32]),
    (NvU16, numCurHandles))

ABI_STRUCT(NV00F1_ALLOCATION_PARAMETERS, 32,
    (NvU64, capDescriptor, (FD, OPEN_ONLY)),
    (NvU32, flags),
    (NvP64, pOsEvent, (FD, FRONTEND)),
    (NvU16, nodeId))

ABI_STRUCT(NV00FB_ALLOCATION_PARAMETERS, 32,
    (NvU8, exportUuid, [NV_MEM_EXPORT_UUID_LEN], (LEFT_ALONE, "names exported memory, not a GPU")),
    (NvU16, index),
    (NvU32, flags),
    (NvU64, id))

ABI_STRUCT(NVA0BC_ALLOC_PARAMETERS, 20,
    (NvU32, codecType),
    (NvU32, hResolution),
    (NvU32, vResolution),
    (NvU32, version),
    (NvHandle, hMem, (OBJECT)))
