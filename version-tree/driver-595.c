/* SPDX-License-Identifier: Apache-2.0 */
/* Driver series 595. A new release is a node below and the rows that it changes. */
#include "version-tree/driver-rows.h"

/* clang-format off: one row per line */

const DriverNode driver_595_71_05 = {
    .version = {595, 71, 5},
    .parent = &driver_590_48_01,
};
