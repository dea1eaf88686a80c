/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/sandbox/detached-tmpfs.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mount.h>
#include <unistd.h>

int detached_tmpfs(unsigned attributes)
{
    int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
    int mount = -1;
    int saved;

    if (context < 0) {
        return -1;
    }
    if (fsconfig(context, FSCONFIG_SET_STRING, "mode", "0755", 0) == 0 &&
        fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0) {
        mount = fsmount(context, FSMOUNT_CLOEXEC, attributes);
    }
    saved = errno;
    close(context);
    errno = saved;
    return mount;
}
