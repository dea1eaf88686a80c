/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands of debuggers, profilers and diagnostics. */
#pragma once

#include "abi/layout.h"

/* clang-format off */

#define NV208F_CTRL_CMD_GPU_VERIFY_INFOROM                               0x208f1105
#define NV83DE_CTRL_CMD_DEBUG_SET_MODE_MMU_DEBUG                         0x83de0307
#define NV83DE_CTRL_CMD_DEBUG_SET_EXCEPTION_MASK                         0x83de0309
#define NV83DE_CTRL_CMD_DEBUG_READ_ALL_SM_ERROR_STATES                   0x83de030c
#define NV83DE_CTRL_CMD_DEBUG_CLEAR_ALL_SM_ERROR_STATES                  0x83de0310
#define NV83DE_CTRL_CMD_DEBUG_READ_MEMORY                                0x83de0315
#define NV83DE_CTRL_CMD_DEBUG_SUSPEND_CONTEXT                            0x83de0317
#define NV83DE_CTRL_CMD_DEBUG_RESUME_CONTEXT                             0x83de0318
#define NV83DE_CTRL_CMD_DEBUG_SET_MODE_ERRBAR_DEBUG                      0x83de031f
#define NV90CC_CTRL_CMD_POWER_REQUEST_FEATURES                           0x90cc0301
#define NV90CC_CTRL_CMD_POWER_RELEASE_FEATURES                           0x90cc0302
#define NV90E6_CTRL_CMD_MASTER_GET_VIRTUAL_FUNCTION_ERROR_CONT_INTR_MASK 0x90e60102
#define NV90E7_CTRL_CMD_BBX_GET_LAST_FLUSH_TIME                          0x90e70113
#define NVB0CC_CTRL_CMD_RESERVE_HWPM_LEGACY                              0xb0cc0101
#define NVB0CC_CTRL_CMD_RELEASE_HWPM_LEGACY                              0xb0cc0102
#define NVB0CC_CTRL_CMD_RESERVE_PM_AREA_SMPC                             0xb0cc0103
#define NVB0CC_CTRL_CMD_RELEASE_PM_AREA_SMPC                             0xb0cc0104
#define NVB0CC_CTRL_CMD_ALLOC_PMA_STREAM                                 0xb0cc0105
#define NVB0CC_CTRL_CMD_FREE_PMA_STREAM                                  0xb0cc0106
#define NVB0CC_CTRL_CMD_BIND_PM_RESOURCES                                0xb0cc0107
#define NVB0CC_CTRL_CMD_UNBIND_PM_RESOURCES                              0xb0cc0108
#define NVB0CC_CTRL_CMD_PMA_STREAM_UPDATE_GET_PUT                        0xb0cc0109
#define NVB0CC_CTRL_CMD_EXEC_REG_OPS                                     0xb0cc010a
#define NVB0CC_CTRL_CMD_RESERVE_PM_AREA_PC_SAMPLER                       0xb0cc010b
#define NVB0CC_CTRL_CMD_RELEASE_PM_AREA_PC_SAMPLER                       0xb0cc010c
#define NVB0CC_CTRL_CMD_GET_TOTAL_HS_CREDITS                             0xb0cc010d
#define NVB0CC_CTRL_CMD_SET_HS_CREDITS                                   0xb0cc010e
#define NVB0CC_CTRL_CMD_GET_CHIPLET_HS_CREDIT_POOL                       0xb0cc0115
#define NVB0CC_CTRL_CMD_RESERVE_CCU_PROF                                 0xb0cc0119
#define NVB0CC_CTRL_CMD_POWER_REQUEST_FEATURES                           0xb0cc0301
#define NVB0CC_CTRL_CMD_POWER_RELEASE_FEATURES                           0xb0cc0302

ABI_STRUCT(NV208F_CTRL_GPU_VERIFY_INFOROM_PARAMS, 8,
    (NvU32, result),
    (NvU32, checksum))

ABI_STRUCT(NV83DE_CTRL_DEBUG_SET_MODE_MMU_DEBUG_PARAMS, 4,
    (NvU32, action))

ABI_STRUCT(NV83DE_CTRL_DEBUG_SET_EXCEPTION_MASK_PARAMS, 4,
    (NvU32, exceptionMask))

ABI_STRUCT(NV83DE_SM_ERROR_STATE_REGISTERS, 48,
    (NvU32, hwwGlobalEsr),
    (NvU32, hwwWarpEsr),
    (NvU32, hwwWarpEsrPc),
    (NvU32, hwwGlobalEsrReportMask),
    (NvU32, hwwWarpEsrReportMask),
    (NvU64, hwwEsrAddr),
    (NvU64, hwwWarpEsrPc64),
    (NvU32, hwwCgaEsr),
    (NvU32, hwwCgaEsrReportMask))

ABI_STRUCT(NV83DE_MMU_FAULT_INFO, 8,
    (NvBool, valid),
    (NvU32, faultInfo))

ABI_STRUCT(NV83DE_CTRL_DEBUG_READ_ALL_SM_ERROR_STATES_PARAMS, 4824,
    (NvHandle, hTargetChannel, (OBJECT)),
    (NvU32, numSMsToRead),
    (NV83DE_SM_ERROR_STATE_REGISTERS, smErrorStateArray, [100]),
    (NvU32, mmuFaultInfo),
    (NV83DE_MMU_FAULT_INFO, mmuFault),
    (NvU32, startingSM))

ABI_STRUCT(NV83DE_CTRL_DEBUG_CLEAR_ALL_SM_ERROR_STATES_PARAMS, 8,
    (NvHandle, hTargetChannel, (OBJECT)),
    (NvU32, numSMsToClear))

ABI_STRUCT(NV83DE_CTRL_DEBUG_READ_MEMORY_PARAMS, 24,
    (NvU32, hMemory),
    (NvU32, length),
    (NvU64, offset),
    (NvP64, buffer, (POINTER, OUT, length, 1, ABI_NULL_OK | ABI_EMPTY_IS_NULL | ABI_READ)))

ABI_STRUCT(NV83DE_CTRL_CMD_DEBUG_SUSPEND_CONTEXT_PARAMS, 8,
    (NvU32, waitForEvent),
    (NvHandle, hResidentChannel, (OBJECT)))

ABI_STRUCT(NV83DE_CTRL_DEBUG_SET_MODE_ERRBAR_DEBUG_PARAMS, 4,
    (NvU32, action))

ABI_STRUCT(NV90CC_CTRL_POWER_REQUEST_FEATURES_PARAMS, 12,
    (NvU32, globalStatus),
    (NvU32, controlMask),
    (NvU32, statusMask))

ABI_STRUCT(NV90CC_CTRL_POWER_RELEASE_FEATURES_PARAMS, 4,
    (NvU32, controlMask))

ABI_STRUCT(NV90E6_CTRL_MASTER_GET_VIRTUAL_FUNCTION_ERROR_CONT_INTR_MASK_PARAMS, 8,
    (NvU32, eccMask),
    (NvU32, nvlinkMask))

ABI_STRUCT(NVB0CC_CTRL_RESERVE_HWPM_LEGACY_PARAMS, 1,
    (NvBool, ctxsw))

ABI_STRUCT(NVB0CC_CTRL_RESERVE_PM_AREA_SMPC_PARAMS, 1,
    (NvBool, ctxsw))

ABI_STRUCT(NVB0CC_CTRL_ALLOC_PMA_STREAM_PARAMS, 56,
    (NvHandle, hMemPmaBuffer, (OBJECT)),
    (NvU64, pmaBufferOffset),
    (NvU64, pmaBufferSize),
    (NvHandle, hMemPmaBytesAvailable, (OBJECT)),
    (NvU64, pmaBytesAvailableOffset),
    (NvBool, ctxsw),
    (NvU32, pmaChannelIdx),
    (NvU64, pmaBufferVA))

ABI_STRUCT(NVB0CC_CTRL_FREE_PMA_STREAM_PARAMS, 4,
    (NvU32, pmaChannelIdx))

ABI_STRUCT(NVB0CC_CTRL_PMA_STREAM_UPDATE_GET_PUT_PARAMS, 48,
    (NvU64, bytesConsumed),
    (NvBool, bUpdateAvailableBytes),
    (NvBool, bWait),
    (NvU64, bytesAvailable),
    (NvBool, bReturnPut),
    (NvU64, putPtr),
    (NvU32, pmaChannelIdx),
    (NvBool, bOverflowStatus))

ABI_STRUCT(NVB0CC_GPU_REG_OP, 32,
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

ABI_STRUCT(NVB0CC_CTRL_EXEC_REG_OPS_PARAMS, 3980,
    (NvU32, regOpCount),
    (NVB0CC_REGOPS_MODE, mode),
    (NvBool, bPassed),
    (NvBool, bDirect),
    (NVB0CC_GPU_REG_OP, regOps, [124]))

ABI_STRUCT(NVB0CC_CTRL_GET_TOTAL_HS_CREDITS_PARAMS, 4,
    (NvU32, numCredits))

ABI_STRUCT(NVB0CC_CTRL_PMA_STREAM_HS_CREDITS_STATUS, 2,
    (NvU8, status, (INCIDENTAL)),
    (NvU8, entryIndex))

ABI_STRUCT(NVB0CC_CTRL_PMA_STREAM_HS_CREDITS_INFO, 4,
    (NvU8, chipletType),
    (NvU8, chipletIndex),
    (NvU16, numCredits))

ABI_STRUCT(NVB0CC_CTRL_SET_HS_CREDITS_PARAMS, 256,
    (NvU8, pmaChannelIdx),
    (NvU8, numEntries),
    (NVB0CC_CTRL_PMA_STREAM_HS_CREDITS_STATUS, statusInfo),
    (NVB0CC_CTRL_PMA_STREAM_HS_CREDITS_INFO, creditInfo, [63]))

ABI_STRUCT(NVB0CC_CTRL_POWER_REQUEST_FEATURES_PARAMS, 12,
    (NvU32, globalStatus),
    (NvU32, controlMask),
    (NvU32, statusMask))

ABI_STRUCT(NVB0CC_CTRL_POWER_RELEASE_FEATURES_PARAMS, 4,
    (NvU32, controlMask))

ABI_STRUCT(NV90E7_CTRL_BBX_GET_LAST_FLUSH_TIME_PARAMS, 16,
    (NvU64, timestamp),
    (NvU32, durationUs))

ABI_STRUCT(NVB0CC_CTRL_CREDIT_POOL_INFO, 4,
    (NvU16, numCredits),
    (NvU8, poolIndex),
    (NvU8, chipletType))

ABI_STRUCT(NVB0CC_CTRL_GET_CHIPLET_HS_CREDIT_POOL, 124,
    (NVB0CC_CTRL_CREDIT_POOL_INFO, poolInfos, [30]),
    (NvU32, poolInfosCount))

ABI_STRUCT(NVB0CC_CTRL_RESERVE_CCUPROF_PARAMS, 1,
    (NvBool, ctxsw))
