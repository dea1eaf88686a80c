/* SPDX-License-Identifier: Apache-2.0 */
/* Puts a thread under Landlock, the kernel's means by which a process restricts itself. Here it
 * permits nothing. */
#pragma once

#include <stdbool.h>

/**
 * landlock_restrict_all: put the calling thread, and everything that it starts, under all
 * restrictions that this kernel's version of Landlock knows. It can then not open, make, change or
 * execute anything in any file system, bind or connect a TCP port, reach an abstract socket
 * outside, or signal a process outside. Files that are already open, or arrive from other
 * processes, work as before. Needs no_new_privs.
 *
 * Returns: 1; 0 if the kernel has no Landlock, or was started without it; -1 with errno set.
 */
int landlock_restrict_all(void);
