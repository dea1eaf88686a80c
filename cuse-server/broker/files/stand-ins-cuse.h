/* SPDX-License-Identifier: Apache-2.0 */
/* Stand-ins that are files of CUSE devices. Private to stand-ins.c, whose header explains what the functions return. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include <glib.h>

#include "cuse-server/broker/files/stand-ins.h"

/** stand_ins_cuse_number: the number of a device. */
dev_t stand_ins_cuse_number(const StandIns *stand_ins, unsigned device);

/** stand_ins_cuse_prepare: take the major and make the nodes. Returns false with @error. */
bool stand_ins_cuse_prepare(StandIns *stand_ins, GError **error);

/** stand_ins_cuse_open: as stand_ins_open(), with all of @flags. */
int stand_ins_cuse_open(const StandIns *stand_ins, unsigned device, int flags, FileKey *file);

/** stand_ins_cuse_device: as stand_ins_device(). */
int stand_ins_cuse_device(const StandIns *stand_ins, const struct stat *st);

/** stand_ins_cuse_identify: as stand_ins_identify(): identify the file that a node opens. The nodes' numbers go on when the
 * worker is replaced, so no file has the number of a file of an earlier worker. */
int stand_ins_cuse_identify(const StandIns *stand_ins, const struct stat *st, FileKey *file);
