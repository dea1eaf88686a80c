/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room without CUSE: the files that guests get are of a FUSE file system that is mounted nowhere, one
 * regular file for each of the instance's devices, in the directories that it has natively. The
 * kernel tells us of opens, ioctls, polls and last closes as it does for a CUSE device. Of ioctls it delivers all that
 * are the driver's: those of type 0x46 with the struct that their words say, UVM's plain numbers with the argument's
 * value (source: fs/fuse/ioctl.c, fuse_do_ioctl(); fs/ioctl.c keeps 1 and 2 for itself, which the driver has not).
 *
 * Each open has an inode of its own, whose number says which open file it is. So the broker, which is asked
 * about descriptors, has it from the kernel, which asks nobody, and no guest can change it.
 *
 * Only who holds the root of the file system can look a name up, and that is the broker. So an open is
 * its own if its thread has just looked the file up, and that of a guest, which opens its file anew through
 * /proc/self/fd, if not: that is refused.
 */
#pragma once

#include "cuse-server/worker/file-calls.h"

/*
 * The number of an inode: below, where in the tree it is; above, the id of the open file that it was looked
 * up for (of a directory on the way to it as well; the root's is 0). Device i's files are at
 * FUSE_FILES_FIRST_PLACE + i; the root is at 1.
 */
enum { FUSE_FILES_PLACE_BITS = 16, FUSE_FILES_FIRST_PLACE = 2 };

static inline unsigned fuse_files_place(uint64_t inode)
{
    return (unsigned)(inode & ((1u << FUSE_FILES_PLACE_BITS) - 1));
}

static inline uint64_t fuse_files_id(uint64_t inode)
{
    return inode >> FUSE_FILES_PLACE_BITS;
}

/* The mode of every one of them, as the kernel's own nodes of the driver are opened by everybody. */
#define FUSE_FILES_MODE 0666

/** fuse_files_session: a session for a source, which is to be given the file system's /dev/fuse; NULL: it
 * cannot be made. Takes the source's room. */
struct fuse_session *fuse_files_session(CallSource *source);
