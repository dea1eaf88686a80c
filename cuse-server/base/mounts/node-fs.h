/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes on a file system that is not mounted anywhere. With them a device is opened by its number,
 * independently of /dev and of any path of the host or of a guest. The file system exists only as long as its
 * descriptor. Making the file system needs CAP_SYS_ADMIN; making nodes needs CAP_MKNOD.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

/** node_fs_new: make an empty file system for nodes. Returns a descriptor that the caller closes, or -1 with @error
 * set. */
int node_fs_new(GError **error);

/**
 * node_fs_add: make a character device node.
 * @directory: the node's directory, made if it does not exist. readlink(/proc/PID/fd/N) of an opened node shows
 *     the path /directory/name, so "dev" and "nvidiactl" look as they do natively
 */
bool node_fs_add(int fs, const char *directory, const char *name, dev_t number, GError **error);

/**
 * node_fs_open: open a node.
 * @flags: open(2) flags. Only the access mode and O_NONBLOCK are used; O_CLOEXEC, O_NOFOLLOW and O_NOCTTY are added.
 * Returns: a descriptor that the caller owns, or -1 with errno set.
 */
int node_fs_open(int fs, const char *directory, const char *name, int flags);

/**
 * host_node_open: open a device of the host by its number, through a temporary file system.
 * Returns: a descriptor that the caller owns, or -1 with @error set (and errno).
 */
int host_node_open(unsigned major_no, unsigned minor_no, int flags, GError **error);
