/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who opened the guests' files: what decides whose memory the worker is given for calls on them
 * (broker/identity/guest-rights.h). The worker says when a file is released. One that has fallen can make the broker forget,
 * or keep what is of no use any more: then memory is refused, or the oldest give way.
 */
#pragma once

#include <sys/types.h>

#include <glib.h>

#include "cuse-server/broker/identity/file-key.h"
#include "cuse-server/broker/identity/guest-rights.h"

typedef struct Openers Openers;

/** openers_new: @max: most files that are known at once. */
Openers *openers_new(unsigned max);
void openers_free(Openers *openers);

/** openers_note: a file was opened for a program of these rights. @rights is owned from now on. */
void openers_note(Openers *openers, FileKey file, GuestRights *rights);

/** openers_forget: a file is released. */
void openers_forget(Openers *openers, FileKey file);

/** openers_clear: all are: their worker has ended. One may be noted afterwards that was opened before: it is told from
 * those of the next worker by its key. */
void openers_clear(Openers *openers);

/** openers_count: how many files are known. */
unsigned openers_count(Openers *openers);

/**
 * openers_check: may a thread's memory be given out for a call on a file?
 * @directory: "/proc/TID", or a path to it that stays the thread's
 * Returns: 0, ESRCH: the thread is no more; EACCES: its program has rights that the opener had not, or nobody is
 * known to have opened the file.
 */
int openers_check(Openers *openers, FileKey file, const char *directory);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Openers, openers_free)
