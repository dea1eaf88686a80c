/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/mounts/detached-mount.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>

static bool set_options(int context, const MountOption *options)
{
    for (; options->key; options++) {
        unsigned kind = options->value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
        if (fsconfig(context, kind, options->key, options->value, 0) < 0) {
            return false;
        }
    }
    return true;
}

int detached_mount(const char *type, const MountOption *options, unsigned attributes)
{
    int context = fsopen(type, FSOPEN_CLOEXEC);
    int mount = -1;
    int saved;

    if (context < 0) {
        return -1;
    }
    if (set_options(context, options) &&
        fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0) {
        mount = fsmount(context, FSMOUNT_CLOEXEC, attributes);
    }
    saved = errno;
    close(context);
    errno = saved;
    return mount;
}

int detached_tmpfs(unsigned attributes)
{
    static const MountOption options[] = {{"mode", "0755"}, {NULL, NULL}};

    return detached_mount("tmpfs", options, attributes);
}

bool make_parent_directories(int directory, const char *path)
{
    for (const char *at = path; (at = strchr(at, '/')); at++) {
        g_autofree char *parent = g_strndup(path, (gsize)(at - path));
        if (mkdirat(directory, parent, 0755) < 0 && errno != EEXIST) {
            return false;
        }
    }
    return true;
}
