/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/fd-keep.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* #syscalls:before close_range */

static int compare(const void *a, const void *b)
{
    int x = *(const int *)a;
    int y = *(const int *)b;

    return (x > y) - (x < y);
}

void fd_keep_only(int *keep, size_t n)
{
    unsigned next = 0;

    qsort(keep, n, sizeof *keep, compare);
    for (size_t i = 0; i < n; i++) {
        unsigned fd = (unsigned)keep[i];
        if (fd > next) {
            close_range(next, fd - 1, 0);
        }
        next = fd + 1;
    }
    close_range(next, UINT_MAX, 0);
}
