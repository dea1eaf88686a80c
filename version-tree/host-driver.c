/* SPDX-License-Identifier: Apache-2.0 */
#include "version-tree/host-driver.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "abi/nv-ioctl.h"

/* Call NV_ESC_CHECK_VERSION_STR once. @tolerated: an errno with which the driver still answers, or 0 */
static gboolean check_version_str(int fd, NvU32 cmd, int tolerated, char *answer, GError **error)
{
    nv_ioctl_rm_api_version_t params = {.cmd = cmd};
    int saved;

    if (ioctl(fd, _IOWR(NV_IOCTL_MAGIC, NV_ESC_CHECK_VERSION_STR, params), &params) < 0 &&
        errno != tolerated) {
        saved = errno;
        g_set_error(error, DRIVER_ERROR, DRIVER_ERROR_HOST, "NV_ESC_CHECK_VERSION_STR failed: %s",
                    g_strerror(saved));
        return FALSE;
    }
    if (params.reply != NV_RM_API_VERSION_REPLY_RECOGNIZED) {
        g_set_error(error, DRIVER_ERROR, DRIVER_ERROR_HOST,
                    "the driver does not recognize NV_ESC_CHECK_VERSION_STR (reply %u)",
                    params.reply);
        return FALSE;
    }
    memcpy(answer, params.versionString, sizeof params.versionString);
    answer[sizeof params.versionString] = '\0';
    return TRUE;
}

gboolean host_driver_version(int control_fd, DriverVersion *version, GError **error)
{
    char answer[sizeof(((nv_ioctl_rm_api_version_t *)0)->versionString) + 1];

    if (!check_version_str(control_fd, NV_RM_API_VERSION_CMD_QUERY, 0, answer, error)) {
        return FALSE;
    }
    if (*answer == '\0' &&
        !check_version_str(control_fd, NV_RM_API_VERSION_CMD_STRICT, EINVAL, answer, error)) {
        return FALSE;
    }
    if (!driver_version_parse(answer, version, error)) {
        g_prefix_error(error, "unexpected answer to NV_ESC_CHECK_VERSION_STR: ");
        return FALSE;
    }
    return TRUE;
}
