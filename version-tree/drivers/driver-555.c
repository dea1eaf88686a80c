/* SPDX-License-Identifier: Apache-2.0 */
/* Driver series 555. */
#include "version-tree/drivers/driver-rows.h"

/* clang-format off */

static const AbiChange changes_555_42_02[] = {
    ADD(CONTROL, ctrl_simple, G, NV90E7_CTRL_CMD_BBX_GET_LAST_FLUSH_TIME, NV90E7_CTRL_BBX_GET_LAST_FLUSH_TIME_PARAMS),
    REMOVE(CONTROL, NVC36F_CTRL_GET_CLASS_ENGINEID),
};

static const AbiShape shapes_555_42_02[] = {
    SHAPE(NV0080_CTRL_GPU_GET_CLASSLIST_V2_PARAMS, 555),
    SHAPE(NV0080_CTRL_GPU_GET_VIRTUALIZATION_MODE_PARAMS, 555),
    SHAPE(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_STATUS_PARAMS, 555),
    SHAPE(NV2080_CTRL_FB_GET_FS_INFO_PARAMS, 555),
    SHAPE(NV2080_CTRL_GPU_QUERY_ECC_STATUS_PARAMS, 555),
    SHAPE(NV_MEMORY_MAPPER_ALLOCATION_PARAMS, 555),
};

const DriverRelease driver_555_42_02 = {
    .version = {555, 42, 2},
    .parent = &driver_550_90_07,
    CHANGES(changes_555_42_02),
    SHAPES(shapes_555_42_02),
};
