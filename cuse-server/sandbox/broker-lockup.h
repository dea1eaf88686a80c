/* SPDX-License-Identifier: Apache-2.0 */
/* What the broker gives up once its instance stands: it goes on as root, with four capabilities. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * lockup_broker: for good, keep of the capabilities only CAP_SYS_PTRACE (guests' memory, descriptors
 * and /proc entries), CAP_DAC_OVERRIDE (walking to a path of a guest's, writing to the memory of one
 * that is not root's), CAP_KILL (the worker,
 * which is another user's) and CAP_MKNOD (a node for each file of a CUSE device that a guest opens: who may open
 * every node that there is, as root with CAP_DAC_OVERRIDE, gains little by it); no new privileges, no core dumps. Call it with one thread, after the
 * last mount, node and child process.
 */
bool lockup_broker(GError **error);
