/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes that several control commands share. Driver file: ctrlxxxx.h. */
#pragma once

#include "abi/layout.h"

/* clang-format off */

/* Commands with this bit are the legacy set (privileged with 0x4000 as well). */
#define RM_GSS_LEGACY_MASK 0x8000

/* Bytes that the driver copies for one command, or for one list in it. */
#define RMAPI_PARAM_COPY_MAX_PARAMS_SIZE 1048576

ABI_STRUCT(NVXXXX_CTRL_XXX_INFO, 8,
    (NvU32, index),
    (NvU32, data))
