/* SPDX-License-Identifier: Apache-2.0 */
/* How many files the test's process has open. */
#pragma once

#include <glib.h>

/** count_descriptors: of them all, one more for the look. */
static inline unsigned count_descriptors(void)
{
    g_autoptr(GDir) directory = g_dir_open("/proc/self/fd", 0, NULL);
    unsigned n = 0;

    while (g_dir_read_name(directory)) {
        n++;
    }
    return n;
}
