/* SPDX-License-Identifier: Apache-2.0 */
/* The seccomp filter of a guest: which of its system calls the broker is asked about. */
#pragma once

#include <glib.h>

/**
 * open_filter_install: put the calling thread, and all it starts, under the filter. Read-write
 * opens that create nothing go to the listener; everything else, nearly all opens there are, stays
 * in the kernel. Calls of other ABIs (32-bit, x32) are not watched: the guest's nodes refuse to be
 * opened directly, so such a program finds no GPU.
 *
 * Needs CAP_SYS_ADMIN in the thread's user namespace, or no_new_privs.
 * Returns: the listener, a descriptor that the caller owns, or -1 with @error set.
 */
int open_filter_install(GError **error);
