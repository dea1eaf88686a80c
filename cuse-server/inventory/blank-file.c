/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/inventory/blank-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* #syscalls:broker memfd_create ftruncate fcntl close */

#define ADDRESSES_END (INT64_C(1) << 47)

int blank_file_new(void)
{
    int fd = memfd_create("nvcuse-simulated", MFD_CLOEXEC);

    if (fd >= 0 && ftruncate(fd, ADDRESSES_END) < 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

bool blank_file_is_one(int fd)
{
    return fcntl(fd, F_GET_SEALS) >= 0; /* fails for files that are not in memory */
}
