/* SPDX-License-Identifier: Apache-2.0 */
/* Which NVIDIA devices this host has, and which of them an instance offers. */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/wire/device.h"

/**
 * host_devices_find: list an instance's devices, as the kernel has them registered.
 * @gpus: "all", "none", or a comma-separated list of device minors ("0,2")
 * @devices: room for DEVICES_MAX
 * @n_devices: set to how many there are: nvidiactl, the GPUs asked for, nvidia-uvm and
 * nvidia-uvm-tools if that module is loaded
 *
 * Sources: /proc/driver/nvidia/gpus/<pci address>/information ("Device Minor"), /proc/devices.
 * Returns: false with @error if the driver is not loaded, or a GPU asked for is not there.
 */
bool host_devices_find(const char *gpus, Device *devices, unsigned *n_devices, GError **error);

/** host_gpus_check: is this how @gpus may be written? The host is not looked at. */
bool host_gpus_check(const char *gpus, GError **error);

/** host_gpu_minor: the device minor of the GPU whose directory in /proc/driver/nvidia/gpus is named
 * @address, from its line "Device Minor: \t N"; -1 if it has none. */
int host_gpu_minor(const char *address);
