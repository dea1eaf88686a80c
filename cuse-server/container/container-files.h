/* SPDX-License-Identifier: Apache-2.0 */
/* Attaches an instance to a container of another runtime: the instance's device nodes and its view
 * of /proc. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/container/guest-filter.h"
#include "cuse-server/wire/device.h"

/**
 * container_nodes_new: make the instance's nodes, with the host's numbers, in a new file system. It
 * is mounted nodev and attached nowhere. stat() on a node shows the right numbers; opening a node
 * fails with EACCES for everyone, root included.
 * Returns: a descriptor that the caller closes, or -1 with @error.
 */
int container_nodes_new(const Device *devices, unsigned n_devices, GError **error);

/** container_node_names: the names of the nodes, joined by commas. A '*' stands behind the name of a node that can only be
 * opened (DEVICE_OPEN_ONLY), and a '+' at the end of the list if @needs has .all_opens. The caller frees the string. */
char *container_node_names(const Device *devices, unsigned n_devices, const FilterNeeds *needs);

/** container_node_needs: get the needs of the instance's filter. @names: as container_node_names() returns them */
FilterNeeds container_node_needs(const char *names);

/**
 * container_files_attach: bind the nodes into a container's /dev and mount the view over its
 * /proc/driver/nvidia.
 * The caller is in the container's mount namespace, but has not entered the container's root. Paths
 * are resolved inside that root, and links are not followed: a link in the place of a node is
 * removed, any other link on the way is an error.
 * @rootfs: path of the container's root
 * @names: as container_node_names() returns them
 * @nodes, @proc_view: detached mounts; used up by this call
 */
bool container_files_attach(const char *rootfs, const char *names, int nodes, int proc_view,
                            GError **error);
