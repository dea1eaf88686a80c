/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container sees and can do, one fact a line, in an order that does not change: the reports of two containers are
 * compared with diff. Nothing in a line depends on numbers that the kernel gives out anew each time.
 *
 * usage: tightness [NAMESPACE=LINK]...
 *
 * The words say what the host's namespaces are: "net=net:[4026531840]".
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/hostile/tightness/fact.h"

int main(int argc, char **argv)
{
    (void)argc;
    /* First what was there at the start, before this program opens anything itself. */
    report_inherited();
    report_identity(argv + 1);
    report_limits();
    umask(0);
    const Guest guest = guest_start();
    /* What asks the kernel for modules comes before what shows that they are there. */
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
