/* SPDX-License-Identifier: Apache-2.0 */
/* Driver series 620. A new release is a node below and the rows that it changes. */
#include "version-tree/driver-rows.h"

/* clang-format off: one row per line */

static const AbiChange changes_620_06_00[] = {
    ADD(CONTROL, ctrl_simple, IMEX, NV2080_CTRL_CMD_NVLINK_LOCK_REMAP_TABLE_AND_MSE, NV2080_CTRL_NVLINK_LOCK_REMAP_TABLE_AND_MSE_PARAMS),
    ADD(CONTROL, ctrl_simple, IMEX, NV2080_CTRL_CMD_NVLINK_SETUP_NVLE_ENCRYPTION_KEY, NV2080_CTRL_NVLINK_SETUP_NVLE_ENCRYPTION_KEY_PARAMS),
    ADD(CONTROL, ctrl_simple, IMEX, NV2080_CTRL_CMD_NVLINK_GET_REMAP_TABLE_INFO_V2, NV2080_CTRL_NVLINK_GET_REMAP_TABLE_INFO_V2_PARAMS),
    ADD(CONTROL, ctrl_simple, IMEX, NV2080_CTRL_CMD_NVLINK_GET_UPDATE_NVLE_LIDS_V2, NV2080_CTRL_NVLINK_GET_UPDATE_NVLE_LIDS_V2_PARAMS),
    ADD(CONTROL, ctrl_simple, IMEX, NV2080_CTRL_CMD_NVLINK_GET_UPDATE_NVLE_LIDS_V3, NV2080_CTRL_NVLINK_GET_UPDATE_NVLE_LIDS_V3_PARAMS),
};

const DriverNode driver_620_06_00 = {
    .version = {620, 6, 0},
    .parent = &driver_615_15_00,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = NO_INSTALLER,
        [DRIVER_ARCH_AARCH64] = "95b94e43fd0cb0fb409fd523be491ac7248fec6d1cf82543fa4119cdcbad05b3",
    },
    CHANGES(changes_620_06_00),
};
