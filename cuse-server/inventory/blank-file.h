/* SPDX-License-Identifier: Apache-2.0 */
/* Blank files: what the worker of a simulated instance gets instead of the host's devices. */
#pragma once

#include <stdbool.h>

/**
 * blank_file_new: make a new file without content. Its size covers all user addresses as offsets, because guests map
 * nvidia-uvm at an offset that equals the address. It uses memory only for pages that are touched.
 * Returns: a descriptor that the caller owns, or -1 with errno set.
 */
int blank_file_new(void);

/** blank_file_is_one: returns true if @fd is a file in memory of a blank file's size. Of the files that a worker
 * of a simulated instance has, only its blank files are. */
bool blank_file_is_one(int fd);
