/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/wire/worker-spec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gio/gio.h>

/* #syscalls:before memfd_create pwrite64 pread64 fcntl close */

enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL };

int worker_spec_write(const WorkerSpec *spec, GError **error)
{
    int fd = memfd_create("nvcuse-worker-spec", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd >= 0 && pwrite(fd, spec, sizeof *spec, 0) == (ssize_t)sizeof *spec &&
        fcntl(fd, F_ADD_SEALS, SEALS) == 0) {
        return fd;
    }
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                "cannot write the worker's specification to memory: %s", g_strerror(errno));
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

bool worker_spec_read(int fd, WorkerSpec *spec, GError **error)
{
    ssize_t n = pread(fd, spec, sizeof *spec, 0);

    if (n == (ssize_t)sizeof *spec && spec->size == sizeof *spec &&
        fcntl(fd, F_GET_SEALS) == SEALS &&
        memchr(spec->instance.name, '\0', sizeof spec->instance.name) &&
        spec->instance.n_devices <= DEVICES_MAX && spec->n_fds <= DEVICES_MAX) {
        return true;
    }
    g_set_error(
        error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
        "invalid worker specification on descriptor %d: nvcuse starts nvcuse-worker by itself, "
        "it cannot be started by hand",
        fd);
    return false;
}
