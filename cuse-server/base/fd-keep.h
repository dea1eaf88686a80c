/* SPDX-License-Identifier: Apache-2.0 */
/* For a child that goes on without exec: of all inherited files, keep a few. */
#pragma once

#include <stddef.h>

/** fd_keep_only: close every descriptor that is not in @keep, which is sorted on the way. */
void fd_keep_only(int *keep, size_t n);
