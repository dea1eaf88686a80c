/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock, the kernel's wall that a process may build around itself: here, with no door. */
#pragma once

#include <stdbool.h>

/**
 * landlock_restrict_all: from now on the calling thread, and what it starts, can open, make, change
 * or execute nothing in any file system, bind and connect no TCP port, reach no abstract socket and
 * signal no process outside: as much of it as this kernel's version of Landlock knows. Files that
 * are open already, or arrive from other processes, go on as before. Needs no_new_privs.
 *
 * Returns: 1; 0 if the kernel has no Landlock, or was started without it; -1 with errno set.
 */
int landlock_restrict_all(void);
