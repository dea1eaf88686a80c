/* SPDX-License-Identifier: Apache-2.0 */
/* What a container of another runtime gets of an instance: its nodes and its view of /proc. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/wire/device.h"

/**
 * container_nodes_new: the instance's nodes, with the host's numbers, in a file system mounted
 * nodev and attached nowhere: stat is right, opening one is EACCES for everyone, root included.
 * Returns: a descriptor that the caller closes, or -1 with @error.
 */
int container_nodes_new(const Device *devices, unsigned n_devices, GError **error);

/** container_node_names: their names, joined by commas; the caller frees it. */
char *container_node_names(const Device *devices, unsigned n_devices);

/**
 * container_files_attach: bind the nodes into a container's /dev and put the view over its
 * /proc/driver/nvidia. The caller is in the container's mount namespace, with the container's root
 * not yet entered; paths are resolved inside it, whatever links there are.
 * @rootfs: where it is
 * @names: as of container_node_names()
 * @nodes, @proc_view: detached mounts; used up
 */
bool container_files_attach(const char *rootfs, const char *names, int nodes, int proc_view,
                            GError **error);
