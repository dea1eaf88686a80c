/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes that can only be opened: the driver's capabilities (nvidia-caps) and IMEX channels. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/wire/device.h"
#include "version-tree/nv-caps.h"

/**
 * capability_nodes_add: append the devices that capabilities bring: the node of NV_CAP_FABRIC_IMEX_MGMT, if
 * this host has it, and with NV_CAP_RDMA what exported dma-bufs are held by.
 * @devices: room for DEVICES_MAX; @n: how many there are, updated; as below
 *
 * Sources, here and below: /proc/driver/nvidia/capabilities ("DeviceFileMinor"),
 * /proc/driver/nvidia/params ("ImexChannelCount"), /proc/devices.
 */
void capability_nodes_add(NvCaps caps, Device *devices, unsigned *n);

/**
 * mig_nodes_add: append the nodes of MIG's capabilities.
 * @mig: "config", "monitor" or both, joined by a comma; NULL or "none": neither
 * Returns: false with @error if the list is malformed, or this host does not have what it names.
 */
bool mig_nodes_add(const char *mig, Device *devices, unsigned *n, GError **error);

/**
 * imex_channels_add: append IMEX channels.
 * @list: numbers joined by commas; NULL or "none": no channel
 * Returns: as mig_nodes_add()
 */
bool imex_channels_add(const char *list, Device *devices, unsigned *n, GError **error);

/** mig_check, imex_channels_check: is this how such a list may be written? The host is not looked
 * at. */
bool mig_check(const char *mig, GError **error);
bool imex_channels_check(const char *list, GError **error);
