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

#include "cuse-server/wire/fuse-inode.h"
#include "cuse-server/worker/doors/file-calls.h"

/** fuse_files_session: a session for a source, which is to be given the file system's /dev/fuse; NULL: it
 * cannot be made. Takes the source's room. */
struct fuse_session *fuse_files_session(CallSource *source);
