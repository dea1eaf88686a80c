/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Report what a container sees and can do, one fact per line, in a fixed order: the reports of two containers are compared
 * with diff. No line depends on numbers that the kernel assigns anew each time.
 *
 * usage: tightness [NAMESPACE=LINK]...
 *
 * The words name the host's namespaces: "net=net:[4026531840]".
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/hostile/tightness/fact.h"

int main(int argc, char **argv)
{
    (void)argc;
    /* First what was there at the start, before this program opens a file itself. */
    report_inherited();
    report_identity(argv + 1);
    report_limits();
    umask(0);
    const Guest guest = guest_start();
    /* Acts that make the kernel load modules come before reports that show the modules. */
    report_sockets();
    report_acts();
    report_devices();
    report_mounts();
    report_proc_and_sys();
    report_processes(&guest);
    report_syscalls();
    guest_end(&guest);
    (void)printf("that is all\n");
    return EXIT_SUCCESS;
}
