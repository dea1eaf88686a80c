/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes on a file system that is mounted nowhere: a device is opened by its number, whatever
 * /dev looks like, and no path of the host or of a guest is involved. The descriptor of the file
 * system is all there is of it. Making one needs CAP_SYS_ADMIN, making nodes CAP_MKNOD.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

/** node_fs_new: a new, empty one. Returns a descriptor that the caller closes, or -1 with @error
 * set. */
int node_fs_new(GError **error);

/**
 * node_fs_add: make a character device node.
 * @directory: made if it is not there; readlink(/proc/PID/fd/N) of an opened node shows the path
 *     /directory/name, so "dev" and "nvidiactl" look as they do natively
 */
bool node_fs_add(int fs, const char *directory, const char *name, dev_t number, GError **error);

/**
 * node_fs_open: open a node.
 * @flags: open(2) flags; only the access mode and O_NONBLOCK are used, O_CLOEXEC and O_NOFOLLOW are
 * added Returns: a descriptor that the caller owns, or -1 with errno set.
 */
int node_fs_open(int fs, const char *directory, const char *name, int flags);

/**
 * host_node_open: open one host device by number, once.
 * Returns: a descriptor that the caller owns, or -1 with @error set (and errno).
 */
int host_node_open(unsigned major_no, unsigned minor_no, int flags, GError **error);
