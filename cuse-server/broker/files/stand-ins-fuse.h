/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-ins that are files of a FUSE file system. Private to stand-ins.c, whose header explains what the functions return. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <glib.h>

#include "cuse-server/broker/files/stand-ins.h"

/** stand_ins_fuse_prepare: mount a new file system. Returns false with @error. */
bool stand_ins_fuse_prepare(StandIns *stand_ins, GError **error);

/** stand_ins_fuse_open: as stand_ins_open(), with all of @flags. */
int stand_ins_fuse_open(const StandIns *stand_ins, unsigned device, int flags, FileKey *file);

/** stand_ins_fuse_device: as stand_ins_device(). @node: set to the inode's number, or 0 */
int stand_ins_fuse_device(const StandIns *stand_ins, int fd, const struct stat *st, uint64_t *node);

/** stand_ins_fuse_identify: as stand_ins_identify(). */
int stand_ins_fuse_identify(const StandIns *stand_ins, int fd, const struct stat *st,
                            FileKey *file);
