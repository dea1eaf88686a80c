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
 */
typedef struct {
    const Device *devices;
    unsigned n_devices;
    bool simulated;
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
 * Returns: a descriptor that the caller owns, or -1 with errno set.
 */
int host_files_open(const HostFiles *files, int nodes, unsigned device, int flags);

/** host_files_have_kind: returns true if @fd is an open file of one of the host's devices of this kind. */
bool host_files_have_kind(const HostFiles *files, int fd, DeviceKind kind);
