/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/mounts/node-fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/mounts/detached-mount.h"

/*
 * #syscalls:broker openat
 * #syscalls:before mknodat close
 */

int node_fs_new(GError **error)
{
    int fs = detached_tmpfs(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);

    if (fs < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot make a private file system for device nodes: %s (this needs root)",
                    g_strerror(errno));
    }
    return fs;
}

bool node_fs_add(int fs, const char *directory, const char *name, dev_t number, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/%s", directory, name);

    if (!make_parent_directories(fs, path) || mknodat(fs, path, S_IFCHR | 0600, number) < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot make a private node for device %u:%u (%s): %s", major(number),
                    minor(number), name, g_strerror(errno));
        return false;
    }
    return true;
}

int node_fs_open(int fs, const char *directory, const char *name, int flags)
{
    g_autofree char *path = g_strdup_printf("%s/%s", directory, name);

    return openat(fs, path, (flags & (O_ACCMODE | O_NONBLOCK)) | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY);
}

int host_node_open(unsigned major_no, unsigned minor_no, int flags, GError **error)
{
    int fs = node_fs_new(error);
    int fd = -1;

    if (fs < 0) {
        return -1;
    }
    if (node_fs_add(fs, "dev", "device", makedev(major_no, minor_no), error)) {
        fd = node_fs_open(fs, "dev", "device", flags);
        if (fd < 0) {
            g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                        "cannot open host device %u:%u: %s", major_no, minor_no, g_strerror(errno));
        }
    }
    int saved = errno;
    close(fs);
    errno = saved;
    return fd;
}
