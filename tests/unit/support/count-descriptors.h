/* SPDX-License-Identifier: Apache-2.0 */
/* Counting the open files of the test's process. */
#pragma once

#include <glib.h>

/** count_descriptors: Returns: how many descriptors are open, including the one that this function opens. */
static inline unsigned count_descriptors(void)
{
    g_autoptr(GDir) directory = g_dir_open("/proc/self/fd", 0, NULL);
    unsigned n = 0;

    while (g_dir_read_name(directory)) {
        n++;
    }
    return n;
}
