/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/runtime/runtime-update.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/oci/config/oci-update.h"

static char *read_input(gsize *length, GError **error)
{
    GIOChannel *input = g_io_channel_unix_new(STDIN_FILENO);
    char *text = NULL;

    if (g_io_channel_set_encoding(input, NULL, error) == G_IO_STATUS_NORMAL) {
        (void)g_io_channel_read_to_end(input, &text, length, error);
    }
    g_io_channel_unref(input);
    return text;
}

static char *read_resources(const char *path, gsize *length, GError **error)
{
    char *text = NULL;

    if (g_str_equal(path, "-")) {
        return read_input(length, error);
    }
    (void)g_file_get_contents(path, &text, length, error);
    return text;
}

/* Replace the standard input with a file in memory. */
static bool feed(const char *text, GError **error)
{
    size_t length = strlen(text);
    int fd = memfd_create("resources", MFD_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, length) == (ssize_t)length && lseek(fd, 0, SEEK_SET) == 0;

    if (ok && fd == STDIN_FILENO) { /* standard input was closed */
        return fcntl(fd, F_SETFD, 0) == 0;
    }
    ok = ok && dup2(fd, STDIN_FILENO) == STDIN_FILENO;

    if (!ok) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot pass the new limits to the runtime: %s", g_strerror(errno));
    }
    close_if_open(fd);
    return ok;
}

bool runtime_update_prepare(RuntimeArgs *args, RuntimeSyntax syntax, bool *dropped, GError **error)
{
    g_autofree char *text = NULL;
    g_autofree char *closed = NULL;
    gsize length;

    *dropped = false;
    if (!args->resources) {
        return true;
    }
    text = read_resources(args->resources, &length, error);
    closed = text ? oci_update_close(text, (gssize)length, dropped, error) : NULL;
    if (!closed || !feed(closed, error)) {
        g_prefix_error(error, "cannot read the new limits (--resources %s): ", args->resources);
        return false;
    }
    runtime_args_feed(args, syntax);
    return true;
}
