/* SPDX-License-Identifier: Apache-2.0 */
/* How a process under a system call filter ends. */
#pragma once

#include <stdbool.h>

#include <glib.h>

enum { ALIVE = 7 };

/**
 * filtered: have a child do something under a filter.
 * @install: puts the child under it
 * @what: may end the child itself
 * Returns: ALIVE if @what came to its end, else the child's exit status, or the signal that ended it, negative.
 */
int filtered(bool (*install)(GError **error), void (*what)(void));
