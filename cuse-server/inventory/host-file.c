/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/inventory/host-file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/mounts/node-fs.h"
#include "cuse-server/inventory/blank-file.h"

/*
 * #syscalls:broker newfstatat fstat fcntl pread64 close
 * #syscalls:before openat
 */

#define PROC_VERSION "/proc/driver/nvidia/version"

/* Returns true if @fd is an open file. A descriptor with O_PATH only refers to a path, and its file is not open. */
static bool is_open(int fd)
{
    int flags = fd < 0 ? -1 : fcntl(fd, F_GETFL);

    return flags >= 0 && !(flags & O_PATH);
}

bool host_files_have(const HostFiles *files, int fd, unsigned device)
{
    struct stat st;

    if (!is_open(fd) || device >= files->n_devices || !device_has_node(&files->devices[device]) ||
        fstat(fd, &st) < 0) {
        return false;
    }
    return files->simulated ? blank_file_is_one(fd)
                            : S_ISCHR(st.st_mode) && files->devices[device].number == st.st_rdev;
}

bool host_files_have_kind(const HostFiles *files, int fd, DeviceKind kind)
{
    for (unsigned i = 0; i < files->n_devices; i++) {
        if (files->devices[i].kind == kind && host_files_have(files, fd, i)) {
            return true;
        }
    }
    return false;
}

int host_files_open(const HostFiles *files, int nodes, unsigned device, int flags)
{
    if (device >= files->n_devices) {
        errno = EINVAL;
        return -1;
    }
    if (files->simulated) {
        return blank_file_new();
    }
    const int fd = node_fs_open(nodes, "dev", files->devices[device].name, flags & O_ACCMODE);
    /* Look at the mark only now: the open file keeps its driver from being unloaded. */
    if (!host_driver_is_marked(files->mark)) {
        close_if_open(fd);
        errno = ESTALE;
        return -1;
    }
    return fd;
}

int host_driver_mark(void)
{
    return open(PROC_VERSION, O_RDONLY | O_CLOEXEC);
}

bool host_driver_is_marked(int mark)
{
    char first;

    return mark < 0 || pread(mark, &first, sizeof first, 0) >= 0 || errno != EIO;
}
