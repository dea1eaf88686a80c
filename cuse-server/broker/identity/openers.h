/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records the rights of the programs that opened the guests' files. These rights decide which callers' memory the worker gets
 * for calls on the files (broker/identity/guest-rights.h). The worker tells the broker when a file is released. A fallen
 * worker can make the broker forget a file that is still open: the broker then refuses memory for calls on it. Such a worker
 * can also make the broker keep a file that is released: the broker forgets the oldest files when there are too many.
 */
#pragma once

#include <sys/types.h>

#include <glib.h>

#include "cuse-server/broker/identity/file-key.h"
#include "cuse-server/broker/identity/guest-rights.h"

typedef struct Openers Openers;

/** openers_new: make an empty record. @max: maximum number of files that are known at once. */
Openers *openers_new(unsigned max);
void openers_free(Openers *openers);

/** openers_note: record that a program with these rights opened a file. Takes @rights over. If the record is full, forgets the
 * oldest file. */
void openers_note(Openers *openers, FileKey file, GuestRights *rights);

/** openers_forget: forget a file, which is released. */
void openers_forget(Openers *openers, FileKey file);

/** openers_clear: forget all files, because their worker has ended. A file of that worker may still be noted afterwards: its
 * key differs from the keys of the next worker's files. */
void openers_clear(Openers *openers);

/** openers_count: get the number of known files. */
unsigned openers_count(Openers *openers);

/**
 * openers_check: may a thread's memory be given out for a call on a file?
 * @directory: as for guest_rights_read()
 * Returns: 0, or ESRCH: the thread does not exist any more; EACCES: the thread's program has rights that the opener did not
 *     have, or the file's opener is not known.
 */
int openers_check(Openers *openers, FileKey file, const char *directory);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Openers, openers_free)
