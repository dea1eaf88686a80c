/* SPDX-License-Identifier: Apache-2.0 */
/* Driver series 595. */
#include "version-tree/drivers/driver-rows.h"

/* clang-format off */

static const AbiShape shapes_595_45_04[] = {
    SHAPE(NV00F1_CTRL_GET_FABRIC_EVENTS_PARAMS, 595),
    SHAPE(NV00F8_CTRL_DESCRIBE_PARAMS, 595),
    SHAPE(NV00FB_CTRL_VALIDATE_PARAMS, 595),
    SHAPE(NV00FD_CTRL_ATTACH_REMOTE_GPU_PARAMS, 595),
    SHAPE(NV2080_CTRL_GPU_GET_NAME_STRING_PARAMS, 595),
    SHAPE(NV2080_CTRL_NVLINK_GET_PLATFORM_INFO_PARAMS, 595),
};

const DriverRelease driver_595_45_04 = {
    .version = {595, 45, 4},
    .parent = &driver_590_48_01,
    SHAPES(shapes_595_45_04),
};

/* NVIDIA has not published headers of this release and of those that follow. It is assumed to equal the one before. */
const DriverRelease driver_595_71_05 = {
    .version = {595, 71, 5},
    .parent = &driver_595_45_04,
};
