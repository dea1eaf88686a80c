/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/listen-at.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"

/* #syscalls:before socket bind chmod listen rename unlink close */

/* Bind to a name beside the path, listen, and then rename the socket to the path. */
static bool bind_and_rename(int fd, const char *path, int backlog)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_autofree char *beside = g_strconcat(path, ".new", NULL);

    if (g_strlcpy(address.sun_path, beside, sizeof address.sun_path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return false;
    }
    unlink(beside);
    return bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
           chmod(beside, 0600) == 0 && listen(fd, backlog) == 0 && rename(beside, path) == 0;
}

int listen_at(const char *path, int type, int backlog, GError **error)
{
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || !bind_and_rename(fd, path, backlog)) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot listen on %s: %s",
                    path, g_strerror(errno));
        close_if_open(fd);
        fd = -1;
    }
    return fd;
}
