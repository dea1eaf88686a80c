/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands of memory, fabric, semaphore and peer-to-peer objects. */
#pragma once

#include "abi/alloc.h"

/* clang-format off */

#define NV0041_CTRL_CMD_GET_SURFACE_INFO             0x00410110
#define NV_SEMAPHORE_SURFACE_CTRL_CMD_BIND_CHANNEL   0x00da0002
#define NV_SEMAPHORE_SURFACE_CTRL_CMD_UNBIND_CHANNEL 0x00da0006
#define NV00DE_CTRL_CMD_REQUEST_DATA_POLL            0x00de0001
#define NV00E0_CTRL_CMD_IMPORT_MEM                   0x00e00102
#define NV00F1_CTRL_CMD_GET_FABRIC_EVENTS            0x00f10001
#define NV00F1_CTRL_CMD_FINISH_MEM_UNIMPORT          0x00f10002
#define NV00F1_CTRL_CMD_DISABLE_IMPORTERS            0x00f10003
#define NV00F8_CTRL_CMD_DESCRIBE                     0x00f80102
#define NV00F8_CTRL_CMD_ATTACH_MEM                   0x00f80103
#define NV00FB_CTRL_CMD_VALIDATE                     0x00fb0101
#define NV00FD_CTRL_CMD_GET_INFO                     0x00fd0101
#define NV00FD_CTRL_CMD_ATTACH_MEM                   0x00fd0102
#define NV00FD_CTRL_CMD_ATTACH_GPU                   0x00fd0104
#define NV00FD_CTRL_CMD_DETACH_MEM                   0x00fd0105
#define NV00FD_CTRL_CMD_ATTACH_REMOTE_GPU            0x00fd0106
#define NV00FD_CTRL_CMD_SET_FAILURE                  0x00fd0107
#define NV503C_CTRL_CMD_REGISTER_VA_SPACE            0x503c0102
#define NV503C_CTRL_CMD_REGISTER_VIDMEM              0x503c0104
#define NV503C_CTRL_CMD_UNREGISTER_VIDMEM            0x503c0105

ABI_STRUCT(NV0041_CTRL_GET_SURFACE_INFO_PARAMS, 16,
    (NvU32, surfaceInfoListSize),
    (NvP64, surfaceInfoList, (POINTER, INOUT, surfaceInfoListSize, 8, ABI_EMPTY_IS_NULL)))

ABI_STRUCT(NV_SEMAPHORE_SURFACE_CTRL_BIND_CHANNEL_PARAMS, 24,
    (NvHandle, hClient, (CLIENT, INSTANCE)),
    (NvHandle, hDevice, (OBJECT)),
    (NvHandle, hChannel, (OBJECT)),
    (NvU64, engineMask))
ABI_STRUCT_SINCE(NV_SEMAPHORE_SURFACE_CTRL_BIND_CHANNEL_PARAMS, 560, 40,
    (NvHandle, hChannel, (OBJECT)),
    (NvU32, numNotifyIndices),
    (NvU32, notifyIndices, [8]))

ABI_STRUCT(NV_FABRIC_MEMORY_ATTRS, 32,
    (NvU32, kind),
    (NvU64, pageSize),
    (NvU64, size),
    (NvU32, cliqueId))
ABI_STRUCT_SINCE(NV_FABRIC_MEMORY_ATTRS, 580, 48,
    (NvU32, kind),
    (NvU64, pageSize),
    (NvU64, size),
    (NvU32, cliqueId),
    (NvU64, bwModeEpoch),
    (NvU8, bwMode))
ABI_STRUCT_SINCE(NV_FABRIC_MEMORY_ATTRS, 595, 48,
    (NvU32, kind),
    (NvU64, pageSize),
    (NvU64, size),
    (NvU32, cliqueId),
    (NvU64, bwModeEpoch),
    (NvU16, bwMode))

ABI_STRUCT(NV00F8_CTRL_DESCRIBE_PARAMS, 2072,
    (NvU64, offset),
    (NvU64, totalPfns),
    (NvU32, pfnArray, [512]),
    (NvU32, numPfns))
ABI_STRUCT_SINCE(NV00F8_CTRL_DESCRIBE_PARAMS, 545, 2120,
    (NvU64, offset),
    (NvU64, totalPfns),
    (NvU32, pfnArray, [512]),
    (NvU32, numPfns),
    (NV_FABRIC_MEMORY_ATTRS, attrs),
    (NV_PHYSICAL_MEMORY_ATTRS, physAttrs),
    (NvU32, memFlags))
ABI_STRUCT_SINCE(NV00F8_CTRL_DESCRIBE_PARAMS, 580, 2136,
    (NvU64, offset),
    (NvU64, totalPfns),
    (NvU32, pfnArray, [512]),
    (NvU32, numPfns),
    (NV_FABRIC_MEMORY_ATTRS_V580, attrs),
    (NV_PHYSICAL_MEMORY_ATTRS, physAttrs),
    (NvU32, memFlags))
ABI_STRUCT_SINCE(NV00F8_CTRL_DESCRIBE_PARAMS, 595, 2136,
    (NvU64, offset),
    (NvU64, totalPfns),
    (NvU32, pfnArray, [512]),
    (NvU32, numPfns),
    (NV_FABRIC_MEMORY_ATTRS_V595, attrs),
    (NV_PHYSICAL_MEMORY_ATTRS, physAttrs),
    (NvU32, memFlags))

ABI_STRUCT(NV00F8_CTRL_ATTACH_MEM_INFO, 32,
    (NvHandle, hMemory, (HOLDS)),
    (NvU64, offset),
    (NvU64, mapOffset),
    (NvU64, mapLength))

ABI_STRUCT(NV00F8_CTRL_ATTACH_MEM_PARAMS, 2064,
    (NV00F8_CTRL_ATTACH_MEM_INFO, memInfos, [64]),
    (NvU16, numMemInfos),
    (NvU32, flags),
    (NvU16, numAttached))

ABI_STRUCT(NV00FD_CTRL_GET_INFO_PARAMS, 32,
    (NvU64, alignment),
    (NvU64, allocSize),
    (NvU32, pageSize),
    (NvU32, numMaxGpus),
    (NvU32, numAttachedGpus))

ABI_STRUCT(NV00FD_CTRL_ATTACH_MEM_PARAMS, 40,
    (NvHandle, hSubdevice, (OBJECT)),
    (NvHandle, hMemory, (HOLDS)),
    (NvU64, offset),
    (NvU64, mapOffset),
    (NvU64, mapLength),
    (NvU32, flags))
ABI_STRUCT_SINCE(NV00FD_CTRL_ATTACH_MEM_PARAMS, 580, 40,
    (NvHandle, hSubdevice, (OBJECT)),
    (NvHandle, hMemory, (HOLDS)),
    (NvU64, offset),
    (NvU64, mapOffset),
    (NvU64, mapLength),
    (NvU32, flags),
    (NvU32, subPageOffset))

ABI_STRUCT(NV00FD_CTRL_ATTACH_GPU_PARAMS, 16,
    (NvHandle, hSubdevice, (OBJECT)),
    (NvU32, flags),
    (NvU64, devDescriptor, (FD, FRONTEND)))

ABI_STRUCT(NV00FD_CTRL_DETACH_MEM_PARAMS, 24,
    (NvHandle, hSubdevice, (OBJECT)),
    (NvU64, offset),
    (NvU32, flags))

ABI_STRUCT(NV503C_CTRL_REGISTER_VA_SPACE_PARAMS, 16,
    (NvHandle, hVASpace, (OBJECT)),
    (NvU64, vaSpaceToken))

ABI_STRUCT(NV503C_CTRL_REGISTER_VIDMEM_PARAMS, 32,
    (NvHandle, hMemory, (OBJECT)),
    (NvU64, address),
    (NvU64, size),
    (NvU64, offset))

ABI_STRUCT(NV503C_CTRL_UNREGISTER_VIDMEM_PARAMS, 4,
    (NvHandle, hMemory, (OBJECT)))

ABI_STRUCT(NV00DE_CTRL_REQUEST_DATA_POLL_PARAMS, 8,
    (NvU64, polledDataMask))

ABI_STRUCT(NV_IMPORT_MEM_INFO, 8,
    (NvHandle, hParent, (OBJECT)),
    (NvU8, addrSpace))

ABI_STRUCT(NV00E0_CTRL_IMPORT_MEM_PARAMS, 1540,
    (NvU16, index),
    (NvU16, numHandles),
    (NvHandle, handles, [128], (OBJECT)),
    (NV_IMPORT_MEM_INFO, memInfos, [128]))

ABI_STRUCT(NV00F1_CTRL_FABRIC_MEM_IMPORT_EVENT_DATA, 32,
    (NvU64, id),
    (NvU16, index),
    (NvU16, exportNodeId),
    (NvU8, exportUuid, [16], (LEFT_ALONE, "the node's management, for which the capability fabric-imex-mgmt is opened")))

ABI_STRUCT(NV00F1_CTRL_FABRIC_MEM_UNIMPORT_EVENT_DATA, 16,
    (NvU64, importEventId),
    (NvU16, exportNodeId))

ABI_STRUCT(NV00F1_CTRL_ATTACH_REMOTE_GPU_EVENT_DATA, 40,
    (NvU64, gpuFabricProbeHandle),
    (NvU64, key),
    (NvU32, cliqueId),
    (NvU16, index),
    (NvU16, exportNodeId),
    (NvU8, exportUuid, [16], (LEFT_ALONE, "the node's management, for which the capability fabric-imex-mgmt is opened")))
ABI_STRUCT_SINCE(NV00F1_CTRL_ATTACH_REMOTE_GPU_EVENT_DATA, 580, 56,
    (NvU64, gpuFabricProbeHandle),
    (NvU64, key),
    (NvU64, bwModeEpoch),
    (NvU32, cliqueId),
    (NvU16, index),
    (NvU16, exportNodeId),
    (NvU8, bwMode),
    (NvU8, exportUuid, [16], (LEFT_ALONE, "the node's management, for which the capability fabric-imex-mgmt is opened")))
ABI_STRUCT_SINCE(NV00F1_CTRL_ATTACH_REMOTE_GPU_EVENT_DATA, 590, 64,
    (NvU64, gpuFabricProbeHandle),
    (NvU64, key),
    (NvU64, bwModeEpoch),
    (NvU64, pageSize),
    (NvU32, cliqueId),
    (NvU16, index),
    (NvU16, exportNodeId),
    (NvU8, bwMode),
    (NvU8, exportUuid, [16], (LEFT_ALONE, "the node's management, for which the capability fabric-imex-mgmt is opened")))
ABI_STRUCT_SINCE(NV00F1_CTRL_ATTACH_REMOTE_GPU_EVENT_DATA, 595, 64,
    (NvU64, gpuFabricProbeHandle),
    (NvU64, key),
    (NvU64, bwModeEpoch),
    (NvU64, pageSize),
    (NvU32, cliqueId),
    (NvU16, index),
    (NvU16, exportNodeId),
    (NvU16, bwMode),
    (NvU8, exportUuid, [16], (LEFT_ALONE, "the node's management, for which the capability fabric-imex-mgmt is opened")))

ABI_STRUCT(NV00F1_CTRL_CLIQUE_ID_CHANGE_GPU_EVENT_DATA, 8,
    (NvU32, gpuId, (LEFT_ALONE, "the node's management, for which the capability fabric-imex-mgmt is opened")),
    (NvU32, cliqueId))

ABI_UNNAMED_UNION(NV00F1_CTRL_FABRIC_EVENT_data,
    (NV00F1_CTRL_FABRIC_MEM_IMPORT_EVENT_DATA, import),
    (NV00F1_CTRL_FABRIC_MEM_UNIMPORT_EVENT_DATA, unimport),
    (NV00F1_CTRL_ATTACH_REMOTE_GPU_EVENT_DATA, attach),
    (NV00F1_CTRL_CLIQUE_ID_CHANGE_GPU_EVENT_DATA, cliqueIdChange))
ABI_STRUCT(NV00F1_CTRL_FABRIC_EVENT, 64,
    (NvU8, type),
    (NvU64, id),
    (NvU32, imexChannel),
    (NV00F1_CTRL_FABRIC_EVENT_data, data))
ABI_UNNAMED_UNION(NV00F1_CTRL_FABRIC_EVENT_V580_data,
    (NV00F1_CTRL_FABRIC_MEM_IMPORT_EVENT_DATA, import),
    (NV00F1_CTRL_FABRIC_MEM_UNIMPORT_EVENT_DATA, unimport),
    (NV00F1_CTRL_ATTACH_REMOTE_GPU_EVENT_DATA_V580, attach),
    (NV00F1_CTRL_CLIQUE_ID_CHANGE_GPU_EVENT_DATA, cliqueIdChange))
ABI_STRUCT_SINCE(NV00F1_CTRL_FABRIC_EVENT, 580, 80,
    (NvU8, type),
    (NvU64, id),
    (NvU32, imexChannel),
    (NV00F1_CTRL_FABRIC_EVENT_V580_data, data))
ABI_UNNAMED_UNION(NV00F1_CTRL_FABRIC_EVENT_V590_data,
    (NV00F1_CTRL_FABRIC_MEM_IMPORT_EVENT_DATA, import),
    (NV00F1_CTRL_FABRIC_MEM_UNIMPORT_EVENT_DATA, unimport),
    (NV00F1_CTRL_ATTACH_REMOTE_GPU_EVENT_DATA_V590, attach),
    (NV00F1_CTRL_CLIQUE_ID_CHANGE_GPU_EVENT_DATA, cliqueIdChange))
ABI_STRUCT_SINCE(NV00F1_CTRL_FABRIC_EVENT, 590, 88,
    (NvU8, type),
    (NvU64, id),
    (NvU32, imexChannel),
    (NV00F1_CTRL_FABRIC_EVENT_V590_data, data))
ABI_UNNAMED_UNION(NV00F1_CTRL_FABRIC_EVENT_V595_data,
    (NV00F1_CTRL_FABRIC_MEM_IMPORT_EVENT_DATA, import),
    (NV00F1_CTRL_FABRIC_MEM_UNIMPORT_EVENT_DATA, unimport),
    (NV00F1_CTRL_ATTACH_REMOTE_GPU_EVENT_DATA_V595, attach),
    (NV00F1_CTRL_CLIQUE_ID_CHANGE_GPU_EVENT_DATA, cliqueIdChange))
ABI_STRUCT_SINCE(NV00F1_CTRL_FABRIC_EVENT, 595, 88,
    (NvU8, type),
    (NvU64, id),
    (NvU32, imexChannel),
    (NV00F1_CTRL_FABRIC_EVENT_V595_data, data))

ABI_STRUCT(NV00F1_CTRL_GET_FABRIC_EVENTS_PARAMS, 8200,
    (NV00F1_CTRL_FABRIC_EVENT, eventArray, [128]),
    (NvU32, numEvents),
    (NvBool, bMoreEvents))
ABI_STRUCT_SINCE(NV00F1_CTRL_GET_FABRIC_EVENTS_PARAMS, 580, 10248,
    (NV00F1_CTRL_FABRIC_EVENT_V580, eventArray, [128]),
    (NvU32, numEvents),
    (NvBool, bMoreEvents))
ABI_STRUCT_SINCE(NV00F1_CTRL_GET_FABRIC_EVENTS_PARAMS, 590, 11272,
    (NV00F1_CTRL_FABRIC_EVENT_V590, eventArray, [128]),
    (NvU32, numEvents),
    (NvBool, bMoreEvents))
ABI_STRUCT_SINCE(NV00F1_CTRL_GET_FABRIC_EVENTS_PARAMS, 595, 11272,
    (NV00F1_CTRL_FABRIC_EVENT_V595, eventArray, [128]),
    (NvU32, numEvents),
    (NvBool, bMoreEvents))

ABI_STRUCT(NV00F1_CTRL_FABRIC_UNIMPORT_TOKEN, 8,
    (NvU64, unimportEventId))

ABI_STRUCT(NV00F1_CTRL_FINISH_MEM_UNIMPORT_PARAMS, 2056,
    (NV00F1_CTRL_FABRIC_UNIMPORT_TOKEN, tokenArray, [256]),
    (NvU32, numTokens))

ABI_STRUCT(NV00F1_CTRL_DISABLE_IMPORTERS_PARAMS, 2,
    (NvU16, nodeId))

ABI_STRUCT(NV00FB_CTRL_VALIDATE_PARAMS, 2120,
    (NV_FABRIC_MEMORY_ATTRS, attrs),
    (NV_PHYSICAL_MEMORY_ATTRS, physAttrs),
    (NvU64, offset),
    (NvU64, totalPfns),
    (NvU32, pfnArray, [512]),
    (NvU32, numPfns),
    (NvU32, memFlags),
    (NvU32, flags),
    (NvBool, bDone))
ABI_STRUCT_SINCE(NV00FB_CTRL_VALIDATE_PARAMS, 580, 2136,
    (NV_FABRIC_MEMORY_ATTRS_V580, attrs),
    (NV_PHYSICAL_MEMORY_ATTRS, physAttrs),
    (NvU64, offset),
    (NvU64, totalPfns),
    (NvU32, pfnArray, [512]),
    (NvU32, numPfns),
    (NvU32, memFlags),
    (NvU32, flags),
    (NvBool, bDone))
ABI_STRUCT_SINCE(NV00FB_CTRL_VALIDATE_PARAMS, 595, 2136,
    (NV_FABRIC_MEMORY_ATTRS_V595, attrs),
    (NV_PHYSICAL_MEMORY_ATTRS, physAttrs),
    (NvU64, offset),
    (NvU64, totalPfns),
    (NvU32, pfnArray, [512]),
    (NvU32, numPfns),
    (NvU32, memFlags),
    (NvU32, flags),
    (NvBool, bDone))

ABI_STRUCT(NV00FD_CTRL_ATTACH_REMOTE_GPU_PARAMS, 24,
    (NvU64, gpuFabricProbeHandle),
    (NvU64, key),
    (NvU32, cliqueId),
    (NvU16, nodeId))
ABI_STRUCT_SINCE(NV00FD_CTRL_ATTACH_REMOTE_GPU_PARAMS, 580, 32,
    (NvU64, gpuFabricProbeHandle),
    (NvU64, key),
    (NvU64, bwModeEpoch),
    (NvU32, cliqueId),
    (NvU16, nodeId),
    (NvU8, bwMode))
ABI_STRUCT_SINCE(NV00FD_CTRL_ATTACH_REMOTE_GPU_PARAMS, 590, 40,
    (NvU64, gpuFabricProbeHandle),
    (NvU64, key),
    (NvU64, bwModeEpoch),
    (NvU64, pageSize),
    (NvU32, cliqueId),
    (NvU16, nodeId),
    (NvU8, bwMode))
ABI_STRUCT_SINCE(NV00FD_CTRL_ATTACH_REMOTE_GPU_PARAMS, 595, 40,
    (NvU64, gpuFabricProbeHandle),
    (NvU64, key),
    (NvU64, bwModeEpoch),
    (NvU64, pageSize),
    (NvU32, cliqueId),
    (NvU16, nodeId),
    (NvU16, bwMode))

ABI_STRUCT(NV00FD_CTRL_SET_FAILURE_PARAMS, 4,
    (NV_STATUS, status, (INCIDENTAL)))

ABI_STRUCT(NV_SEMAPHORE_SURFACE_CTRL_UNBIND_CHANNEL_PARAMS, 40,
    (NvHandle, hChannel, (OBJECT)),
    (NvU32, numNotifyIndices),
    (NvU32, notifyIndices, [8]))
