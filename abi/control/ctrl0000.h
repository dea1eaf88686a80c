/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands of the client (root) object: system, GPUs, descriptors. Driver files:
 * ctrl0000*.h. */
#pragma once

#include "abi/nvos.h"

/* clang-format off */

#define NV0000_CTRL_CMD_SYSTEM_GET_BUILD_VERSION          0x00000101
#define NV0000_CTRL_CMD_SYSTEM_GET_CPU_INFO               0x00000102
#define NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS               0x00000127
#define NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS_V2            0x0000012b
#define NV0000_CTRL_CMD_SYSTEM_GET_FABRIC_STATUS          0x00000136
#define NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS_MATRIX        0x0000013a
#define NV0000_CTRL_CMD_SYSTEM_GET_FEATURES               0x000001f0
#define NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS              0x00000201
#define NV0000_CTRL_CMD_GPU_GET_ID_INFO                   0x00000202
#define NV0000_CTRL_CMD_GPU_GET_DEVICE_IDS                0x00000204
#define NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2                0x00000205
#define NV0000_CTRL_CMD_GPU_GET_PROBED_IDS                0x00000214
#define NV0000_CTRL_CMD_GPU_ATTACH_IDS                    0x00000215
#define NV0000_CTRL_CMD_GPU_DETACH_IDS                    0x00000216
#define NV0000_CTRL_CMD_GPU_GET_PCI_INFO                  0x0000021b
#define NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID          0x00000275
#define NV0000_CTRL_CMD_GPU_QUERY_DRAIN_STATE             0x00000279
#define NV0000_CTRL_CMD_GPU_GET_MEMOP_ENABLE              0x0000027b
#define NV0000_CTRL_CMD_GPU_GET_ACTIVE_DEVICE_IDS         0x00000288
#define NV0000_CTRL_CMD_GPU_ASYNC_ATTACH_ID               0x00000289
#define NV0000_CTRL_CMD_GPU_WAIT_ATTACH_ID                0x00000290
#define NV0000_CTRL_CMD_GSYNC_GET_ATTACHED_IDS            0x00000301
#define NV0000_CTRL_CMD_SYNC_GPU_BOOST_GROUP_INFO         0x00000a04
#define NV0000_CTRL_CMD_GPUACCT_GET_ACCOUNTING_STATE      0x00000b02
#define NV0000_CTRL_CMD_CLIENT_GET_ADDR_SPACE_TYPE        0x00000d01
#define NV0000_CTRL_CMD_CLIENT_SET_INHERITED_SHARE_POLICY 0x00000d04
#define NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECT_TO_FD       0x00003d05
#define NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECT_FROM_FD     0x00003d06
#define NV0000_CTRL_CMD_OS_UNIX_GET_EXPORT_OBJECT_INFO    0x00003d08
#define NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECTS_TO_FD      0x00003d0b
#define NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECTS_FROM_FD    0x00003d0c
#define NV0000_CTRL_OS_UNIX_CMD_MEMACCT_GET_LIMITS        0x00003d0e
#define NV0000_CTRL_OS_UNIX_CMD_MEMACCT_GET_IMPL          0x00003d0f

/* cgroupFd of NV0000_CTRL_OS_UNIX_MEMACCT_GET_LIMITS_PARAMS: the cgroup of the calling process. */
#define NV0000_CTRL_OS_UNIX_CMD_MEMACCT_CURRENT_PROCESS (-1)

/* Lengths of arrays, and of the strings of NV0000_CTRL_CMD_SYSTEM_GET_BUILD_VERSION. */
#define NV0000_CTRL_GPU_MAX_PROBED_GPUS                         32
#define NV0000_GPU_MAX_GID_LENGTH                               256
#define NV0000_CTRL_SYSTEM_MAX_ATTACHED_GPUS                    32
#define NV0000_CTRL_P2P_CAPS_INDEX_TABLE_SIZE                   9
#define NV0000_OS_UNIX_EXPORT_OBJECT_FD_BUFFER_SIZE             64
#define NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_MAX_OBJECTS    512
#define NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_TO_FD_MAX_OBJECTS    128
#define NV0000_CTRL_SYSTEM_GET_BUILD_VERSION_V2_MAX_STRING_SIZE 256
#define NV0000_CTRL_GPU_INVALID_ID                              0xffffffff

ABI_STRUCT(NV0000_CTRL_SYSTEM_GET_BUILD_VERSION_PARAMS, 40,
    (NvU32, sizeOfStrings),
    (NvP64, pDriverVersionBuffer, (POINTER, OUT, sizeOfStrings, 1, ABI_ON_TERMS)),
    (NvP64, pVersionBuffer, (POINTER, OUT, sizeOfStrings, 1, ABI_ON_TERMS)),
    (NvP64, pTitleBuffer, (POINTER, OUT, sizeOfStrings, 1, ABI_ON_TERMS)),
    (NvU32, changelistNumber),
    (NvU32, officialChangelistNumber))

ABI_STRUCT(NV0000_CTRL_SYSTEM_GET_CPU_INFO_PARAMS, 104,
    (NvU32, type),
    (NvU32, capabilities),
    (NvU32, clock),
    (NvU32, L1DataCacheSize),
    (NvU32, L2DataCacheSize),
    (NvU32, dataCacheLineSize),
    (NvU32, numLogicalCpus),
    (NvU32, numPhysicalCpus),
    (NvU8, name, [52]),
    (NvU32, family),
    (NvU32, model),
    (NvU8, stepping),
    (NvU32, coresOnDie),
    (NvBool, bSEVEnabled))
ABI_STRUCT_SINCE(NV0000_CTRL_SYSTEM_GET_CPU_INFO_PARAMS, 550, 104,
    (NvU32, type),
    (NvU32, capabilities),
    (NvU32, clock),
    (NvU32, L1DataCacheSize),
    (NvU32, L2DataCacheSize),
    (NvU32, dataCacheLineSize),
    (NvU32, numLogicalCpus),
    (NvU32, numPhysicalCpus),
    (NvU8, name, [52]),
    (NvU32, family),
    (NvU32, model),
    (NvU8, stepping),
    (NvU32, coresOnDie),
    (NvBool, bCCEnabled))
ABI_STRUCT_SINCE(NV0000_CTRL_SYSTEM_GET_CPU_INFO_PARAMS, 565, 108,
    (NvU32, type),
    (NvU32, capabilities),
    (NvU32, clock),
    (NvU32, L1DataCacheSize),
    (NvU32, L2DataCacheSize),
    (NvU32, dataCacheLineSize),
    (NvU32, numLogicalCpus),
    (NvU32, numPhysicalCpus),
    (NvU8, name, [52]),
    (NvU32, family),
    (NvU32, model),
    (NvU8, stepping),
    (NvU32, coresOnDie),
    (NvBool, bCCEnabled),
    (NV0000_CTRL_SYSTEM_SH_SOC_TYPE, selfHostedSocType))

ABI_STRUCT(NV0000_CTRL_SYSTEM_GET_P2P_CAPS_PARAMS, 168,
    (NvU32, gpuIds, [NV0000_CTRL_SYSTEM_MAX_ATTACHED_GPUS], (GPU_ID)),
    (NvU32, gpuCount),
    (NvU32, p2pCaps),
    (NvU32, p2pOptimalReadCEs),
    (NvU32, p2pOptimalWriteCEs),
    (NvU8, p2pCapsStatus, [NV0000_CTRL_P2P_CAPS_INDEX_TABLE_SIZE]),
    (NvP64, busPeerIds, (POINTER, OUT, gpuCount, 4, ABI_SQUARE | ABI_NULL_OK)))
ABI_STRUCT_SINCE(NV0000_CTRL_SYSTEM_GET_P2P_CAPS_PARAMS, 550, 176,
    (NvU32, gpuIds, [NV0000_CTRL_SYSTEM_MAX_ATTACHED_GPUS], (GPU_ID)),
    (NvU32, gpuCount),
    (NvU32, p2pCaps),
    (NvU32, p2pOptimalReadCEs),
    (NvU32, p2pOptimalWriteCEs),
    (NvU8, p2pCapsStatus, [NV0000_CTRL_P2P_CAPS_INDEX_TABLE_SIZE]),
    (NvP64, busPeerIds, (POINTER, OUT, gpuCount, 4, ABI_SQUARE | ABI_NULL_OK)),
    (NvP64, busEgmPeerIds, (POINTER, OUT, gpuCount, 4, ABI_SQUARE | ABI_NULL_OK)))

ABI_STRUCT(NV0000_CTRL_SYSTEM_GET_P2P_CAPS_V2_PARAMS, 4252,
    (NvU32, gpuIds, [32], (GPU_ID)),
    (NvU32, gpuCount),
    (NvU32, p2pCaps),
    (NvU32, p2pOptimalReadCEs),
    (NvU32, p2pOptimalWriteCEs),
    (NvU8, p2pCapsStatus, [9]),
    (NvU32, busPeerIds, [1024]))
ABI_STRUCT_SINCE(NV0000_CTRL_SYSTEM_GET_P2P_CAPS_V2_PARAMS, 550, 8348,
    (NvU32, gpuIds, [32], (GPU_ID)),
    (NvU32, gpuCount),
    (NvU32, p2pCaps),
    (NvU32, p2pOptimalReadCEs),
    (NvU32, p2pOptimalWriteCEs),
    (NvU8, p2pCapsStatus, [9]),
    (NvU32, busPeerIds, [1024]),
    (NvU32, busEgmPeerIds, [1024]))

ABI_STRUCT(NV0000_CTRL_SYSTEM_GET_FABRIC_STATUS_PARAMS, 4,
    (NV0000_CTRL_GET_SYSTEM_FABRIC_STATUS, fabricStatus))

ABI_STRUCT(NV0000_CTRL_SYSTEM_GET_P2P_CAPS_MATRIX_PARAMS, 1352,
    (NvU32, grpACount),
    (NvU32, grpBCount),
    (NvU32, gpuIdGrpA, [8], (GPU_ID)),
    (NvU32, gpuIdGrpB, [8], (GPU_ID)),
    (NvU32, p2pCaps, [8][8]),
    (NvU32, a2bOptimalReadCes, [8][8]),
    (NvU32, a2bOptimalWriteCes, [8][8]),
    (NvU32, b2aOptimalReadCes, [8][8]),
    (NvU32, b2aOptimalWriteCes, [8][8]))

ABI_STRUCT(NV0000_CTRL_SYSTEM_GET_FEATURES_PARAMS, 4,
    (NvU32, featuresMask))

ABI_STRUCT(NV0000_CTRL_GPU_GET_ATTACHED_IDS_PARAMS, 128,
    (NvU32, gpuIds, [32], (GPU_LIST)))

ABI_STRUCT(NV0000_CTRL_GPU_GET_ID_INFO_PARAMS, 40,
    (NvU32, gpuId, (GPU_ID)),
    (NvU32, gpuFlags),
    (NvU32, deviceInstance, (LEFT_ALONE, "describes the GPU that the caller named, which is the container's")),
    (NvU32, subDeviceInstance, (LEFT_ALONE, "counts GPUs within one device")),
    (NvP64, szName, (NULLED)),
    (NvU32, sliStatus),
    (NvU32, boardId),
    (NvU32, gpuInstance, (LEFT_ALONE, "describes the GPU that the caller named, which is the container's")),
    (NvS32, numaId))

ABI_STRUCT(NV0000_CTRL_GPU_GET_DEVICE_IDS_PARAMS, 4,
    (NvU32, deviceIds, (GPU_MASK)))

ABI_STRUCT(NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS, 32,
    (NvU32, gpuId, (GPU_ID)),
    (NvU32, gpuFlags),
    (NvU32, deviceInstance, (LEFT_ALONE, "describes the GPU that the caller named, which is the container's")),
    (NvU32, subDeviceInstance, (LEFT_ALONE, "counts GPUs within one device")),
    (NvU32, sliStatus),
    (NvU32, boardId),
    (NvU32, gpuInstance, (LEFT_ALONE, "describes the GPU that the caller named, which is the container's")),
    (NvS32, numaId))

ABI_STRUCT(NV0000_CTRL_GPU_GET_PROBED_IDS_PARAMS, 256,
    (NvU32, gpuIds, [32], (GPU_LIST)),
    (NvU32, excludedGpuIds, [32], (GPU_LIST)))
ABI_STRUCT_SINCE(NV0000_CTRL_GPU_GET_PROBED_IDS_PARAMS, 580, 384,
    (NvU32, gpuIds, [32], (GPU_LIST, gpuFlags)),
    (NvU32, excludedGpuIds, [32], (GPU_LIST)),
    (NvU32, gpuFlags, [32]))

ABI_STRUCT(NV0000_CTRL_GPU_ATTACH_IDS_PARAMS, 132,
    (NvU32, gpuIds, [NV0000_CTRL_GPU_MAX_PROBED_GPUS], (GPU_ID)),
    (NvU32, failedId, (GPU_FAILED_ID, gpuIds)))

ABI_STRUCT(NV0000_CTRL_GPU_DETACH_IDS_PARAMS, 128,
    (NvU32, gpuIds, [32], (GPU_ID)))

ABI_STRUCT(NV0000_CTRL_GPU_GET_PCI_INFO_PARAMS, 12,
    (NvU32, gpuId, (GPU_ID)),
    (NvU32, domain),
    (NvU16, bus),
    (NvU16, slot))

ABI_STRUCT(NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS, 268,
    (NvU32, gpuId, (GPU_ID)),
    (NvU32, flags),
    (NvU8, gpuUuid, [NV0000_GPU_MAX_GID_LENGTH], (LEFT_ALONE, "describes the GPU that the caller named, which is the container's")),
    (NvU32, uuidStrLen, (LEFT_ALONE, "describes the GPU that the caller named, which is the container's")))

ABI_STRUCT(NV0000_CTRL_GPU_QUERY_DRAIN_STATE_PARAMS, 12,
    (NvU32, gpuId, (GPU_ID)),
    (NvU32, drainState),
    (NvU32, flags))

ABI_STRUCT(NV0000_CTRL_GPU_GET_MEMOP_ENABLE_PARAMS, 4,
    (NvU32, enableMask))

ABI_STRUCT(NV0000_CTRL_GSYNC_GET_ATTACHED_IDS_PARAMS, 16,
    (NvU32, gsyncIds, [4]))

ABI_STRUCT(NV0000_SYNC_GPU_BOOST_GROUP_CONFIG, 140,
    (NvU32, gpuCount),
    (NvU32, gpuIds, [32], (GPU_GROUP)),
    (NvU32, boostGroupId),
    (NvBool, bBridgeless))

ABI_STRUCT(NV0000_SYNC_GPU_BOOST_GROUP_INFO_PARAMS, 2244,
    (NvU32, groupCount),
    (NV0000_SYNC_GPU_BOOST_GROUP_CONFIG, pBoostGroups, [16], (COUNT, groupCount)))

ABI_STRUCT(NV0000_CTRL_GPUACCT_GET_ACCOUNTING_STATE_PARAMS, 12,
    (NvU32, gpuId, (GPU_ID)),
    (NvU32, pid, (PID)),
    (NvU32, state))

ABI_STRUCT(NV0000_CTRL_CLIENT_GET_ADDR_SPACE_TYPE_PARAMS, 12,
    (NvHandle, hObject, (OBJECT)),
    (NvU32, mapFlags),
    (NvU32, addrSpaceType))

ABI_STRUCT(NV0000_CTRL_CLIENT_SET_INHERITED_SHARE_POLICY_PARAMS, 12,
    (RS_SHARE_POLICY, sharePolicy))

ABI_UNNAMED_STRUCT(NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_data_rmObject,
    (NvHandle, hDevice, (OBJECT)),
    (NvHandle, hParent, (OBJECT)),
    (NvHandle, hObject, (OBJECT)))
ABI_UNNAMED_UNION(NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_data,
    (NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_data_rmObject, rmObject))
ABI_STRUCT(NV0000_CTRL_OS_UNIX_EXPORT_OBJECT, 16,
    (NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TYPE, type),
    (NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_data, data))

ABI_STRUCT(NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TO_FD_PARAMS, 24,
    (NV0000_CTRL_OS_UNIX_EXPORT_OBJECT, object),
    (NvS32, fd, (FD, FRONTEND)),
    (NvU32, flags))

ABI_STRUCT(NV0000_CTRL_OS_UNIX_IMPORT_OBJECT_FROM_FD_PARAMS, 20,
    (NvS32, fd, (FD, FRONTEND)),
    (NV0000_CTRL_OS_UNIX_EXPORT_OBJECT, object))

ABI_STRUCT(NV0000_CTRL_OS_UNIX_GET_EXPORT_OBJECT_INFO_PARAMS, 76,
    (NvS32, fd, (FD, FRONTEND)),
    (NvU32, deviceInstance, (GPU_SAID_DEVICE)),
    (NvU16, maxObjects),
    (NvU8, metadata, [NV0000_OS_UNIX_EXPORT_OBJECT_FD_BUFFER_SIZE]))
ABI_STRUCT_SINCE(NV0000_CTRL_OS_UNIX_GET_EXPORT_OBJECT_INFO_PARAMS, 545, 80,
    (NvS32, fd, (FD, FRONTEND)),
    (NvU32, deviceInstance, (GPU_SAID_DEVICE)),
    (NvU32, gpuInstanceId, (LEFT_ALONE, "a MIG partition of the record's GPU")),
    (NvU16, maxObjects),
    (NvU8, metadata, [NV0000_OS_UNIX_EXPORT_OBJECT_FD_BUFFER_SIZE]))

ABI_STRUCT(NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS, 2128,
    (NvS32, fd, (FD, FRONTEND)),
    (NvHandle, hDevice, (OBJECT)),
    (NvU16, maxObjects),
    (NvU8, metadata, [NV0000_OS_UNIX_EXPORT_OBJECT_FD_BUFFER_SIZE]),
    (NvHandle, objects, [NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_MAX_OBJECTS], (OBJECT)),
    (NvU16, numObjects),
    (NvU16, index))

ABI_STRUCT(NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_FROM_FD_PARAMS, 652,
    (NvS32, fd, (FD, FRONTEND)),
    (NvHandle, hParent, (OBJECT)),
    (NvHandle, objects, [NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_TO_FD_MAX_OBJECTS], (OBJECT)),
    (NvU8, objectTypes, [128]),
    (NvU16, numObjects),
    (NvU16, index))

ABI_STRUCT(NV0000_CTRL_OS_UNIX_MEMACCT_LIMIT, 32,
    (NvU32, gpuId, (GPU_RECORD)),
    (NvU64, softLimit),
    (NvU64, hardLimit),
    (NvU64, current))

ABI_STRUCT(NV0000_CTRL_OS_UNIX_MEMACCT_GET_LIMITS_PARAMS, 1032,
    (NvS32, cgroupFd, (LEFT_ALONE, "the driver always gets the number for its caller, the worker")),
    (NvU32, count),
    (NV0000_CTRL_OS_UNIX_MEMACCT_LIMIT, limits, [NV0000_CTRL_GPU_MAX_PROBED_GPUS], (COUNT, count)))

ABI_STRUCT(NV0000_CTRL_OS_UNIX_MEMACCT_GET_IMPL_PARAMS, 4,
    (NvU32, impl))

ABI_STRUCT(NV0000_CTRL_GPU_ACTIVE_DEVICE, 12,
    (NvU32, gpuId, (GPU_RECORD)),
    (NvU32, gpuInstanceId, (LEFT_ALONE, "a MIG partition of the record's GPU")),
    (NvU32, computeInstanceId))

ABI_STRUCT(NV0000_CTRL_GPU_GET_ACTIVE_DEVICE_IDS_PARAMS, 3076,
    (NvU32, numDevices),
    (NV0000_CTRL_GPU_ACTIVE_DEVICE, devices, [256], (COUNT, numDevices)))

ABI_STRUCT(NV0000_CTRL_GPU_ASYNC_ATTACH_ID_PARAMS, 4,
    (NvU32, gpuId, (GPU_ID)))

ABI_STRUCT(NV0000_CTRL_GPU_WAIT_ATTACH_ID_PARAMS, 4,
    (NvU32, gpuId, (GPU_ID)))
