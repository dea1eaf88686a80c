/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/sandbox/descriptor-table.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <glib.h>

/* #syscalls:before prlimit64 eventfd2 fcntl close */

void descriptor_table_reserve(unsigned files)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return;
    }
    const int size = (int)MIN(MIN((rlim_t)files, DESCRIPTOR_TABLE_MAX), limit.rlim_cur);
    const int any = size > 0 ? eventfd(0, EFD_CLOEXEC) : -1;
    if (any < 0) {
        return;
    }
    /* The kernel makes room in the table for the highest descriptor, and the table never becomes
     * smaller. */
    const int highest = fcntl(any, F_DUPFD_CLOEXEC, size - 1);
    if (highest >= 0) {
        close(highest);
    }
    close(any);
}
