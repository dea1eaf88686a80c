/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the NVIDIA devices of this host, and chooses those that an instance offers. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/wire/device.h"

/**
 * host_devices_find: list the devices of an instance, with the numbers that the kernel has registered for them.
 * @gpus: "all", "none", or a comma-separated list of device minors ("0,2")
 * @devices: room for DEVICES_MAX
 * @n_devices: set to the number of devices: nvidiactl, the GPUs asked for, and nvidia-uvm and
 * nvidia-uvm-tools if the nvidia-uvm module is loaded
 *
 * Sources: /proc/driver/nvidia/gpus/<pci address>/information ("Device Minor"), /proc/devices.
 * Returns: false with @error if the driver is not loaded, or the host does not have a GPU asked for.
 */
bool host_devices_find(const char *gpus, Device *devices, unsigned *n_devices, GError **error);

/** host_gpu_minor: read the device minor of the GPU whose directory in /proc/driver/nvidia/gpus is named
 * @address, from the line "Device Minor: \t N" of its information file. Returns -1 if there is no such minor. */
int host_gpu_minor(const char *address);
