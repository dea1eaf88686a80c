/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that guests get in place of the driver's: of the instance's CUSE devices, or of its FUSE file
 * system (worker/doors/transport.h). Here they are opened, and told from all others.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include <glib.h>

#include "cuse-server/broker/files/fresh-nodes.h"
#include "cuse-server/broker/files/opens.h"
#include "cuse-server/broker/identity/file-key.h"
#include "cuse-server/broker/workers/slots.h"
#include "cuse-server/wire/device.h"
#include "cuse-server/wire/transport-kind.h"

/**
 * StandIns: zero is none.
 * @name: the instance's
 * @nodes: CUSE: what they are opened by
 * @fs: what they are opened in, or -1: the FUSE file system; with CUSE it is there for the worker's starter to send
 * @slot: the instance's, of which its numbers are
 * @major_no: CUSE: the devices' major
 * @fs_number: its st_dev
 * @connection: FUSE: its open /dev/fuse, until the worker has it; or -1
 * @opens: of files in it that are in progress, and their numbers
 */
typedef struct {
    TransportKind transport;
    const char *name;
    const Device *devices;
    unsigned n_devices;
    FreshNodes *nodes;
    int fs;
    Slot slot;
    unsigned major_no;
    _Atomic dev_t fs_number;
    int connection;
    Opens *opens;
} StandIns;

/**
 * stand_ins_init: none yet.
 * @devices: the instance's; they outlive it
 */
void stand_ins_init(StandIns *stand_ins, TransportKind transport, const char *name,
                    const Device *devices, unsigned n_devices);

/** stand_ins_prepare: take what the worker is to be started with. Returns false with @error. */
bool stand_ins_prepare(StandIns *stand_ins, GError **error);

/**
 * stand_ins_renew: the same for another worker, the one before having ended: nothing to do for CUSE's, whose
 * numbers stay. Where the caller cannot, it has another process do it, and exchanges.
 */
bool stand_ins_renew(StandIns *stand_ins, GError **error);

/** stand_ins_exchange: from now on they are opened in @fs, which is closed. Other threads may go on using them. */
void stand_ins_exchange(StandIns *stand_ins, int fs, dev_t fs_number);

/** stand_ins_check: once the worker serves: can they be opened? Returns false with @error. */
bool stand_ins_check(const StandIns *stand_ins, GError **error);

/** stand_ins_wait_removed: once the worker has ended: false with @error if something stays. */
bool stand_ins_wait_removed(const StandIns *stand_ins, unsigned seconds, GError **error);

void stand_ins_clear(StandIns *stand_ins);

/**
 * stand_ins_open: open one. Waits for the worker.
 * @device: index into the devices
 * @flags: open(2) flags; only the access mode and O_NONBLOCK are used, O_CLOEXEC is added
 * @file: set to which it is; no file of the instance was that before
 * Returns: a descriptor that the caller owns, or -1 with errno set.
 */
int stand_ins_open(const StandIns *stand_ins, unsigned device, int flags, FileKey *file);

/**
 * stand_ins_open_in_advance: open one for a guest to come, read-write, without any status flag. The worker opens no host file
 * for it, until it is told that it is a guest's (WORKER_GIVEN).
 * @file, and what it returns: as for stand_ins_open()
 */
int stand_ins_open_in_advance(const StandIns *stand_ins, unsigned device, FileKey *file);

/**
 * stand_ins_opening: CUSE: the file as which a thread of the broker's opens a device at this moment; 0: none does.
 * Waits for nobody.
 */
uint32_t stand_ins_opening(const StandIns *stand_ins, pid_t tid, unsigned device);

/** stand_ins_stat: type and numbers of a file, as far as the kernel has them: its file system, which may be a
 * worker's or a guest's, is not asked. */
bool stand_ins_stat(int fd, struct stat *st);

/** stand_ins_device: the device that a file stands for, open or not. @st: from stand_ins_stat(). Returns -1 if it
 * is not one of ours. */
int stand_ins_device(const StandIns *stand_ins, int fd, const struct stat *st);

/**
 * stand_ins_identify: which open file a descriptor is of: of the file, or of its path (O_PATH). The kernel says so:
 * each open has an inode of its own, and the worker, which may have fallen, is not asked.
 * @file: set to which it is
 * Returns: 0 or EBADF: it is not of a file of ours.
 */
int stand_ins_identify(const StandIns *stand_ins, int fd, FileKey *file);

/** stand_ins_key: the file that the worker which serves now knows by this id; 0: what its files have in common. */
FileKey stand_ins_key(const StandIns *stand_ins, uint32_t id);
