/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The FUSE door: guests get files of a FUSE file system that is mounted nowhere. It has one regular file for each of the
 * instance's devices, in the same directories as on the host. The kernel tells the worker of opens, ioctls, polls and last
 * closes as it does for a CUSE device. It delivers all of the driver's ioctls: those of type 0x46 with the struct that their
 * words describe, UVM's plain numbers with the argument's value (source: fs/fuse/ioctl.c, fuse_do_ioctl(); fs/ioctl.c keeps
 * 1 and 2 for itself, which the driver does not use).
 *
 * Each open has an inode of its own. The inode's number contains the id of the open file. So when the worker asks the broker
 * about a descriptor, the broker gets the id from the kernel, which needs no answer from the worker for that. No guest can
 * change the number.
 *
 * Looking up a name takes a descriptor of the file system's root, and only the broker has one. So if the opening thread has
 * just looked the file up, the open is the broker's. Otherwise a guest is opening its file anew through /proc/self/fd. That
 * open is refused.
 */
#pragma once

#include "cuse-server/wire/fuse-inode.h"
#include "cuse-server/worker/doors/file-calls.h"

/** fuse_files_session: create a session for a source. The caller then gives it the file system's /dev/fuse. Sets the source's
 * @room. Returns NULL if the session cannot be created. */
struct fuse_session *fuse_files_session(CallSource *source);
