/* SPDX-License-Identifier: Apache-2.0 */
/* Driver series 580. */
#include "version-tree/drivers/driver-rows.h"

/* clang-format off */

static const AbiChange changes_580_65_06[] = {
    ADD(CONTROL, ctrl_simple, CGU, NV2080_CTRL_CMD_GPU_GET_SKYLINE_INFO, NV2080_CTRL_GPU_GET_SKYLINE_INFO_PARAMS),
    ADD(CONTROL, ctrl_simple, PROF, NV2080_CTRL_CMD_GR_GET_SM_ISSUE_THROTTLE_CTRL, NV2080_CTRL_GR_GET_SM_ISSUE_THROTTLE_CTRL_PARAMS),
    ADD(CONTROL, ctrl_simple, G, NV2080_CTRL_CMD_ECC_GET_REPAIR_STATUS, NV2080_CTRL_ECC_GET_REPAIR_STATUS_PARAMS),
    ADD(ALLOC, alloc_simple, V, NVCEB0_VIDEO_DECODER, NV_BSP_ALLOCATION_PARAMETERS),
    ADD(ALLOC, alloc_simple, V, NVCEB7_VIDEO_ENCODER, NV_MSENC_ALLOCATION_PARAMETERS),
    ADD(ALLOC, alloc_simple, V, NVCEFA_VIDEO_OFA, NV_OFA_ALLOCATION_PARAMETERS),
    ADD(ALLOC, alloc_simple, V, NVD1B0_VIDEO_DECODER, NV_BSP_ALLOCATION_PARAMETERS),
    ADD(ALLOC, alloc_simple, V, NVD1B7_VIDEO_ENCODER, NV_MSENC_ALLOCATION_PARAMETERS),
    ADD(ALLOC, alloc_simple, V, NVD1FA_VIDEO_OFA, NV_OFA_ALLOCATION_PARAMETERS),
};

static const AbiShape shapes_580_65_06[] = {
    SHAPE(NV0000_CTRL_GPU_GET_PROBED_IDS_PARAMS, 580),
    SHAPE(NV0080_CTRL_GPU_GET_CLASSLIST_V2_PARAMS, 580),
    SHAPE(NV00F1_CTRL_GET_FABRIC_EVENTS_PARAMS, 580),
    SHAPE(NV00F8_CTRL_DESCRIBE_PARAMS, 580),
    SHAPE(NV00FB_CTRL_VALIDATE_PARAMS, 580),
    SHAPE(NV00FD_CTRL_ATTACH_MEM_PARAMS, 580),
    SHAPE(NV00FD_CTRL_ATTACH_REMOTE_GPU_PARAMS, 580),
    SHAPE(NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS, 580),
    SHAPE(NV2080_CTRL_CMD_GET_GPU_FABRIC_PROBE_INFO_PARAMS, 580),
    SHAPE(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_CAPS_PARAMS, 580),
    SHAPE(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_STATUS_PARAMS, 580),
    SHAPE(NV2080_CTRL_FB_GET_INFO_V2_PARAMS, 580),
    SHAPE(NV2080_CTRL_GPU_GET_INFO_V2_PARAMS, 580),
    SHAPE(NV2080_CTRL_GRMGR_GET_GR_FS_INFO_PARAMS, 580),
    SHAPE(NV2080_CTRL_GR_GET_GLOBAL_SM_ORDER_PARAMS, 580),
    SHAPE(NV2080_CTRL_NVLINK_GET_PLATFORM_INFO_PARAMS, 580),
    SHAPE(NVOS46_PARAMETERS, 580),
    SHAPE(NV_VASPACE_ALLOCATION_PARAMETERS, 580),
    SHAPE(nv_ioctl_export_to_dma_buf_fd_t, 580),
};

const DriverRelease driver_580_65_06 = {
    .version = {580, 65, 6},
    .parent = &driver_575_51_02,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "04b10867af585e765cfbfdcf39ed5f4bd112375bebab0172eaa187c6aa5024ff",
        [DRIVER_ARCH_AARCH64] = "e02acdc0d20d4a541aa5026bfddb1b9b4fc6bc64ae3b04ff9cb9c892700cf9c4",
    },
    CHANGES(changes_580_65_06),
    SHAPES(shapes_580_65_06),
};

const DriverRelease driver_580_95_05 = {
    .version = {580, 95, 5},
    .parent = &driver_580_65_06,
};

const DriverRelease driver_580_105_08 = {
    .version = {580, 105, 8},
    .parent = &driver_580_95_05,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "d9c6e8188672f3eb74dd04cfa69dd58479fa1d0162c8c28c8d17625763293475",
        [DRIVER_ARCH_AARCH64] = NO_INSTALLER,
    },
};

const DriverRelease driver_580_126_09 = {
    .version = {580, 126, 9},
    .parent = &driver_580_105_08,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "4cac53e48f8adff661d47c8788ed24059a248c9fd8098ceafd088a498986ec26",
        [DRIVER_ARCH_AARCH64] = "7393c42b112fd6f0a498e1d2a33127b821be58b7570dc9f8d5589a51688da4ad",
    },
};

const DriverRelease driver_580_126_20 = {
    .version = {580, 126, 20},
    .parent = &driver_580_126_09,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "a055dbeae72438f20335b41929a060148c82c69d2147c0d922660e8c5a265eb1",
        [DRIVER_ARCH_AARCH64] = NO_INSTALLER,
    },
};

const DriverRelease driver_580_159_03 = {
    .version = {580, 159, 3},
    .parent = &driver_580_126_20,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "32c85d99b0f640c9501f61b39ddad208fd0288d015c4fbc5fd0435c07783fa77",
        [DRIVER_ARCH_AARCH64] = "545445863f84183f4d4769bd35cc00dde269d97f7923d6dff2031b7b52a907d8",
    },
};

const DriverRelease driver_580_159_04 = {
    .version = {580, 159, 4},
    .parent = &driver_580_159_03,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "c1e66761b088d17b3adf6cb6979de9af38be2684d102b001a176dcfafabdca1e",
        [DRIVER_ARCH_AARCH64] = "8912f2623bc7c839765f36fcee3db4a3531834a2caff3aa5d49c1259b2372aeb",
    },
};

const DriverRelease driver_580_173_02 = {
    .version = {580, 173, 2},
    .parent = &driver_580_159_04,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "8d8eb9001e05a9a8a663d3d5d304feb64ef2844ee185ccdfd952786820f46e1b",
        [DRIVER_ARCH_AARCH64] = "d65bd56087ef4d78f04a808da7883c35a5901c5fd37e95d150a7602eba97aa80",
    },
};
