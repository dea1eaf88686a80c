/* SPDX-License-Identifier: Apache-2.0 */
/* Driver series 590. */
#include "version-tree/drivers/driver-rows.h"

/* clang-format off */

static const AbiShape shapes_590_44_01[] = {
    SHAPE(NV00F1_CTRL_GET_FABRIC_EVENTS_PARAMS, 590),
    SHAPE(NV00FD_ALLOCATION_PARAMETERS, 590),
    SHAPE(NV00FD_CTRL_ATTACH_REMOTE_GPU_PARAMS, 590),
    SHAPE(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_STATUS_PARAMS, 590),
    SHAPE(NV2080_CTRL_GPU_GET_SKYLINE_INFO_PARAMS, 590),
    SHAPE(NV2080_CTRL_GPU_QUERY_ECC_STATUS_PARAMS, 590),
    SHAPE(NV2080_CTRL_NVLINK_GET_PLATFORM_INFO_PARAMS, 590),
    SHAPE(NV503B_ALLOC_PARAMETERS, 590),
    SHAPE(UVM_FREE_PARAMS, 590),
    SHAPE(UVM_UNREGISTER_CHANNEL_PARAMS, 590),
};

const DriverRelease driver_590_44_01 = {
    .version = {590, 44, 1},
    .parent = &driver_580_105_08,
    SHAPES(shapes_590_44_01),
};

const DriverRelease driver_590_48_01 = {
    .version = {590, 48, 1},
    .parent = &driver_590_44_01,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "b9e2f80693781431cc87f4cd29109e133dcecb50a50d6b68d4b3bf2d696bd689",
        [DRIVER_ARCH_AARCH64] = "14ecfb7faa56d4d18cd9fef891b3fa2db3628f12a3e59b59d3c6e6d1a0befd80",
    },
};
