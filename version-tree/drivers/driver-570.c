/* SPDX-License-Identifier: Apache-2.0 */
/* Driver series 570. */
#include "version-tree/drivers/driver-rows.h"

/* clang-format off */

static const AbiChange changes_570_86_15[] = {
    REPLACE(CONTROL, ctrl_simple, CU, NV00F8_CTRL_CMD_ATTACH_MEM, NV00F8_CTRL_ATTACH_MEM_PARAMS),
    REPLACE(CONTROL, ctrl_simple, CU, NV00FD_CTRL_CMD_ATTACH_MEM, NV00FD_CTRL_ATTACH_MEM_PARAMS),
    ADD(CONTROL, ctrl_simple, G, NV2080_CTRL_CMD_FB_QUERY_DRAM_ENCRYPTION_PENDING_CONFIGURATION, NV2080_CTRL_FB_QUERY_DRAM_ENCRYPTION_PENDING_CONFIGURATION_PARAMS),
    ADD(CONTROL, ctrl_simple, CU, NV2080_CTRL_CMD_FB_QUERY_DRAM_ENCRYPTION_INFOROM_SUPPORT, NV2080_CTRL_FB_DRAM_ENCRYPTION_INFOROM_SUPPORT_PARAMS),
    ADD(CONTROL, ctrl_simple, CU, NV2080_CTRL_CMD_FB_QUERY_DRAM_ENCRYPTION_STATUS, NV2080_CTRL_FB_QUERY_DRAM_ENCRYPTION_STATUS_PARAMS),
    ADD(CONTROL, ctrl_simple, PROF, NVB0CC_CTRL_CMD_RESERVE_CCU_PROF, NVB0CC_CTRL_RESERVE_CCUPROF_PARAMS),
    ADD(ALLOC, alloc_simple, CU, BLACKWELL_USERMODE_A, NV_HOPPER_USERMODE_A_PARAMS),
    ADD(ALLOC, alloc_channel, CU, BLACKWELL_CHANNEL_GPFIFO_B, NV_CHANNEL_ALLOC_PARAMS),
    ADD(ALLOC, alloc_simple, CU, BLACKWELL_DMA_COPY_B, NVB0B5_ALLOCATION_PARAMETERS),
    ADD(ALLOC, alloc_simple, G, BLACKWELL_B, NV_GR_ALLOCATION_PARAMETERS),
    ADD(ALLOC, alloc_simple, CU, BLACKWELL_COMPUTE_B, NV_GR_ALLOCATION_PARAMETERS),
    ADD(ALLOC, alloc_simple, V, NVCFB0_VIDEO_DECODER, NV_BSP_ALLOCATION_PARAMETERS),
    ADD(ALLOC, alloc_simple, V, NVCFB7_VIDEO_ENCODER, NV_MSENC_ALLOCATION_PARAMETERS),
    ADD(ALLOC, alloc_simple, V, NVCFD1_VIDEO_NVJPG, NV_NVJPG_ALLOCATION_PARAMETERS),
    ADD(ALLOC, alloc_simple, V, NVCFFA_VIDEO_OFA, NV_OFA_ALLOCATION_PARAMETERS),
};

static const AbiShape shapes_570_86_15[] = {
    SHAPE(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_CAPS_PARAMS, 570),
    SHAPE(NV2080_CTRL_CMD_NVLINK_GET_NVLINK_STATUS_PARAMS, 570),
    SHAPE(NV2080_CTRL_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2_PARAMS, 570),
    SHAPE(NV_CHANNEL_ALLOC_PARAMS, 570),
    SHAPE(nv_ioctl_export_to_dma_buf_fd_t, 570),
};

const DriverRelease driver_570_86_15 = {
    .version = {570, 86, 15},
    .parent = &driver_565_57_01,
    CHANGES(changes_570_86_15),
    SHAPES(shapes_570_86_15),
};

const DriverRelease driver_570_124_06 = {
    .version = {570, 124, 6},
    .parent = &driver_570_86_15,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "1818c90657d17e510de9fa032385ff7e99063e848e901cb4636ee71c8b339313",
        [DRIVER_ARCH_AARCH64] = NO_INSTALLER,
    },
};

const DriverRelease driver_570_133_20 = {
    .version = {570, 133, 20},
    .parent = &driver_570_124_06,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "1253d17b1528e8a24bf1f34a8ac6591c924b98ad7a32344bde253aa622ac1605",
        [DRIVER_ARCH_AARCH64] = NO_INSTALLER,
    },
};

const DriverRelease driver_570_172_08 = {
    .version = {570, 172, 8},
    .parent = &driver_570_133_20,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "0256867e082caf93d7b25fa7c8e69b316062a9c6c72c6e228fad7b238c6fa17d",
        [DRIVER_ARCH_AARCH64] = "15547216f2b514ace7724a5ab4c3327669904a41cafb8d4d9048d3c9b60963d8",
    },
};

const DriverRelease driver_570_195_03 = {
    .version = {570, 195, 3},
    .parent = &driver_570_172_08,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "d47de81d9a513496a60adc9cfa72fe9e162c65f2722fb960c4f531bd7ac5dc1e",
        [DRIVER_ARCH_AARCH64] = "a38ae007abe8f82bfdd25272c28bc8c950114464b7475e73610523f9fd67cd64",
    },
};
