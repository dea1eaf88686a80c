/* SPDX-License-Identifier: Apache-2.0 */
/* What the scenes of agent-mapper share. */
#pragma once

#include <sys/types.h>

#include "tests/guest/rm.h"

#define PAGE 4096UL
#define SIZE (4 * PAGE)

/** new_file: a file that shows @SIZE bytes of new memory, the object @handle of @tree's. Ends the program if it cannot be. */
int new_file(const Tree *tree, NvHandle handle);

/** map: @SIZE bytes of a file, shared. Returns: MAP_FAILED with errno set, or where. */
void *map(int fd);

/** outcome: what mmap() returned, in a word: "mapped", or the error. */
const char *outcome(const void *mapped);

/** ending: wait for a child to end; says how: "ended well", "failed", or the signal that killed it. */
const char *ending(pid_t child);
