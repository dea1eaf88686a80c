/* SPDX-License-Identifier: Apache-2.0 */
/* Host device nodes by number, whatever /dev looks like. */
#pragma once

#include <glib.h>
#include <sys/types.h>

/**
 * host_node_open: open the host's character device with a given number.
 * @major_no, @minor_no: the device, as registered with the kernel (/proc/devices)
 * @flags: open(2) flags; only O_ACCMODE and O_NONBLOCK are used, O_CLOEXEC and O_NOFOLLOW are added
 * @error: what the kernel said, with the device number
 *
 * The node is made on a file system that is mounted nowhere, so no path of the host or of a guest is
 * involved and a missing /dev/nvidia* does not matter. Needs CAP_MKNOD and CAP_SYS_ADMIN.
 *
 * Returns: a file descriptor that the caller owns, or -1 with @error set.
 */
int host_node_open(unsigned major_no, unsigned minor_no, int flags, GError **error);

/**
 * host_node_major: the major number the kernel gave a driver.
 * @name: as in the "Character devices" part of /proc/devices, for example "nvidia-uvm"
 *
 * Returns: the major number, or -1 with @error set (G_IO_ERROR_NOT_FOUND if it is not registered).
 */
int host_node_major(const char *name, GError **error);
