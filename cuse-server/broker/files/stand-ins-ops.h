/* SPDX-License-Identifier: Apache-2.0 */
/* What the two kinds of stand-ins do differently: one table for each. Private to stand-ins.c, whose header explains what the functions
 * return. */
#pragma once

#include "cuse-server/broker/files/stand-ins.h"

/**
 * StandInsOps: the functions of a transport.
 * @prepare: take what the worker is started with, beside the slot
 * @renew: as stand_ins_renew()
 * @check, @wait_removed: as the functions of these names. NULL: there is nothing to check, or to wait for
 * @open: as stand_ins_open(), with all of @flags, among which O_APPEND is OPEN_IN_ADVANCE
 * @device, @identify: as the functions of these names
 * @space: what all keys of the present worker's files share; see file_key()
 */
struct StandInsOps {
    bool (*prepare)(StandIns *stand_ins, GError **error);
    bool (*renew)(StandIns *stand_ins, GError **error);
    bool (*check)(const StandIns *stand_ins, GError **error);
    bool (*wait_removed)(const StandIns *stand_ins, unsigned seconds, GError **error);
    int (*open)(const StandIns *stand_ins, unsigned device, int flags, FileKey *file);
    int (*device)(const StandIns *stand_ins, int fd, const struct stat *st);
    int (*identify)(const StandIns *stand_ins, int fd, const struct stat *st, FileKey *file);
    dev_t (*space)(const StandIns *stand_ins);
};

/** stand_ins_cuse_ops: stand-ins are files of CUSE devices (stand-ins-cuse.c). */
extern const StandInsOps stand_ins_cuse_ops;

/** stand_ins_fuse_ops: stand-ins are files of a FUSE file system (stand-ins-fuse.c). */
extern const StandInsOps stand_ins_fuse_ops;
