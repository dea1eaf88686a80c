/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's files of an instance's devices: they are opened here.
 *
 * Files that a worker sends, for something to be done with them in a guest. A worker that has fallen sends what it
 * likes of what it has: nothing but a host's file of the very device that the guest's call is about gets into a guest.
 */
#pragma once

#include <stdbool.h>

#include "cuse-server/wire/device.h"

/**
 * HostFiles: which files are the host's.
 * @devices: the instance's
 * @simulated: there are none; blank files stand for them
 */
typedef struct {
    const Device *devices;
    unsigned n_devices;
    bool simulated;
} HostFiles;

/**
 * host_files_have: is it open, on the host's device?
 * @fd: any descriptor, or -1
 * @device: the index of the device; one of those that have no node has no file of the host's
 */
bool host_files_have(const HostFiles *files, int fd, unsigned device);

/**
 * host_files_open: open one of them.
 * @nodes: a node file system with the host's devices in "dev", by name; -1 if they are simulated
 * @flags: open(2) flags, of which the access mode counts
 * Returns: a descriptor that the caller owns, or -1 with errno set.
 */
int host_files_open(const HostFiles *files, int nodes, unsigned device, int flags);

/** host_files_have_kind: is it open, on one of the host's devices of that kind? */
bool host_files_have_kind(const HostFiles *files, int fd, DeviceKind kind);
