/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists the broker's own opens of CUSE nodes that are in progress. The kernel hands such an open to the worker. The worker
 * asks the broker's reader for the file's number. So the broker numbers every file, and an open that is not listed here was
 * not made by the broker.
 *
 * Also remembers which numbers the worker has given to files (FUSE). The broker accepts each number only once, so that
 * what it notes about a file (its opener) never applies to another file.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

typedef struct Opens Opens;

Opens *opens_new(void);
void opens_free(Opens *opens);

/** opens_begin: note that thread @tid opens device @device as file @file, from now on until opens_end(). A thread opens one
 * file at a time. */
void opens_begin(Opens *opens, pid_t tid, unsigned device, uint32_t file);
void opens_end(Opens *opens, pid_t tid);

/** opens_find: return the number of the file as which a thread opens a device; 0: the thread does not open it now. */
uint32_t opens_find(Opens *opens, pid_t tid, unsigned device);

/**
 * opens_spend: mark a number as used, when the worker has given it to a new file.
 * @space: the st_dev of the file system that the number belongs to
 * Returns: false if the number must not be used: it is out of range (1 to INT32_MAX), a file had it before, it is so far
 * below the highest number that a file may have had it before, or @space is not the one that the last opens_renew() named.
 */
bool opens_spend(Opens *opens, uint64_t space, uint64_t file);

/** opens_renew: accept only numbers of this space from now on, and forget all spent numbers. */
void opens_renew(Opens *opens, uint64_t space);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Opens, opens_free)
