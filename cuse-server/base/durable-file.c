/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/durable-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

/*
 * #syscalls:before openat write close fchown fchmod fsync unlink
 */

static bool fail(GError **error, const char *what, const char *path)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot %s %s: %s", what, path,
                g_strerror(errno));
    return false;
}

static bool write_all(int fd, const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        ssize_t n = write(fd, text, left);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        text += MAX(n, 0);
        left -= (size_t)MAX(n, 0);
    }
    return true;
}

bool durable_file_write(const char *path, const char *text, const struct stat *like, GError **error)
{
    int fd;
    bool ok;

    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fail(error, "make", path);
    }
    ok = write_all(fd, text) && fchown(fd, like->st_uid, like->st_gid) == 0 &&
         fchmod(fd, like->st_mode & 07777) == 0 && fsync(fd) == 0;
    if (!ok) {
        fail(error, "write", path);
    }
    close(fd);
    return ok;
}

bool durable_file_sync_directory(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (!ok) {
        fail(error, "write", path);
    }
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}
