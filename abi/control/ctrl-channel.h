/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands of channels, channel groups and confidential computing. */
#pragma once

#include "abi/layout.h"

/* clang-format off */

#define NV906F_CTRL_GET_CLASS_ENGINEID                           0x906f0101
#define NV906F_CTRL_CMD_RESET_CHANNEL                            0x906f0102
#define NV9096_CTRL_CMD_SET_ZBC_COLOR_CLEAR                      0x90960101
#define NV9096_CTRL_CMD_GET_ZBC_CLEAR_TABLE_SIZE                 0x90960106
#define NV9096_CTRL_CMD_GET_ZBC_CLEAR_TABLE_ENTRY                0x90960107
#define NVA06C_CTRL_CMD_GPFIFO_SCHEDULE                          0xa06c0101
#define NVA06C_CTRL_CMD_SET_TIMESLICE                            0xa06c0103
#define NVA06C_CTRL_CMD_GET_TIMESLICE                            0xa06c0104
#define NVA06C_CTRL_CMD_PREEMPT                                  0xa06c0105
#define NVA06F_CTRL_CMD_GPFIFO_SCHEDULE                          0xa06f0103
#define NVA06F_CTRL_CMD_BIND                                     0xa06f0104
#define NVC36F_CTRL_GET_CLASS_ENGINEID                           0xc36f0101
#define NVC36F_CTRL_CMD_GPFIFO_GET_WORK_SUBMIT_TOKEN             0xc36f0108
#define NVC36F_CTRL_CMD_GPFIFO_SET_WORK_SUBMIT_TOKEN_NOTIF_INDEX 0xc36f010a
#define NVC56F_CTRL_CMD_GET_KMB                                  0xc56f010b
#define NV_CONF_COMPUTE_CTRL_CMD_SYSTEM_GET_CAPABILITIES         0xcb330101
#define NV_CONF_COMPUTE_CTRL_CMD_SYSTEM_GET_GPUS_STATE           0xcb330104
#define NV_CONF_COMPUTE_CTRL_CMD_GPU_GET_NUM_SECURE_CHANNELS     0xcb33010b
#define NV_CONF_COMPUTE_CTRL_CMD_GPU_GET_KEY_ROTATION_STATE      0xcb33010c

ABI_STRUCT(NV906F_CTRL_GET_CLASS_ENGINEID_PARAMS, 16,
    (NvHandle, hObject, (OBJECT)),
    (NvU32, classEngineID),
    (NvU32, classID),
    (NvU32, engineID))

ABI_STRUCT(NV906F_CTRL_CMD_RESET_CHANNEL_PARAMS, 12,
    (NvU32, engineID),
    (NvU32, subdeviceInstance, (LEFT_ALONE, "counts GPUs within one device")),
    (NvU32, resetReason))
ABI_STRUCT_SINCE(NV906F_CTRL_CMD_RESET_CHANNEL_PARAMS, 550, 16,
    (NvU32, engineID),
    (NvU32, subdeviceInstance, (LEFT_ALONE, "counts GPUs within one device")),
    (NvU32, resetReason),
    (NvBool, bIsRcPending))

ABI_STRUCT(NV9096_CTRL_SET_ZBC_COLOR_CLEAR_PARAMS, 40,
    (NvU32, colorFB, [4]),
    (NvU32, colorDS, [4]),
    (NvU32, format),
    (NvBool, bSkipL2Table))

ABI_STRUCT(NV9096_CTRL_GET_ZBC_CLEAR_TABLE_SIZE_PARAMS, 12,
    (NvU32, indexStart),
    (NvU32, indexEnd),
    (NV9096_CTRL_ZBC_CLEAR_TABLE_TYPE, tableType))

ABI_UNNAMED_STRUCT(NV9096_CTRL_GET_ZBC_CLEAR_TABLE_ENTRY_PARAMS_value,
    (NvU32, colorFB, [4]),
    (NvU32, colorDS, [4]),
    (NvU32, depth),
    (NvU32, stencil))
ABI_STRUCT(NV9096_CTRL_GET_ZBC_CLEAR_TABLE_ENTRY_PARAMS, 56,
    (NV9096_CTRL_GET_ZBC_CLEAR_TABLE_ENTRY_PARAMS_value, value),
    (NvU32, format),
    (NvU32, index),
    (NvBool, bIndexValid),
    (NV9096_CTRL_ZBC_CLEAR_TABLE_TYPE, tableType))

ABI_STRUCT(NVA06C_CTRL_GPFIFO_SCHEDULE_PARAMS, 2,
    (NvBool, bEnable),
    (NvBool, bSkipSubmit))
ABI_STRUCT_SINCE(NVA06C_CTRL_GPFIFO_SCHEDULE_PARAMS, 575, 3,
    (NvBool, bEnable),
    (NvBool, bSkipSubmit),
    (NvBool, bSkipEnable))

ABI_STRUCT(NVA06C_CTRL_SET_TIMESLICE_PARAMS, 8,
    (NvU64, timesliceUs))

ABI_STRUCT(NVA06C_CTRL_GET_TIMESLICE_PARAMS, 8,
    (NvU64, timesliceUs))

ABI_STRUCT(NVA06C_CTRL_PREEMPT_PARAMS, 8,
    (NvBool, bWait),
    (NvBool, bManualTimeout),
    (NvU32, timeoutUs))

ABI_STRUCT(NVA06F_CTRL_GPFIFO_SCHEDULE_PARAMS, 2,
    (NvBool, bEnable),
    (NvBool, bSkipSubmit))
ABI_STRUCT_SINCE(NVA06F_CTRL_GPFIFO_SCHEDULE_PARAMS, 575, 3,
    (NvBool, bEnable),
    (NvBool, bSkipSubmit),
    (NvBool, bSkipEnable))

ABI_STRUCT(NVA06F_CTRL_BIND_PARAMS, 4,
    (NvU32, engineType))

ABI_STRUCT(NVC36F_CTRL_GET_CLASS_ENGINEID_PARAMS, 16,
    (NvHandle, hObject, (OBJECT)),
    (NvU32, classEngineID),
    (NvU32, classID),
    (NvU32, engineID))

ABI_STRUCT(NVC36F_CTRL_CMD_GPFIFO_GET_WORK_SUBMIT_TOKEN_PARAMS, 4,
    (NvU32, workSubmitToken))

ABI_STRUCT(NVC36F_CTRL_GPFIFO_SET_WORK_SUBMIT_TOKEN_NOTIF_INDEX_PARAMS, 4,
    (NvU32, index))

ABI_STRUCT(CC_AES_CRYPTOBUNDLE, 56,
    (NvU32, iv, [3]),
    (NvU32, key, [8]),
    (NvU32, ivMask, [3]))

ABI_STRUCT(CC_HMAC_CRYPTOBUNDLE, 64,
    (NvU32, nonce, [8]),
    (NvU32, key, [8]))

ABI_ANONYMOUS_UNION(CC_KMB_bundle,
    (CC_HMAC_CRYPTOBUNDLE, hmacBundle),
    (CC_AES_CRYPTOBUNDLE, decryptBundle))
ABI_STRUCT(CC_KMB, 124,
    (CC_AES_CRYPTOBUNDLE, encryptBundle),
    (CC_KMB_bundle, bundle),
    (NvBool, bIsWorkLaunch))

ABI_STRUCT(NVC56F_CTRL_CMD_GET_KMB_PARAMS, 124,
    (CC_KMB, kmb))
ABI_STRUCT_SINCE(NVC56F_CTRL_CMD_GET_KMB_PARAMS, 550, 128,
    (CC_KMB, kmb),
    (NvHandle, hMemory, (OBJECT)))
ABI_STRUCT_SINCE(NVC56F_CTRL_CMD_GET_KMB_PARAMS, 575, 144,
    (CC_KMB, kmb),
    (NvHandle, hMemory, (OBJECT)),
    (NvU64, keyRotationLowerThreshold),
    (NvU64, keyRotationUpperThreshold))

ABI_STRUCT(NV_CONF_COMPUTE_CTRL_CMD_SYSTEM_GET_CAPABILITIES_PARAMS, 5,
    (NvU8, cpuCapability),
    (NvU8, gpusCapability),
    (NvU8, environment),
    (NvU8, ccFeature),
    (NvU8, devToolsMode))
ABI_STRUCT_SINCE(NV_CONF_COMPUTE_CTRL_CMD_SYSTEM_GET_CAPABILITIES_PARAMS, 550, 6,
    (NvU8, cpuCapability),
    (NvU8, gpusCapability),
    (NvU8, environment),
    (NvU8, ccFeature),
    (NvU8, devToolsMode),
    (NvU8, multiGpuMode))

ABI_STRUCT(NV_CONF_COMPUTE_CTRL_CMD_SYSTEM_GET_GPUS_STATE_PARAMS, 1,
    (NvBool, bAcceptClientRequest))

ABI_STRUCT(NV_CONF_COMPUTE_CTRL_CMD_GPU_GET_NUM_SECURE_CHANNELS_PARAMS, 12,
    (NvHandle, hSubDevice, (OBJECT)),
    (NvU32, maxSec2Channels),
    (NvU32, maxCeChannels))

ABI_STRUCT(NV_CONF_COMPUTE_CTRL_CMD_GPU_GET_KEY_ROTATION_STATE_PARAMS, 8,
    (NvHandle, hSubDevice, (OBJECT)),
    (NvU32, keyRotationState))
