/* SPDX-License-Identifier: Apache-2.0 */
/* The parameters of a command that no table has. */
#pragma once

#include "tools/header-tree.h"

/**
 * new_params_describe: find the parameters of a new command or ioctl by its name, as the driver names them.
 *
 * Returns: (transfer full): "NV2080_CTRL_..._PARAMS, 40 bytes: pointer list, handle hClient", with each member that a handler would have to
 * know; NULL: there is no such struct.
 */
char *new_params_describe(const HeaderTree *tree, const char *number);
