/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists the devices that an instance has beside its GPUs because an option gives it more: the driver's capabilities
 * (nvidia-caps) and IMEX channels, whose nodes guests can only open, and the device for exported dma-bufs, which has no
 * node.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/wire/device.h"
#include "version-tree/nv-caps.h"

/**
 * capability_devices_add: append the devices that belong to capabilities: for NV_CAP_FABRIC_IMEX_MGMT its node, if
 * this host has it; for NV_CAP_RDMA the device without a node that holds exported dma-bufs (DEVICE_DMA_BUF).
 * @devices: room for DEVICES_MAX; @n: how many there are, which the function updates. All functions below use them so.
 *
 * Sources, for all functions of this file: /proc/driver/nvidia/capabilities ("DeviceFileMinor"),
 * /proc/driver/nvidia/params ("ImexChannelCount"), /proc/devices.
 */
void capability_devices_add(NvCaps caps, Device *devices, unsigned *n);

/**
 * mig_nodes_add: append the nodes of MIG's capabilities.
 * @mig: "config", "monitor" or both, joined by a comma; NULL or "none": neither
 * Returns: false with @error if the list is malformed, or this host does not have a capability that the list names.
 */
bool mig_nodes_add(const char *mig, Device *devices, unsigned *n, GError **error);

/**
 * imex_channels_add: append IMEX channels.
 * @list: numbers joined by commas; NULL or "none": no channel
 * Returns: as mig_nodes_add()
 */
bool imex_channels_add(const char *list, Device *devices, unsigned *n, GError **error);

/** mig_check, imex_channels_check: check the syntax of such a list, without looking at the host. Returns false with @error if
 * the list is malformed. */
bool mig_check(const char *mig, GError **error);
bool imex_channels_check(const char *list, GError **error);
