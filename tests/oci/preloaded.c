/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A library of a hostile image. Every program of the host's that loads it, as a preloaded library, an auditor, a library or a
 * module by another name, leaves its name in /run/oci/preloaded, which does not exist for programs in the container.
 */
#include <link.h>
#include <stdio.h>
#include <unistd.h>

static void leave_name(void)
{
    char program[256] = "";
    FILE *file = fopen("/run/oci/preloaded", "ae");

    if (file) {
        ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
        (void)fprintf(file, "%s\n", length > 0 ? program : "?");
        (void)fclose(file);
    }
}

__attribute__((constructor)) static void on_load(void)
{
    leave_name();
}

/* The loader asks an auditor for its version before it uses it. */
unsigned la_version(unsigned version)
{
    leave_name();
    return version;
}
