/* SPDX-License-Identifier: Apache-2.0 */
/* Inode numbers of the FUSE file system that the worker serves and the broker looks up (worker/doors/fuse-files.h). */
#pragma once

#include <stdint.h>

/*
 * Layout of an inode number. The low FUSE_FILES_PLACE_BITS bits are the place in the tree. The bits above are the id of the
 * open file for which the inode was looked up. Directories on the way to that file carry the same id. The root has id 0.
 * Places: the root is 1, device i's file is FUSE_FILES_FIRST_PLACE + i.
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

/* The mode of every file here: the kernel's own nodes of the driver can be opened by everybody, too. */
#define FUSE_FILES_MODE 0666
