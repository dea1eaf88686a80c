/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens the host's files of an instance's devices, and checks such files when a worker sends them.
 *
 * A worker sends a host's file so that an agent uses it inside a guest. A compromised worker may send any file that it has.
 * So the broker lets only a host's file of the device that the guest's call is about into a guest.
 */
#pragma once

#include <stdbool.h>

#include "cuse-server/wire/device.h"

/**
 * HostFiles: describes which files are the host's.
 * @devices: the instance's devices
 * @simulated: the instance has no host files; it uses blank files instead
 * @mark: of host_driver_mark(): no file of another driver is opened; -1: of any
 */
typedef struct {
    const Device *devices;
    unsigned n_devices;
    bool simulated;
    int mark;
} HostFiles;

/**
 * host_files_have: returns true if @fd is an open file of the host's device (or a blank file, if simulated).
 * @fd: any descriptor, or -1
 * @device: the index of the device; for a device without a node, the result is false
 */
bool host_files_have(const HostFiles *files, int fd, unsigned device);

/**
 * host_files_open: open the host's file of a device (or a blank file, if simulated).
 * @nodes: a node file system with the host's devices in "dev", by name; -1 if simulated
 * @flags: open(2) flags, of which only the access mode is used
 * Returns: a descriptor that the caller owns, or -1 with errno set; ESTALE: the driver has changed since the mark.
 */
int host_files_open(const HostFiles *files, int nodes, unsigned device, int flags);

/**
 * host_driver_mark: open a file of the host's driver by which host_driver_is_marked() recognizes this loading of its module.
 * Returns: a descriptor that the caller owns, or -1 with errno set: ENOENT: the driver is not loaded.
 */
int host_driver_mark(void);

/**
 * host_driver_is_marked: check whether the driver that was loaded at host_driver_mark() has stayed loaded since. While a file of the
 * driver's is open, its module cannot be unloaded: so for a caller that has opened one before, the answer stays true.
 * @mark: of host_driver_mark(), or -1: true
 * Any other error of reading says nothing of that, for example EINTR while the driver waits for the host's suspension to end.
 * Source: fs/proc/inode.c, proc_reg_read_iter(): a file whose entry was removed cannot be read (EIO), also if a driver that is
 * loaded later makes an entry of the same name.
 */
bool host_driver_is_marked(int mark);

/** host_files_have_kind: returns true if @fd is an open file of one of the host's devices of this kind. */
bool host_files_have_kind(const HostFiles *files, int fd, DeviceKind kind);
