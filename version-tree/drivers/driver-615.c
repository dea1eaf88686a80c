/* SPDX-License-Identifier: Apache-2.0 */
/* Driver series 615. */
#include "version-tree/drivers/driver-rows.h"

/* clang-format off */

static const AbiChange changes_615_15_00[] = {
    ADD(CONTROL, ctrl_simple, CU, NV0000_CTRL_OS_UNIX_CMD_MEMACCT_GET_IMPL, NV0000_CTRL_OS_UNIX_MEMACCT_GET_IMPL_PARAMS),
};

const DriverRelease driver_615_15_00 = {
    .version = {615, 15, 0},
    .parent = &driver_610_43_02,
    CHANGES(changes_615_15_00),
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = NO_INSTALLER,
        [DRIVER_ARCH_AARCH64] = "d5a40daa72e011395721f2a3de8598b77c3271eec057948de9b3d1755d8d02bc",
    },
};

const DriverRelease driver_615_62_00 = {
    .version = {615, 62, 0},
    .parent = &driver_615_15_00,
    .qualified = true,
    .sha256 = {
        [DRIVER_ARCH_X86_64] = NO_INSTALLER,
        [DRIVER_ARCH_AARCH64] = "2f59d8a7b8901269e8df57e9ab968d4749959bf0a90a8637f248b1df8c4a2fdc",
    },
};
