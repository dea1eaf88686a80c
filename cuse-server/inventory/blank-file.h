/* SPDX-License-Identifier: Apache-2.0 */
/* What a simulated instance's worker gets in place of a host's device. */
#pragma once

#include <stdbool.h>

/**
 * blank_file_new: a file of its own, without content, that can be mapped at any offset that is a user's
 * address: files of nvidia-uvm are mapped where they are. It takes the memory that is touched.
 * Returns: a descriptor, or -1 with errno set.
 */
int blank_file_new(void);

/** blank_file_is_one: is it a file in memory, as they are? A simulated instance's worker has no others. */
bool blank_file_is_one(int fd);
