/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <unistd.h>

/** close_if_open: close a descriptor that may be -1, for none. */
static inline void close_if_open(int fd)
{
    if (fd >= 0) {
        close(fd);
    }
}
