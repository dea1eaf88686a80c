/* SPDX-License-Identifier: Apache-2.0 */
/* Driver series 595. */
#include "version-tree/driver-rows.h"

/* clang-format off */

const DriverNode driver_595_71_05 = {
    .version = {595, 71, 5},
    .parent = &driver_590_48_01,
};
