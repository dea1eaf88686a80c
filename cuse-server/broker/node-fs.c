/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/node-fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <gio/gio.h>

int node_fs_new(GError **error)
{
    int context = fsopen("tmpfs", FSOPEN_CLOEXEC);
    int fs = -1;

    if (context >= 0 && fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0) {
        fs = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
    }
    if (fs < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot make a private file system for device nodes: %s (this needs root)",
                    g_strerror(errno));
    }
    if (context >= 0) {
        close(context);
    }
    return fs;
}

bool node_fs_add(int fs, const char *directory, const char *name, dev_t number, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/%s", directory, name);

    if ((mkdirat(fs, directory, 0755) < 0 && errno != EEXIST) ||
        mknodat(fs, path, S_IFCHR | 0600, number) < 0) {
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

int host_node_major(const char *name, GError **error)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents("/proc/devices", &text, NULL, error)) {
        return -1;
    }
    lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line && !g_str_has_prefix(*line, "Block devices"); line++) {
        char *end = NULL;
        guint64 number = g_ascii_strtoull(*line, &end, 10);
        if (end != *line && *end == ' ' && strcmp(end + 1, name) == 0 && number <= G_MAXINT) {
            return (int)number;
        }
    }
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                "the kernel has no character device driver named '%s' (see /proc/devices)", name);
    return -1;
}
