/* SPDX-License-Identifier: Apache-2.0 */
/* Which driver the host runs, asked of the driver itself. */
#pragma once

#include "version-tree/driver-version.h"

/**
 * host_driver_version: ask the resource manager for its version.
 * @control_fd: an open /dev/nvidiactl (195:255); access mode does not matter
 * @version: set on success
 * @error: DRIVER_ERROR_HOST if the driver does not answer, DRIVER_ERROR_PARSE if the answer is no
 * version
 *
 * NV_ESC_CHECK_VERSION_STR (nv.c:nvidia_ioctl, osapi.c:rm_perform_version_check) with the command
 * "query". Drivers before 530.30.02 do not know that command and leave the string empty; asked
 * again with the strict check they write their own version back and fail with EINVAL.
 */
gboolean host_driver_version(int control_fd, DriverVersion *version, GError **error);
