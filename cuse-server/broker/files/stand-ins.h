/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens and identifies the stand-ins: the files that guests get instead of the driver's. They are files of the instance's
 * CUSE devices, or of its FUSE file system (worker/doors/transport.h).
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

/** StandInsOps: what the transport does; see stand-ins-ops.h. */
typedef struct StandInsOps StandInsOps;

/**
 * StandIns: the stand-ins of an instance.
 * @name: the name of the instance
 * @nodes: CUSE: the nodes by which stand-ins are opened
 * @fs: FUSE: the file system in which stand-ins are opened, or -1; CUSE: a file system of @nodes, only because the starter
 *     has to send a file
 * @slot: the instance's slot, which determines its minors and the worker's user id
 * @major_no: CUSE: the devices' major
 * @fs_number: FUSE: st_dev of @fs
 * @connection: FUSE: the open /dev/fuse of @fs, until the worker has it; or -1
 * @opens: the opens of stand-ins that are in progress, and the numbers of files that are spent
 */
typedef struct StandIns {
    const StandInsOps *ops;
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
 * stand_ins_init: initialize @stand_ins, without taking anything.
 * @devices: the instance's devices; they outlive @stand_ins
 */
void stand_ins_init(StandIns *stand_ins, TransportKind transport, const char *name,
                    const Device *devices, unsigned n_devices);

/** stand_ins_prepare: take what the worker is started with: a slot, and the major and the nodes (CUSE) or a new file system
 * (FUSE). Returns false with @error. */
bool stand_ins_prepare(StandIns *stand_ins, GError **error);

/**
 * stand_ins_renew: prepare for another worker, after the one before has ended. FUSE: mount a new file system, unless the
 * present one has had no worker yet. CUSE: do nothing, the numbers stay. A process that cannot mount has another process
 * call this (starter.h), and then calls stand_ins_exchange(). Returns false with @error.
 */
bool stand_ins_renew(StandIns *stand_ins, GError **error);

/** stand_ins_exchange: open stand-ins in the file system @fs from now on. The function closes the descriptor @fs. Other threads
 * may go on using @stand_ins. */
void stand_ins_exchange(StandIns *stand_ins, int fs, dev_t fs_number);

/** stand_ins_check: check, once the worker serves, that the kernel made all devices with their numbers (CUSE). Returns false
 * with @error. */
bool stand_ins_check(const StandIns *stand_ins, GError **error);

/** stand_ins_wait_removed: wait, once the worker has ended, until its devices are gone (CUSE), for each at most @seconds.
 * Returns false with @error if one stays. */
bool stand_ins_wait_removed(const StandIns *stand_ins, unsigned seconds, GError **error);

void stand_ins_clear(StandIns *stand_ins);

/**
 * stand_ins_open: open a stand-in. Waits for the worker.
 * @device: index into the devices
 * @flags: open(2) flags; only the access mode, O_NONBLOCK, O_SYNC, O_DSYNC and O_APPEND are used, O_CLOEXEC is added
 * @file: set to the key of the new file; no file of the instance had this key before
 * Returns: a descriptor that the caller owns, or -1 with errno set.
 */
int stand_ins_open(const StandIns *stand_ins, unsigned device, int flags, FileKey *file);

/**
 * stand_ins_open_in_advance: open a stand-in for a later guest, read-write, without any status flag. The worker asks for no
 * host file for it; WORKER_GIVEN brings the host file when a guest gets the stand-in.
 * @file, and the result: as for stand_ins_open()
 */
int stand_ins_open_in_advance(const StandIns *stand_ins, unsigned device, FileKey *file);

/**
 * stand_ins_opening: CUSE: return the id of the file as which a broker thread opens a device at this moment; 0: the thread
 * does not open it. Never blocks.
 */
uint32_t stand_ins_opening(const StandIns *stand_ins, pid_t tid, unsigned device);

/** stand_ins_stat: get the type and the numbers of a file, as the kernel has them stored. The kernel does not ask the file
 * system, which a worker or a guest may serve. Returns false with errno set. */
bool stand_ins_stat(int fd, struct stat *st);

/** stand_ins_device: return the index of the device that a file stands for; @fd may be open or O_PATH. Returns -1 if the file is
 * not a stand-in of this instance. @st: from stand_ins_stat() */
int stand_ins_device(const StandIns *stand_ins, int fd, const struct stat *st);

/**
 * stand_ins_identify: find which stand-in a descriptor refers to. The descriptor may be an open file, or only a path (O_PATH).
 * Each open has its own inode, so the kernel alone gives the answer; the worker, which may be compromised, is not asked.
 * @file: set to the key of the file
 * Returns: 0, or EBADF if the descriptor does not refer to a stand-in of this instance.
 */
int stand_ins_identify(const StandIns *stand_ins, int fd, FileKey *file);

/** stand_ins_key: return the key of the file that the present worker knows by this id. For id 0, return the part of the key that
 * all files of this worker share (file_key_space()). */
FileKey stand_ins_key(const StandIns *stand_ins, uint32_t id);
