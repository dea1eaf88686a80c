/* SPDX-License-Identifier: Apache-2.0 */
/* Locks up the broker once its instance stands. The broker stays root, but keeps only four capabilities. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * lockup_broker: give up privileges, for good. Sets no_new_privs, forbids core dumps, and keeps only these
 * capabilities:
 * - CAP_SYS_PTRACE: guests' memory, descriptors and /proc entries
 * - CAP_DAC_OVERRIDE: to walk to a guest's path, and to write to the memory of a guest that is not root's
 * - CAP_KILL: to end the worker, which runs as another user
 * - CAP_MKNOD: a node for each file of a CUSE device that a guest opens. Root with CAP_DAC_OVERRIDE may open every
 *   existing node anyway, so it gains little by this capability
 *
 * Call it with one thread, after the last mount and child process.
 */
bool lockup_broker(GError **error);
