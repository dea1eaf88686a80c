/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the host's driver for its version. */
#pragma once

#include "version-tree/driver-version.h"

/**
 * host_driver_version: ask the resource manager for its version.
 * @control_fd: an open /dev/nvidiactl (195:255); access mode does not matter
 * @version: set on success
 * @error: DRIVER_ERROR_HOST if the driver does not answer, DRIVER_ERROR_PARSE if the answer is not a
 * version
 *
 * Calls NV_ESC_CHECK_VERSION_STR (nv.c:nvidia_ioctl, osapi.c:rm_perform_version_check) with the command
 * "query". Drivers before 530.30.02 do not have that command and leave the string empty. In that case this calls
 * NV_ESC_CHECK_VERSION_STR again with the strict check: such drivers then write their own version back and fail with
 * EINVAL.
 */
gboolean host_driver_version(int control_fd, DriverVersion *version, GError **error);
