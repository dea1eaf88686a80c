/* SPDX-License-Identifier: Apache-2.0 */
/* Control commands of the subdevice object: PCI bus, NVLink. Driver files: ctrl2080*.h. */
#pragma once

#include "abi/layout.h"

/* clang-format off */

#define NV2080_CTRL_CMD_BUS_GET_PCI_INFO                   0x20801801
#define NV2080_CTRL_CMD_BUS_GET_INFO                       0x20801802
#define NV2080_CTRL_CMD_BUS_GET_PCI_BAR_INFO               0x20801803
#define NV2080_CTRL_CMD_BUS_GET_PEX_COUNTERS               0x20801813
#define NV2080_CTRL_CMD_BUS_GET_PEX_UTIL_COUNTERS          0x20801819
#define NV2080_CTRL_CMD_BUS_GET_INFO_V2                    0x20801823
#define NV2080_CTRL_CMD_BUS_GET_PCIE_REQ_ATOMICS_CAPS      0x20801829
#define NV2080_CTRL_CMD_BUS_GET_PCIE_SUPPORTED_GPU_ATOMICS 0x2080182a
#define NV2080_CTRL_CMD_BUS_GET_C2C_INFO                   0x2080182b
#define NV2080_CTRL_CMD_BUS_GET_PCIE_CPL_ATOMICS_CAPS      0x20801830
#define NV2080_CTRL_CMD_NVLINK_GET_NVLINK_CAPS             0x20803001
#define NV2080_CTRL_CMD_NVLINK_GET_NVLINK_STATUS           0x20803002
#define NV2080_CTRL_CMD_NVLINK_GET_PLATFORM_INFO           0x20803083
#define NV2080_CTRL_CMD_NVLINK_LOCK_REMAP_TABLE_AND_MSE    0x2080309d
#define NV2080_CTRL_CMD_NVLINK_SETUP_NVLE_ENCRYPTION_KEY   0x208030a0
#define NV2080_CTRL_CMD_NVLINK_GET_REMAP_TABLE_INFO_V2     0x208030a1
#define NV2080_CTRL_CMD_NVLINK_GET_UPDATE_NVLE_LIDS_V2     0x208030a2
#define NV2080_CTRL_CMD_NVLINK_GET_UPDATE_NVLE_LIDS_V3     0x208030a3

ABI_STRUCT(NV2080_CTRL_BUS_GET_PCI_INFO_PARAMS, 16,
    (NvU32, pciDeviceId, (LEFT_ALONE, "describes the object's GPU, which is the container's")),
    (NvU32, pciSubSystemId, (LEFT_ALONE, "describes the object's GPU, which is the container's")),
    (NvU32, pciRevisionId, (LEFT_ALONE, "describes the object's GPU, which is the container's")),
    (NvU32, pciExtDeviceId, (LEFT_ALONE, "describes the object's GPU, which is the container's")))

ABI_STRUCT(NV2080_CTRL_BUS_GET_INFO_PARAMS, 16,
    (NvU32, busInfoListSize),
    (NvP64, busInfoList, (POINTER, INOUT, busInfoListSize, 8, ABI_EMPTY_IS_NULL)))

ABI_STRUCT(NV2080_CTRL_BUS_PCI_BAR_INFO, 24,
    (NvU32, flags),
    (NvU32, barSize),
    (NvU64, barSizeBytes),
    (NvU64, barOffset))

ABI_STRUCT(NV2080_CTRL_BUS_GET_PCI_BAR_INFO_PARAMS, 200,
    (NvU32, pciBarCount, (LEFT_ALONE, "describes the object's GPU, which is the container's")),
    (NV2080_CTRL_BUS_PCI_BAR_INFO, pciBarInfo, [8], (LEFT_ALONE, "describes the object's GPU, which is the container's")))

ABI_STRUCT(NV2080_CTRL_BUS_GET_PEX_COUNTERS_PARAMS, 76,
    (NvU32, pexCounterMask),
    (NvU32, pexTotalCorrectableErrors),
    (NvU16, pexCorrectableErrors),
    (NvU8, pexTotalNonFatalErrors),
    (NvU8, pexTotalFatalErrors),
    (NvU8, pexTotalUnsupportedReqs),
    (NvU16, pexCounters, [31]))

ABI_STRUCT(NV2080_CTRL_BUS_GET_PEX_UTIL_COUNTERS_PARAMS, 32,
    (NvU32, pexCounterMask),
    (NvU32, pexCounters, [7]))

ABI_STRUCT(NV2080_CTRL_BUS_INFO, 8,
    (NvU32, index),
    (NvU32, data))

ABI_STRUCT(NV2080_CTRL_BUS_GET_INFO_V2_PARAMS, 420,
    (NvU32, busInfoListSize),
    (NV2080_CTRL_BUS_INFO, busInfoList, [52]))

ABI_STRUCT(NV2080_CTRL_CMD_BUS_GET_PCIE_REQ_ATOMICS_CAPS_PARAMS, 4,
    (NvU32, atomicsCaps))
ABI_STRUCT_SINCE(NV2080_CTRL_CMD_BUS_GET_PCIE_REQ_ATOMICS_CAPS_PARAMS, 560, 12,
    (NvU32, capType),
    (NvU32, dbdf),
    (NvU32, atomicsCaps))

ABI_STRUCT(NV2080_CTRL_BUS_PCIE_GPU_ATOMIC_OP_INFO, 8,
    (NvBool, bSupported),
    (NvU32, attributes))

ABI_UNNAMED_STRUCT(NV2080_CTRL_CMD_BUS_GET_PCIE_SUPPORTED_GPU_ATOMICS_PARAMS_atomicOp,
    (NvBool, bSupported),
    (NvU32, attributes))
ABI_STRUCT(NV2080_CTRL_CMD_BUS_GET_PCIE_SUPPORTED_GPU_ATOMICS_PARAMS, 104,
    (NV2080_CTRL_CMD_BUS_GET_PCIE_SUPPORTED_GPU_ATOMICS_PARAMS_atomicOp, atomicOp, [13]))
ABI_STRUCT_SINCE(NV2080_CTRL_CMD_BUS_GET_PCIE_SUPPORTED_GPU_ATOMICS_PARAMS, 560, 112,
    (NvU32, capType),
    (NvU32, dbdf),
    (NV2080_CTRL_BUS_PCIE_GPU_ATOMIC_OP_INFO, atomicOp, [13]))

ABI_STRUCT(NV2080_CTRL_CMD_BUS_GET_C2C_INFO_PARAMS, 28,
    (NvBool, bIsLinkUp),
    (NvU32, nrLinks),
    (NvU32, maxNrLinks),
    (NvU32, linkMask),
    (NvU32, perLinkBwMBps),
    (NvU32, perLinkLaneWidth),
    (NvU32, remoteType))
ABI_STRUCT_SINCE(NV2080_CTRL_CMD_BUS_GET_C2C_INFO_PARAMS, 575, 28,
    (NvBool, bIsLinkUp),
    (NvBool, bLinkInHS),
    (NvU32, nrLinks),
    (NvU32, maxNrLinks),
    (NvU32, linkMask),
    (NvU32, perLinkBwMBps),
    (NvU32, perLinkLaneWidth),
    (NvU32, remoteType))

ABI_STRUCT(NV2080_CTRL_NVLINK_LINK_MASK, 16,
    (NvU8, lenMasks),
    (NvU64, masks, [1]))

ABI_STRUCT(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_CAPS_PARAMS, 16,
    (NvU32, capsTbl),
    (NvU8, lowestNvlinkVersion),
    (NvU8, highestNvlinkVersion),
    (NvU8, lowestNciVersion),
    (NvU8, highestNciVersion),
    (NvU32, discoveredLinkMask),
    (NvU32, enabledLinkMask))
ABI_STRUCT_SINCE(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_CAPS_PARAMS, 570, 32,
    (NvU32, capsTbl),
    (NvU8, lowestNvlinkVersion),
    (NvU8, highestNvlinkVersion),
    (NvU8, lowestNciVersion),
    (NvU8, highestNciVersion),
    (NvU32, discoveredLinkMask),
    (NvU32, enabledLinkMask),
    (NvU64, discoveredLinks),
    (NvU64, enabledLinks))
ABI_STRUCT_SINCE(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_CAPS_PARAMS, 580, 48,
    (NvU32, capsTbl),
    (NvU8, lowestNvlinkVersion),
    (NvU8, highestNvlinkVersion),
    (NvU8, lowestNciVersion),
    (NvU8, highestNciVersion),
    (NvU32, discoveredLinkMask),
    (NvU32, enabledLinkMask),
    (NV2080_CTRL_NVLINK_LINK_MASK, discoveredLinks),
    (NV2080_CTRL_NVLINK_LINK_MASK, enabledLinks))

ABI_STRUCT(NV2080_CTRL_NVLINK_DEVICE_INFO, 48,
    (NvU32, deviceIdFlags, (LEFT_ALONE, "remoteDeviceInfo decides whether the link is hidden")),
    (NvU32, domain),
    (NvU16, bus),
    (NvU16, device),
    (NvU16, function),
    (NvU32, pciDeviceId, (LEFT_ALONE, "remoteDeviceInfo decides whether the link is hidden")),
    (NvU64, deviceType),
    (NvU8, deviceUUID, [16], (LEFT_ALONE, "remoteDeviceInfo decides whether the link is hidden")))
ABI_STRUCT_SINCE(NV2080_CTRL_NVLINK_DEVICE_INFO, 570, 56,
    (NvU32, deviceIdFlags, (LEFT_ALONE, "remoteDeviceInfo decides whether the link is hidden")),
    (NvU32, domain),
    (NvU16, bus),
    (NvU16, device),
    (NvU16, function),
    (NvU32, pciDeviceId, (LEFT_ALONE, "remoteDeviceInfo decides whether the link is hidden")),
    (NvU64, deviceType),
    (NvU8, deviceUUID, [16], (LEFT_ALONE, "remoteDeviceInfo decides whether the link is hidden")),
    (NvU32, fabricRecoveryStatusMask))

ABI_STRUCT(NV2080_CTRL_NVLINK_LINK_STATUS_INFO, 184,
    (NvU32, capsTbl),
    (NvU8, phyType),
    (NvU8, subLinkWidth),
    (NvU32, linkState),
    (NvU8, rxSublinkStatus),
    (NvU8, txSublinkStatus),
    (NvBool, bLaneReversal),
    (NvU8, nvlinkVersion),
    (NvU8, nciVersion),
    (NvU8, phyVersion),
    (NvU32, nvlinkLinkClockKHz),
    (NvU32, nvlinkCommonClockSpeedKHz),
    (NvU32, nvlinkRefClkSpeedKHz),
    (NvU32, nvlinkCommonClockSpeedMhz),
    (NvU32, nvlinkLineRateMbps),
    (NvU32, nvlinkLinkClockMhz),
    (NvU8, nvlinkRefClkType),
    (NvU32, nvlinkLinkDataRateKiBps),
    (NvU32, nvlinkRefClkSpeedMhz),
    (NvBool, connected, (GPU_LINK_REST, 0)),
    (NvU8, loopProperty),
    (NvU8, remoteDeviceLinkNumber, (GPU_LINK_REST, 0xff)),
    (NvU8, localDeviceLinkNumber),
    (NvU64, remoteLinkSid, (GPU_LINK_REST, 0)),
    (NvU64, localLinkSid),
    (NvU32, laneRxdetStatusMask),
    (NV2080_CTRL_NVLINK_DEVICE_INFO, remoteDeviceInfo, (GPU_LINK)),
    (NV2080_CTRL_NVLINK_DEVICE_INFO, localDeviceInfo))
ABI_STRUCT_SINCE(NV2080_CTRL_NVLINK_LINK_STATUS_INFO, 555, 192,
    (NvU32, capsTbl),
    (NvU8, phyType),
    (NvU8, subLinkWidth),
    (NvU32, linkState),
    (NvU8, rxSublinkStatus),
    (NvU8, txSublinkStatus),
    (NvBool, bLaneReversal),
    (NvU8, nvlinkVersion),
    (NvU8, nciVersion),
    (NvU8, phyVersion),
    (NvU32, nvlinkLinkClockKHz),
    (NvU32, nvlinkCommonClockSpeedKHz),
    (NvU32, nvlinkRefClkSpeedKHz),
    (NvU32, nvlinkCommonClockSpeedMhz),
    (NvU32, nvlinkLineRateMbps),
    (NvU32, nvlinkLinkClockMhz),
    (NvU8, nvlinkRefClkType),
    (NvU32, nvlinkLinkDataRateKiBps),
    (NvU32, nvlinkRefClkSpeedMhz),
    (NvBool, connected, (GPU_LINK_REST, 0)),
    (NvU8, loopProperty),
    (NvU8, remoteDeviceLinkNumber, (GPU_LINK_REST, 0xff)),
    (NvU8, localDeviceLinkNumber),
    (NvU64, remoteLinkSid, (GPU_LINK_REST, 0)),
    (NvU64, localLinkSid),
    (NvU32, laneRxdetStatusMask),
    (NvU32, nvlinkMinL1Threshold),
    (NvU32, nvlinkMaxL1Threshold),
    (NvU32, nvlinkL1ThresholdUnits),
    (NV2080_CTRL_NVLINK_DEVICE_INFO, remoteDeviceInfo, (GPU_LINK)),
    (NV2080_CTRL_NVLINK_DEVICE_INFO, localDeviceInfo))
ABI_STRUCT_SINCE(NV2080_CTRL_NVLINK_LINK_STATUS_INFO, 570, 208,
    (NvU32, capsTbl),
    (NvU8, phyType),
    (NvU8, subLinkWidth),
    (NvU32, linkState),
    (NvU8, rxSublinkStatus),
    (NvU8, txSublinkStatus),
    (NvBool, bLaneReversal),
    (NvU8, nvlinkVersion),
    (NvU8, nciVersion),
    (NvU8, phyVersion),
    (NvU32, nvlinkLinkClockKHz),
    (NvU32, nvlinkCommonClockSpeedKHz),
    (NvU32, nvlinkRefClkSpeedKHz),
    (NvU32, nvlinkCommonClockSpeedMhz),
    (NvU32, nvlinkLineRateMbps),
    (NvU32, nvlinkLinkClockMhz),
    (NvU8, nvlinkRefClkType),
    (NvU32, nvlinkLinkDataRateKiBps),
    (NvU32, nvlinkRefClkSpeedMhz),
    (NvBool, connected, (GPU_LINK_REST, 0)),
    (NvU8, loopProperty),
    (NvU8, remoteDeviceLinkNumber, (GPU_LINK_REST, 0xff)),
    (NvU8, localDeviceLinkNumber),
    (NvU64, remoteLinkSid, (GPU_LINK_REST, 0)),
    (NvU64, localLinkSid),
    (NvU32, laneRxdetStatusMask),
    (NvU32, nvlinkMinL1Threshold),
    (NvU32, nvlinkMaxL1Threshold),
    (NvU32, nvlinkL1ThresholdUnits),
    (NV2080_CTRL_NVLINK_DEVICE_INFO_V570, remoteDeviceInfo, (GPU_LINK)),
    (NV2080_CTRL_NVLINK_DEVICE_INFO_V570, localDeviceInfo))
ABI_STRUCT_SINCE(NV2080_CTRL_NVLINK_LINK_STATUS_INFO, 590, 216,
    (NvU32, capsTbl),
    (NvU8, phyType),
    (NvU8, subLinkWidth),
    (NvU32, linkState),
    (NvU8, rxSublinkStatus),
    (NvU8, txSublinkStatus),
    (NvBool, bLaneReversal),
    (NvU8, nvlinkVersion),
    (NvU8, nciVersion),
    (NvU8, phyVersion),
    (NvU32, nvlinkLinkClockKHz),
    (NvU32, nvlinkCommonClockSpeedKHz),
    (NvU32, nvlinkRefClkSpeedKHz),
    (NvU32, nvlinkCommonClockSpeedMhz),
    (NvU32, nvlinkLineRateMbps),
    (NvU32, nvlinkLinkClockMhz),
    (NvU8, nvlinkRefClkType),
    (NvU32, nvlinkLinkDataRateKiBps),
    (NvU32, nvlinkRefClkSpeedMhz),
    (NvBool, connected, (GPU_LINK_REST, 0)),
    (NvU8, loopProperty),
    (NvU8, remoteDeviceLinkNumber, (GPU_LINK_REST, 0xff)),
    (NvU8, localDeviceLinkNumber),
    (NvU64, remoteLinkSid, (GPU_LINK_REST, 0)),
    (NvU64, localLinkSid),
    (NvU32, laneRxdetStatusMask),
    (NvU32, nvlinkMinL1Threshold),
    (NvU32, nvlinkMaxL1Threshold),
    (NvU32, nvlinkL1ThresholdUnits),
    (NV2080_CTRL_NVLINK_DEVICE_INFO_V570, remoteDeviceInfo, (GPU_LINK)),
    (NV2080_CTRL_NVLINK_DEVICE_INFO_V570, localDeviceInfo),
    (NvU32, nvlpwIdx))

ABI_STRUCT(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_STATUS_PARAMS, 5896,
    (NvU32, enabledLinkMask),
    (NvBool, bSublinkStateInst),
    (NV2080_CTRL_NVLINK_LINK_STATUS_INFO, linkInfo, [32]))
ABI_STRUCT_SINCE(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_STATUS_PARAMS, 555, 6152,
    (NvU32, enabledLinkMask),
    (NvBool, bSublinkStateInst),
    (NV2080_CTRL_NVLINK_LINK_STATUS_INFO_V555, linkInfo, [32]))
ABI_STRUCT_SINCE(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_STATUS_PARAMS, 570, 13320,
    (NvU32, enabledLinkMask),
    (NvBool, bSublinkStateInst),
    (NV2080_CTRL_NVLINK_LINK_STATUS_INFO_V570, linkInfo, [64]))
ABI_STRUCT_SINCE(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_STATUS_PARAMS, 580, 13344,
    (NvU32, enabledLinkMask),
    (NV2080_CTRL_NVLINK_LINK_MASK, enabledLinks),
    (NvBool, bSublinkStateInst),
    (NvBool, bNvleModeEnabled),
    (NV2080_CTRL_NVLINK_LINK_STATUS_INFO_V570, linkInfo, [64]))
ABI_STRUCT_SINCE(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_STATUS_PARAMS, 590, 13864,
    (NvU32, enabledLinkMask),
    (NV2080_CTRL_NVLINK_LINK_MASK, enabledLinks),
    (NvBool, bSublinkStateInst),
    (NvBool, bNvleModeEnabled),
    (NV2080_CTRL_NVLINK_LINK_STATUS_INFO_V590, linkInfo, [64]),
    (NvU64, enabledNvlpwMask))

ABI_STRUCT(NV2080_CTRL_CMD_BUS_GET_PCIE_CPL_ATOMICS_CAPS_PARAMS, 4,
    (NvU32, atomicsCaps))

ABI_STRUCT(NV2080_CTRL_NVLINK_GET_PLATFORM_INFO_PARAMS, 37,
    (NvU8, ibGuid, [16]),
    (NvU8, rackGuid, [16]),
    (NvU8, chassisPhysicalSlotNumber),
    (NvU8, computeSlotIndex),
    (NvU8, nodeIndex),
    (NvU8, peerType),
    (NvU8, moduleId))
ABI_STRUCT_SINCE(NV2080_CTRL_NVLINK_GET_PLATFORM_INFO_PARAMS, 580, 39,
    (NvU8, ibGuid, [16]),
    (NvU8, rackGuid, [16]),
    (NvU8, chassisPhysicalSlotNumber),
    (NvU8, computeSlotIndex),
    (NvU8, nodeIndex),
    (NvU8, peerType),
    (NvU8, moduleId),
    (NvU8, nvlinkSignalingProtocol),
    (NvU8, lanesPerLink))
ABI_STRUCT_SINCE(NV2080_CTRL_NVLINK_GET_PLATFORM_INFO_PARAMS, 590, 38,
    (NvU8, ibGuid, [16]),
    (NvU8, rackGuid, [16]),
    (NvU8, chassisPhysicalSlotNumber),
    (NvU8, computeSlotIndex),
    (NvU8, nodeIndex),
    (NvU8, peerType),
    (NvU8, moduleId),
    (NvU8, nvlinkSignalingProtocol))
ABI_STRUCT_SINCE(NV2080_CTRL_NVLINK_GET_PLATFORM_INFO_PARAMS, 595, 39,
    (NvU8, ibGuid, [16]),
    (NvU8, rackGuid, [16]),
    (NvU8, chassisPhysicalSlotNumber),
    (NvU8, computeSlotIndex),
    (NvU8, nodeIndex),
    (NvU8, peerType),
    (NvU8, moduleId),
    (NvU8, nvlinkSignalingProtocol),
    (NvU8, linksPerSpigot))


ABI_STRUCT(NV2080_CTRL_NVLINK_LOCK_REMAP_TABLE_AND_MSE_PARAMS, 16,
    (NvU64, linkMask),
    (NvBool, bRemapTableMseLocked),
    (NvBool, bRemapTableLockDisabled))

/* Seen in no public header. */
ABI_OPAQUE(NV2080_CTRL_NVLINK_SETUP_NVLE_ENCRYPTION_KEY_PARAMS)
ABI_OPAQUE(NV2080_CTRL_NVLINK_GET_REMAP_TABLE_INFO_V2_PARAMS)
ABI_OPAQUE(NV2080_CTRL_NVLINK_GET_UPDATE_NVLE_LIDS_V2_PARAMS)
ABI_OPAQUE(NV2080_CTRL_NVLINK_GET_UPDATE_NVLE_LIDS_V3_PARAMS)
