/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands of the subdevice object: GPU, events, timer, BIOS, GSP. Driver files:
 * ctrl2080*.h. */
#pragma once

#include "abi/control/ctrl2080-gr.h"

/* clang-format off */

#define NV2080_CTRL_CMD_GPU_GET_INFO_V2                         0x20800102
#define NV2080_CTRL_CMD_GPU_GET_NAME_STRING                     0x20800110
#define NV2080_CTRL_CMD_GPU_GET_SHORT_NAME_STRING               0x20800111
#define NV2080_CTRL_CMD_GPU_GET_SIMULATION_INFO                 0x20800119
#define NV2080_CTRL_CMD_GPU_EXEC_REG_OPS                        0x20800122
#define NV2080_CTRL_CMD_GPU_GET_ENGINES                         0x20800123
#define NV2080_CTRL_CMD_GPU_QUERY_ECC_STATUS                    0x2080012f
#define NV2080_CTRL_CMD_GPU_QUERY_COMPUTE_MODE_RULES            0x20800131
#define NV2080_CTRL_CMD_GPU_QUERY_ECC_CONFIGURATION             0x20800133
#define NV2080_CTRL_CMD_GPU_GET_OEM_BOARD_INFO                  0x2080013f
#define NV2080_CTRL_CMD_GPU_GET_ID                              0x20800142
#define NV2080_CTRL_CMD_GPU_ACQUIRE_COMPUTE_MODE_RESERVATION    0x20800145
#define NV2080_CTRL_CMD_GPU_RELEASE_COMPUTE_MODE_RESERVATION    0x20800146
#define NV2080_CTRL_CMD_GPU_GET_ENGINE_PARTNERLIST              0x20800147
#define NV2080_CTRL_CMD_GPU_GET_GID_INFO                        0x2080014a
#define NV2080_CTRL_CMD_GPU_GET_INFOROM_OBJECT_VERSION          0x2080014b
#define NV2080_CTRL_CMD_GPU_GET_INFOROM_IMAGE_VERSION           0x20800156
#define NV2080_CTRL_CMD_GPU_QUERY_INFOROM_ECC_SUPPORT           0x20800157
#define NV2080_CTRL_CMD_GPU_GET_ENCODER_CAPACITY                0x2080016c
#define NV2080_CTRL_GPU_GET_NVENC_SW_SESSION_STATS          0x2080016d
#define NV2080_CTRL_CMD_GPU_GET_ENGINES_V2                      0x20800170
#define NV2080_CTRL_GPU_GET_NVFBC_SW_SESSION_STATS          0x2080017b
#define NV2080_CTRL_CMD_GPU_GET_ACTIVE_PARTITION_IDS            0x2080018b
#define NV2080_CTRL_CMD_GPU_GET_PIDS                            0x2080018d
#define NV2080_CTRL_CMD_GPU_GET_PID_INFO                        0x2080018e
#define NV2080_CTRL_CMD_GPU_GET_COMPUTE_POLICY_CONFIG           0x20800195
#define NV2080_CTRL_CMD_GPU_GET_SKYLINE_INFO                    0x2080019f
#define NV2080_CTRL_CMD_GET_GPU_FABRIC_PROBE_INFO               0x208001a3
#define NV2080_CTRL_CMD_GPU_GET_CHIP_DETAILS                    0x208001a4
#define NV2080_CTRL_CMD_GPU_GET_RECOVERY_ACTION                 0x208001b2
#define NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION                  0x20800301
#define NV2080_CTRL_CMD_TIMER_GET_TIME                          0x20800403
#define NV2080_CTRL_CMD_TIMER_GET_GPU_CPU_TIME_CORRELATION_INFO 0x20800406
#define NV2080_CTRL_CMD_TIMER_SET_GR_TICK_FREQ                  0x20800407
#define NV2080_CTRL_CMD_BIOS_GET_INFO                           0x20800802
#define NV2080_CTRL_CMD_GSP_GET_FEATURES                        0x20803601
#define NV2080_CTRL_CMD_OS_UNIX_VIDMEM_PERSISTENCE_STATUS       0x20803d07

ABI_STRUCT(NV2080_CTRL_GPU_INFO, 8,
    (NvU32, index),
    (NvU32, data))

ABI_STRUCT(NV2080_CTRL_GPU_GET_INFO_V2_PARAMS, 516,
    (NvU32, gpuInfoListSize),
    (NV2080_CTRL_GPU_INFO, gpuInfoList, [64]))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_GET_INFO_V2_PARAMS, 545, 524,
    (NvU32, gpuInfoListSize),
    (NV2080_CTRL_GPU_INFO, gpuInfoList, [65]))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_GET_INFO_V2_PARAMS, 575, 532,
    (NvU32, gpuInfoListSize),
    (NV2080_CTRL_GPU_INFO, gpuInfoList, [66]))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_GET_INFO_V2_PARAMS, 580, 564,
    (NvU32, gpuInfoListSize),
    (NV2080_CTRL_GPU_INFO, gpuInfoList, [70]))

ABI_UNNAMED_UNION(NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS_gpuNameString,
    (NvU8, ascii, [64]),
    (NvU16, unicode, [64]))
ABI_STRUCT(NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS, 132,
    (NvU32, gpuNameStringFlags),
    (NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS_gpuNameString, gpuNameString))
ABI_UNNAMED_STRUCT(NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS_V595_gpuNameString,
    (NvU8, ascii, [64]))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS, 595, 68,
    (NvU32, gpuNameStringFlags),
    (NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS_V595_gpuNameString, gpuNameString))

ABI_STRUCT(NV2080_CTRL_GPU_GET_SHORT_NAME_STRING_PARAMS, 64,
    (NvU8, gpuShortNameString, [64]))

ABI_STRUCT(NV2080_CTRL_GPU_GET_SIMULATION_INFO_PARAMS, 4,
    (NvU32, type))

ABI_STRUCT(NV2080_CTRL_GPU_EXEC_REG_OPS_PARAMS, 48,
    (NvHandle, hClientTarget, (CLIENT, INSTANCE)),
    (NvHandle, hChannelTarget, (OBJECT)),
    (NvU32, bNonTransactional),
    (NvU32, reserved00, [2]),
    (NvU32, regOpCount),
    (NvP64, regOps, (POINTER, INOUT, regOpCount, 32, ABI_NULL_OK)),
    (NV2080_CTRL_GR_ROUTE_INFO, grRouteInfo))

ABI_STRUCT(NV2080_CTRL_GPU_GET_ENGINES_PARAMS, 16,
    (NvU32, engineCount),
    (NvP64, engineList, (POINTER, INOUT, engineCount, 4, ABI_NULL_OK)))

ABI_STRUCT(NV2080_CTRL_GPU_QUERY_ECC_EXCEPTION_STATUS, 8,
    (NvU64, count))

ABI_STRUCT(NV2080_CTRL_GPU_QUERY_ECC_UNIT_STATUS, 40,
    (NvBool, enabled),
    (NvBool, scrubComplete),
    (NvBool, supported),
    (NV2080_CTRL_GPU_QUERY_ECC_EXCEPTION_STATUS, dbe),
    (NV2080_CTRL_GPU_QUERY_ECC_EXCEPTION_STATUS, dbeNonResettable),
    (NV2080_CTRL_GPU_QUERY_ECC_EXCEPTION_STATUS, sbe),
    (NV2080_CTRL_GPU_QUERY_ECC_EXCEPTION_STATUS, sbeNonResettable))

ABI_STRUCT(NV2080_CTRL_GPU_QUERY_ECC_STATUS_PARAMS, 984,
    (NV2080_CTRL_GPU_QUERY_ECC_UNIT_STATUS, units, [24]),
    (NvBool, bFatalPoisonError),
    (NvU8, uncorrectableError),
    (NvU32, flags),
    (NV2080_CTRL_GR_ROUTE_INFO, grRouteInfo))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_QUERY_ECC_STATUS_PARAMS, 545, 1024,
    (NV2080_CTRL_GPU_QUERY_ECC_UNIT_STATUS, units, [25]),
    (NvBool, bFatalPoisonError),
    (NvU8, uncorrectableError),
    (NvU32, flags),
    (NV2080_CTRL_GR_ROUTE_INFO, grRouteInfo))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_QUERY_ECC_STATUS_PARAMS, 555, 1224,
    (NV2080_CTRL_GPU_QUERY_ECC_UNIT_STATUS, units, [30]),
    (NvBool, bFatalPoisonError),
    (NvU8, uncorrectableError),
    (NvU32, flags),
    (NV2080_CTRL_GR_ROUTE_INFO, grRouteInfo))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_QUERY_ECC_STATUS_PARAMS, 560, 1264,
    (NV2080_CTRL_GPU_QUERY_ECC_UNIT_STATUS, units, [31]),
    (NvBool, bFatalPoisonError),
    (NvU8, uncorrectableError),
    (NvU32, flags),
    (NV2080_CTRL_GR_ROUTE_INFO, grRouteInfo))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_QUERY_ECC_STATUS_PARAMS, 565, 1464,
    (NV2080_CTRL_GPU_QUERY_ECC_UNIT_STATUS, units, [36]),
    (NvBool, bFatalPoisonError),
    (NvU8, uncorrectableError),
    (NvU32, flags),
    (NV2080_CTRL_GR_ROUTE_INFO, grRouteInfo))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_QUERY_ECC_STATUS_PARAMS, 590, 1664,
    (NV2080_CTRL_GPU_QUERY_ECC_UNIT_STATUS, units, [41]),
    (NvBool, bFatalPoisonError),
    (NvU8, uncorrectableError),
    (NvU32, flags),
    (NV2080_CTRL_GR_ROUTE_INFO, grRouteInfo))

ABI_STRUCT(NV2080_CTRL_GPU_QUERY_COMPUTE_MODE_RULES_PARAMS, 4,
    (NvU32, rules))

ABI_STRUCT(NV2080_CTRL_GPU_QUERY_ECC_CONFIGURATION_PARAMS, 8,
    (NvU32, currentConfiguration),
    (NvU32, defaultConfiguration))

ABI_STRUCT(NV2080_CTRL_GPU_GET_OEM_BOARD_INFO_PARAMS, 136,
    (NvU32, buildDate),
    (NvU8, marketingName, [24]),
    (NvU8, serialNumber, [16], (SECRET)),
    (NvU8, memoryManufacturer),
    (NvU8, memoryPartID, [20]),
    (NvU8, memoryDateCode, [6]),
    (NvU8, productPartNumber, [20]),
    (NvU8, boardRevision, [3]),
    (NvU8, boardType),
    (NvU8, board699PartNumber, [20]),
    (NvU8, board965PartNumber, [20]))

ABI_STRUCT(NV2080_CTRL_GPU_GET_ID_PARAMS, 4,
    (NvU32, gpuId, (GPU_SAID_ID)))

ABI_STRUCT(NV2080_CTRL_GPU_GET_ENGINE_PARTNERLIST_PARAMS, 144,
    (NvU32, engineType),
    (NvU32, partnershipClassId),
    (NvU32, runqueue),
    (NvU32, numPartners),
    (NvU32, partnerList, [32]))

ABI_STRUCT(NV2080_CTRL_GPU_GET_GID_INFO_PARAMS, 268,
    (NvU32, index),
    (NvU32, flags),
    (NvU32, length),
    (NvU8, data, [256]))

ABI_STRUCT(NV2080_CTRL_GPU_GET_INFOROM_OBJECT_VERSION_PARAMS, 5,
    (char, objectType, [3]),
    (NvU8, version),
    (NvU8, subversion))

ABI_STRUCT(NV2080_CTRL_GPU_GET_INFOROM_IMAGE_VERSION_PARAMS, 16,
    (NvU8, version, [16]))

ABI_STRUCT(NV2080_CTRL_GPU_GET_ENCODER_CAPACITY_PARAMS, 8,
    (NV2080_CTRL_ENCODER_CAPACITY_QUERY_TYPE, queryType),
    (NvU32, encoderCapacity))

ABI_STRUCT(NV2080_CTRL_GPU_GET_NVENC_SW_SESSION_STATS_PARAMS, 12,
    (NvU32, encoderSessionCount),
    (NvU32, averageEncodeFps),
    (NvU32, averageEncodeLatency))

ABI_STRUCT(NV2080_CTRL_GPU_GET_ENGINES_V2_PARAMS, 252,
    (NvU32, engineCount),
    (NvU32, engineList, [62]))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_GET_ENGINES_V2_PARAMS, 545, 256,
    (NvU32, engineCount),
    (NvU32, engineList, [63]))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_GET_ENGINES_V2_PARAMS, 550, 260,
    (NvU32, engineCount),
    (NvU32, engineList, [64]))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_GET_ENGINES_V2_PARAMS, 560, 340,
    (NvU32, engineCount),
    (NvU32, engineList, [84]))

ABI_STRUCT(NV2080_CTRL_GPU_GET_NVFBC_SW_SESSION_STATS_PARAMS, 12,
    (NvU32, sessionCount),
    (NvU32, averageFPS),
    (NvU32, averageLatency))

ABI_STRUCT(NV2080_CTRL_GPU_GET_ACTIVE_PARTITION_IDS_PARAMS, 40,
    (NvU32, swizzId, [9]),
    (NvU32, partitionCount))

ABI_STRUCT(NV2080_CTRL_GPU_GET_PIDS_PARAMS, 3812,
    (NvU32, idType),
    (NvU32, id),
    (NvU32, pidTblCount),
    (NvU32, pidTbl, [950], (PID)))

ABI_STRUCT(NV2080_CTRL_GPU_PID_INFO_VIDEO_MEMORY_USAGE_DATA, 48,
    (NvU64, memPrivate),
    (NvU64, memSharedOwned),
    (NvU64, memSharedDuped),
    (NvU64, protectedMemPrivate),
    (NvU64, protectedMemSharedOwned),
    (NvU64, protectedMemSharedDuped))

ABI_STRUCT(NV2080_CTRL_GPU_PID_INFO_DATA, 48,
    (NV2080_CTRL_GPU_PID_INFO_VIDEO_MEMORY_USAGE_DATA, vidMemUsage))

ABI_STRUCT(NV2080_CTRL_SMC_SUBSCRIPTION_INFO, 8,
    (NvU32, computeInstanceId),
    (NvU32, gpuInstanceId, (LEFT_ALONE, "a MIG partition of the record's GPU")))

ABI_STRUCT(NV2080_CTRL_GPU_PID_INFO, 72,
    (NvU32, pid, (PID)),
    (NvU32, index),
    (NvU32, result),
    (NV2080_CTRL_GPU_PID_INFO_DATA, data),
    (NV2080_CTRL_SMC_SUBSCRIPTION_INFO, smcSubscription))

ABI_STRUCT(NV2080_CTRL_GPU_GET_PID_INFO_PARAMS, 14408,
    (NvU32, pidInfoListCount),
    (NV2080_CTRL_GPU_PID_INFO, pidInfoList, [200]))

ABI_UNNAMED_UNION(NV2080_CTRL_GPU_COMPUTE_POLICY_CONFIG_data,
    (NV2080_CTRL_GPU_COMPUTE_POLICY_CONFIG_DATA_TIMESLICE, timeslice))
ABI_STRUCT(NV2080_CTRL_GPU_COMPUTE_POLICY_CONFIG, 8,
    (NvU32, type),
    (NV2080_CTRL_GPU_COMPUTE_POLICY_CONFIG_data, data))

ABI_STRUCT(NV2080_CTRL_GPU_GET_COMPUTE_POLICY_CONFIG_PARAMS, 260,
    (NvU32, numConfigs),
    (NV2080_CTRL_GPU_COMPUTE_POLICY_CONFIG, configList, [32]))

ABI_STRUCT(NV2080_CTRL_CMD_GET_GPU_FABRIC_PROBE_INFO_PARAMS, 40,
    (NvU8, state),
    (NV_STATUS, status, (INCIDENTAL)),
    (NvU8, clusterUuid, [16], (LEFT_ALONE, "names a cluster, not a GPU")),
    (NvU16, fabricPartitionId),
    (NvU64, fabricCaps))
ABI_STRUCT_SINCE(NV2080_CTRL_CMD_GET_GPU_FABRIC_PROBE_INFO_PARAMS, 545, 48,
    (NvU8, state),
    (NV_STATUS, status, (INCIDENTAL)),
    (NvU8, clusterUuid, [16], (LEFT_ALONE, "names a cluster, not a GPU")),
    (NvU16, fabricPartitionId),
    (NvU64, fabricCaps),
    (NvU32, fabricCliqueId))
ABI_STRUCT_SINCE(NV2080_CTRL_CMD_GET_GPU_FABRIC_PROBE_INFO_PARAMS, 550, 48,
    (NvU8, state),
    (NV_STATUS, status, (INCIDENTAL)),
    (NvU8, clusterUuid, [16], (LEFT_ALONE, "names a cluster, not a GPU")),
    (NvU16, fabricPartitionId),
    (NvU64, fabricCaps),
    (NvU32, fabricCliqueId),
    (NvU32, fabricHealthMask))
ABI_STRUCT_SINCE(NV2080_CTRL_CMD_GET_GPU_FABRIC_PROBE_INFO_PARAMS, 580, 56,
    (NvU8, state),
    (NV_STATUS, status, (INCIDENTAL)),
    (NvU8, clusterUuid, [16], (LEFT_ALONE, "names a cluster, not a GPU")),
    (NvU16, fabricPartitionId),
    (NvU64, fabricCaps),
    (NvU32, fabricCliqueId),
    (NvU32, fabricHealthMask),
    (NvU8, fabricHealthSummary))

ABI_STRUCT(NV2080_CTRL_GPU_GET_CHIP_DETAILS_PARAMS, 16,
    (NvU32, pciDevId, (LEFT_ALONE, "describes the object's GPU, which is the container's")),
    (NvU8, chipSku, [4]),
    (NvU32, chipMajor),
    (NvU32, chipMinor, (LEFT_ALONE, "describes the object's GPU, which is the container's")))

ABI_STRUCT(NV2080_CTRL_EVENT_SET_NOTIFICATION_PARAMS, 20,
    (NvU32, event),
    (NvU32, action),
    (NvBool, bNotifyState),
    (NvU32, info32),
    (NvU16, info16))

ABI_STRUCT(NV2080_CTRL_TIMER_GET_TIME_PARAMS, 8,
    (NvU64, time_nsec))

ABI_STRUCT(NV2080_CTRL_TIMER_GPU_CPU_TIME_SAMPLE, 16,
    (NvU64, cpuTime),
    (NvU64, gpuTime))

ABI_STRUCT(NV2080_CTRL_TIMER_GET_GPU_CPU_TIME_CORRELATION_INFO_PARAMS, 264,
    (NvU8, cpuClkId),
    (NvU8, sampleCount),
    (NV2080_CTRL_TIMER_GPU_CPU_TIME_SAMPLE, samples, [16]))

ABI_STRUCT(NV2080_CTRL_CMD_TIMER_SET_GR_TICK_FREQ_PARAMS, 1,
    (NvBool, bSetMaxFreq))

ABI_STRUCT(NV2080_CTRL_BIOS_GET_INFO_PARAMS, 16,
    (NvU32, biosInfoListSize),
    (NvP64, biosInfoList, (POINTER, INOUT, biosInfoListSize, 8, ABI_EMPTY_IS_NULL)))

ABI_STRUCT(NV2080_CTRL_GSP_GET_FEATURES_PARAMS, 72,
    (NvU32, gspFeatures),
    (NvBool, bValid),
    (NvBool, bDefaultGspRmGpu),
    (NvU8, firmwareVersion, [64]))

ABI_STRUCT(NV2080_CTRL_OS_UNIX_VIDMEM_PERSISTENCE_STATUS_PARAMS, 1,
    (NvBool, bVidmemPersistent))

ABI_STRUCT(NV2080_CTRL_GPU_GET_RECOVERY_ACTION_PARAMS, 4,
    (NV2080_CTRL_GPU_RECOVERY_ACTION, action))

ABI_STRUCT(NV2080_CTRL_GPU_SKYLINE_INFO, 24,
    (NvU8, skylineVgpcSize, [12]),
    (NvU32, singletonVgpcMask),
    (NvU32, maxInstances),
    (NvU32, computeSizeFlag))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_SKYLINE_INFO, 590, 44,
    (NvU8, skylineVgpcSize, [32]),
    (NvU32, singletonVgpcMask),
    (NvU32, maxInstances),
    (NvU32, computeSizeFlag))

ABI_STRUCT(NV2080_CTRL_GPU_GET_SKYLINE_INFO_PARAMS, 220,
    (NV2080_CTRL_GPU_SKYLINE_INFO, skylineTable, [9]),
    (NvU32, validEntries))
ABI_STRUCT_SINCE(NV2080_CTRL_GPU_GET_SKYLINE_INFO_PARAMS, 590, 400,
    (NV2080_CTRL_GPU_SKYLINE_INFO_V590, skylineTable, [9]),
    (NvU32, validEntries))

ABI_STRUCT(NV2080_CTRL_GPU_REG_OP, 32,
    (NvU8, regOp),
    (NvU8, regType),
    (NvU8, regStatus),
    (NvU8, regQuad),
    (NvU32, regGroupMask),
    (NvU32, regSubGroupMask),
    (NvU32, regOffset),
    (NvU32, regValueHi),
    (NvU32, regValueLo),
    (NvU32, regAndNMaskHi),
    (NvU32, regAndNMaskLo))
