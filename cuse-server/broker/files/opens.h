/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The broker's own opens of CUSE nodes that are in progress. The kernel hands such an open to the worker,
 * which asks the broker's reader which file it is to be: so the broker gives every file its number, and an
 * open that is not listed here is not the broker's.
 *
 * Also: which numbers have been given away. None comes twice, so that what the broker notes of a file (who
 * opened it) is never another file's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

typedef struct Opens Opens;

Opens *opens_new(void);
void opens_free(Opens *opens);

/** opens_begin: from now on until opens_end() thread @tid opens device @device as file @file. A thread opens one
 * file at a time. */
void opens_begin(Opens *opens, pid_t tid, unsigned device, uint32_t file);
void opens_end(Opens *opens, pid_t tid);

/** opens_find: the file as which a thread opens a device; 0: it opens none. */
uint32_t opens_find(Opens *opens, pid_t tid, unsigned device);

/**
 * opens_spend: take a number that the worker has given to a new file.
 * @space: whose number it is: a file system's st_dev
 * Returns: false if it was a file's before, or may have been: it is far below others that were; or is of another
 * space than the last that opens_renew() named.
 */
bool opens_spend(Opens *opens, uint64_t space, uint64_t file);

/** opens_renew: from now on numbers are of this space, and begin anew. */
void opens_renew(Opens *opens, uint64_t space);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Opens, opens_free)
