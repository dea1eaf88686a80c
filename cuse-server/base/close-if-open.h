/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <unistd.h>

/** close_if_open: close a descriptor, unless it is -1 (no descriptor). */
static inline void close_if_open(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}
