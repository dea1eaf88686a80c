/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that the scenes of agent-mapper share. */
#pragma once

#include <sys/types.h>

#include "tests/guest/rm.h"

#define PAGE 4096UL
#define SIZE (4 * PAGE)

/** new_file: open a file that shows @SIZE bytes of new memory, the object @handle of @tree's. Ends the program if it fails. */
int new_file(const Tree *tree, NvHandle handle);

/** map: map @SIZE bytes of a file, shared. Returns: the address, or MAP_FAILED with errno set. */
void *map(int fd);

/** outcome: the result of mmap() in a word: "mapped", or the error. */
const char *outcome(const void *mapped);

/** ending: wait for a child to end. Returns: "ended well", "failed", or the signal that killed it. */
const char *ending(pid_t child);
