/* SPDX-License-Identifier: Apache-2.0 */
/* Closes inherited files, except a few, in a child that does not call exec. */
#pragma once

#include <stddef.h>

/** fd_keep_only: close every descriptor that is not in @keep. Sorts @keep. */
void fd_keep_only(int *keep, size_t n);
