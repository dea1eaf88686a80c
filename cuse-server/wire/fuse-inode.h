/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the FUSE file system that the worker serves and the broker looks up (worker/doors/fuse-files.h). */
#pragma once

#include <stdint.h>

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
