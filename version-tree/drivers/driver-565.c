/* SPDX-License-Identifier: Apache-2.0 */
/* Driver series 565. */
#include "version-tree/drivers/driver-rows.h"

/* clang-format off */

static const AbiChange changes_565_57_01[] = {
    ADD(CONTROL, ctrl_simple, G, NV2080_CTRL_CMD_GPU_GET_RECOVERY_ACTION, NV2080_CTRL_GPU_GET_RECOVERY_ACTION_PARAMS),
};

static const AbiShape shapes_565_57_01[] = {
    SHAPE(NV0000_CTRL_SYSTEM_GET_CPU_INFO_PARAMS, 565),
    SHAPE(NV2080_CTRL_FB_GET_FS_INFO_PARAMS, 565),
    SHAPE(NV2080_CTRL_GPU_QUERY_ECC_STATUS_PARAMS, 565),
};

const DriverRelease driver_565_57_01 = {
    .version = {565, 57, 1},
    .parent = &driver_560_28_03,
    CHANGES(changes_565_57_01),
    SHAPES(shapes_565_57_01),
};
