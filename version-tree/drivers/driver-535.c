/* SPDX-License-Identifier: Apache-2.0 */
/* Driver series 535, behind its first version (driver-root.c). */
#include "version-tree/drivers/driver-rows.h"

/* clang-format off */

const DriverRelease driver_535_113_01 = {
    .version = {535, 113, 1},
    .parent = &driver_535_104_05,
};

const DriverRelease driver_535_129_03 = {
    .version = {535, 129, 3},
    .parent = &driver_535_113_01,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "e6dca5626a2608c6bb2a046cfcb7c1af338b9e961a7dd90ac09bb8a126ff002e",
        [DRIVER_ARCH_AARCH64] = "8ba8d961457a241bcdf91b76d6fe2f36cb473c8bbdb02fb6650a622ce2e85b33",
    },
};

const DriverRelease driver_535_183_06 = {
    .version = {535, 183, 6},
    .parent = &driver_535_129_03,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "c7bb0a0569c5347845479ed4e3e4d885c6ee3b8adf068c3401cdf754d5ba3d3b",
        [DRIVER_ARCH_AARCH64] = NO_INSTALLER,
    },
};

const DriverRelease driver_535_247_01 = {
    .version = {535, 247, 1},
    .parent = &driver_535_183_06,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "c250e686494cb0c1b5eeea58ba2003707510b2766df05b06ba20b11b3445466b",
        [DRIVER_ARCH_AARCH64] = "bd8ea5c3747a588ff1a29b4f59300d2eba69402a605cb95fce10a30f535993d0",
    },
};

const DriverRelease driver_535_261_03 = {
    .version = {535, 261, 3},
    .parent = &driver_535_247_01,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "d74b61d11e9c9b9052f4042d6ec4437f13d1def30e964e232d47e5d659d11d68",
        [DRIVER_ARCH_AARCH64] = "9a412d3ac01c99d2ca02100a7139597fce8804c52bf533d11b60437286834a93",
    },
};

const DriverRelease driver_535_274_02 = {
    .version = {535, 274, 2},
    .parent = &driver_535_261_03,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "3b4ef54f06991e6dfff7868dde797fad9a451fee68d5267df87ca2be8e7f293b",
        [DRIVER_ARCH_AARCH64] = "3e01dcaea19fe04fadb67a61a3e37c48ab0c4319d99f6f5f7df1d719b780c51c",
    },
};

const DriverRelease driver_535_288_01 = {
    .version = {535, 288, 1},
    .parent = &driver_535_274_02,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "f20c32fd6ecd1f705c6df2797c0c084253ecf7ff48f2c347f82a39619882ece1",
        [DRIVER_ARCH_AARCH64] = "d9ddd163353e5b8b92ea652fa423427e855c00903f69eacdc26ed76e0d18241a",
    },
};

const DriverRelease driver_535_309_01 = {
    .version = {535, 309, 1},
    .parent = &driver_535_288_01,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = "288b4902ea79b017b49a9226a84f7eaa3e6b49ca0146ae50277c2fe19dd39803",
        [DRIVER_ARCH_AARCH64] = "2b69c9699e42681ebea96d013d151163c1a8983ed8c17d27473abcd9f67d48b1",
    },
};
