/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands of the device object. Driver files: ctrl0080*.h. */
#pragma once

#include "abi/layout.h"

/* clang-format off */

#define NV0080_CTRL_CMD_GPU_GET_CLASSLIST                  0x00800201
#define NV0080_CTRL_CMD_GPU_GET_NUM_SUBDEVICES             0x00800280
#define NV0080_CTRL_CMD_GPU_QUERY_SW_STATE_PERSISTENCE     0x00800288
#define NV0080_CTRL_CMD_GPU_GET_VIRTUALIZATION_MODE        0x00800289
#define UNKNOWN_CONTROL_COMMAND_80028B                     0x0080028b
#define NV0080_CTRL_CMD_GPU_GET_CLASSLIST_V2               0x00800292
#define NV0080_CTRL_CMD_GR_GET_CAPS                        0x00801102
#define NV0080_CTRL_CMD_GR_GET_INFO                        0x00801104
#define NV0080_CTRL_CMD_GR_SET_TPC_PARTITION_MODE          0x00801108
#define NV0080_CTRL_CMD_GR_GET_CAPS_V2                     0x00801109
#define NV0080_CTRL_CMD_FB_GET_CAPS                        0x00801301
#define NV0080_CTRL_CMD_FB_GET_CAPS_V2                     0x00801307
#define NV0080_CTRL_CMD_HOST_GET_CAPS_V2                   0x00801402
#define NV0080_CTRL_CMD_FIFO_GET_CAPS                      0x00801701
#define NV0080_CTRL_CMD_FIFO_GET_ENGINE_CONTEXT_PROPERTIES 0x00801707
#define NV0080_CTRL_CMD_FIFO_GET_CHANNELLIST               0x0080170d
#define NV0080_CTRL_CMD_FIFO_GET_CAPS_V2                   0x00801713
#define NV0080_CTRL_CMD_DMA_ADV_SCHED_GET_VA_CAPS          0x00801806
#define NV0080_CTRL_CMD_DMA_GET_CAPS                       0x0080180d
#define NV0080_CTRL_CMD_MSENC_GET_CAPS                     0x00801b01
#define NV0080_CTRL_CMD_BSP_GET_CAPS_V2                    0x00801c02
#define NV0080_CTRL_CMD_NVJPG_GET_CAPS_V2                  0x00801f02
#define NV0080_CTRL_CMD_PERF_CUDA_LIMIT_SET_CONTROL        0x00801909

ABI_STRUCT(NV0080_CTRL_GPU_GET_CLASSLIST_PARAMS, 16,
    (NvU32, numClasses),
    (NvP64, classList, (POINTER, INOUT, numClasses, 4, ABI_NULL_OK)))

ABI_STRUCT(NV0080_CTRL_GPU_GET_NUM_SUBDEVICES_PARAMS, 4,
    (NvU32, numSubDevices))

ABI_STRUCT(NV0080_CTRL_GPU_QUERY_SW_STATE_PERSISTENCE_PARAMS, 4,
    (NvU32, swStatePersistence))

ABI_STRUCT(NV0080_CTRL_GPU_GET_VIRTUALIZATION_MODE_PARAMS, 4,
    (NvU32, virtualizationMode))
ABI_STRUCT_SINCE(NV0080_CTRL_GPU_GET_VIRTUALIZATION_MODE_PARAMS, 555, 8,
    (NvU32, virtualizationMode),
    (NvBool, isGridBuild))

ABI_STRUCT(NV0080_CTRL_GPU_GET_CLASSLIST_V2_PARAMS, 644,
    (NvU32, numClasses),
    (NvU32, classList, [160]))
ABI_STRUCT_SINCE(NV0080_CTRL_GPU_GET_CLASSLIST_V2_PARAMS, 550, 700,
    (NvU32, numClasses),
    (NvU32, classList, [174]))
ABI_STRUCT_SINCE(NV0080_CTRL_GPU_GET_CLASSLIST_V2_PARAMS, 555, 404,
    (NvU32, numClasses),
    (NvU32, classList, [100]))
ABI_STRUCT_SINCE(NV0080_CTRL_GPU_GET_CLASSLIST_V2_PARAMS, 580, 804,
    (NvU32, numClasses),
    (NvU32, classList, [200]))

ABI_STRUCT(NV0080_CTRL_GR_GET_CAPS_PARAMS, 16,
    (NvU32, capsTblSize),
    (NvP64, capsTbl, (POINTER, OUT, capsTblSize, 1, ABI_NO_FLAGS)))

ABI_STRUCT(NV0080_CTRL_GR_GET_INFO_PARAMS, 16,
    (NvU32, grInfoListSize),
    (NvP64, grInfoList, (POINTER, INOUT, grInfoListSize, 8, ABI_EMPTY_IS_NULL)))

ABI_STRUCT(NV0080_CTRL_GR_ROUTE_INFO, 16,
    (NvU32, flags),
    (NvU64, route))

ABI_STRUCT(NV0080_CTRL_GR_TPC_PARTITION_MODE_PARAMS, 32,
    (NvHandle, hChannelGroup, (OBJECT)),
    (NV0080_CTRL_GR_TPC_PARTITION_MODE, mode),
    (NvBool, bEnableAllTpcs),
    (NV0080_CTRL_GR_ROUTE_INFO, grRouteInfo))

ABI_STRUCT(NV0080_CTRL_GR_GET_CAPS_V2_PARAMS, 48,
    (NvU8, capsTbl, [23]),
    (NV0080_CTRL_GR_ROUTE_INFO, grRouteInfo),
    (NvBool, bCapsPopulated))

ABI_STRUCT(NV0080_CTRL_FB_GET_CAPS_PARAMS, 16,
    (NvU32, capsTblSize),
    (NvP64, capsTbl, (POINTER, OUT, capsTblSize, 1, ABI_NO_FLAGS)))

ABI_STRUCT(NV0080_CTRL_FB_GET_CAPS_V2_PARAMS, 3,
    (NvU8, capsTbl, [3]))

ABI_STRUCT(NV0080_CTRL_HOST_GET_CAPS_V2_PARAMS, 3,
    (NvU8, capsTbl, [3]))

ABI_STRUCT(NV0080_CTRL_FIFO_GET_CAPS_PARAMS, 16,
    (NvU32, capsTblSize),
    (NvP64, capsTbl, (POINTER, OUT, capsTblSize, 1, ABI_NO_FLAGS)))

ABI_STRUCT(NV0080_CTRL_FIFO_GET_ENGINE_CONTEXT_PROPERTIES_PARAMS, 12,
    (NvU32, engineId),
    (NvU32, alignment),
    (NvU32, size))

ABI_STRUCT(NV0080_CTRL_FIFO_GET_CHANNELLIST_PARAMS, 24,
    (NvU32, numChannels),
    (NvP64, pChannelHandleList, (POINTER, INOUT, numChannels, 4, ABI_BY_ERRNO)),
    (NvP64, pChannelList, (POINTER, INOUT, numChannels, 4, ABI_BY_ERRNO)))

ABI_STRUCT(NV0080_CTRL_FIFO_GET_CAPS_V2_PARAMS, 2,
    (NvU8, capsTbl, [2]))

ABI_STRUCT(NV0080_CTRL_DMA_ADV_SCHED_GET_VA_CAPS_PAGE_TABLE_FORMAT, 8,
    (NvU32, pageTableSize),
    (NvU32, pageTableCoverage))

ABI_STRUCT(NV0080_CTRL_DMA_ADV_SCHED_GET_VA_CAPS_PARAMS, 192,
    (NvU32, vaBitCount),
    (NvU32, pdeCoverageBitCount),
    (NvU32, num4KPageTableFormats),
    (NvU32, bigPageSize),
    (NvU32, compressionPageSize),
    (NvU32, dualPageTableSupported),
    (NvU32, idealVRAMPageSize),
    (NV0080_CTRL_DMA_ADV_SCHED_GET_VA_CAPS_PAGE_TABLE_FORMAT, pageTableBigFormat),
    (NV0080_CTRL_DMA_ADV_SCHED_GET_VA_CAPS_PAGE_TABLE_FORMAT, pageTable4KFormat, [16]),
    (NvHandle, hVASpace, (OBJECT)),
    (NvU64, vaRangeLo),
    (NvU32, vaSpaceId),
    (NvU64, supportedPageSizeMask))

ABI_STRUCT(NV0080_CTRL_DMA_GET_CAPS_PARAMS, 12,
    (NvU32, capsTblSize),
    (NvU8, capsTbl, [8]))

ABI_STRUCT(NV0080_CTRL_MSENC_GET_CAPS_PARAMS, 16,
    (NvU32, capsTblSize),
    (NvP64, capsTbl, (POINTER, OUT, capsTblSize, 1, ABI_NO_FLAGS)))

ABI_STRUCT(NV0080_CTRL_BSP_GET_CAPS_PARAMS_V2, 12,
    (NvU8, capsTbl, [8]),
    (NvU32, instanceId))

ABI_STRUCT(NV0080_CTRL_NVJPG_GET_CAPS_V2_PARAMS, 16,
    (NvU8, capsTbl, [9]),
    (NvU32, instanceId))

ABI_STRUCT(NV0080_CTRL_PERF_CUDA_LIMIT_CONTROL_PARAMS, 1,
    (NvBool, bCudaLimit))


/* From 610 on, in place of NV0080_CTRL_MSENC_GET_CAPS_PARAMS. */
ABI_STRUCT(NV0080_CTRL_NVENC_GET_CAPS_PARAMS, 16,
    (NvU32, capsTblSize),
    (NvP64, capsTbl, (POINTER, OUT, capsTblSize, 1, ABI_NO_FLAGS)))

ABI_OPAQUE(NV0080_CTRL_NVDEC_GET_CAPS_PARAMS_V2)
