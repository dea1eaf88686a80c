/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /proc as the guest of a simulated instance sees it, where it speaks of NVIDIA's driver: the driver's
 * directory with its version and GPUs, and /proc/devices with its numbers. All of it is from the recording.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/recording/simulation.h"

/**
 * simulated_proc_new: a file system that holds it, read-only and attached nowhere.
 * @devices, @n_devices: the instance's; GPUs whose nodes are not among them are left out
 * Returns: a descriptor, or -1 with @error.
 */
int simulated_proc_new(const Simulation *simulation, const Device *devices, unsigned n_devices,
                       GError **error);

/** simulated_proc_is: is a file system one of these? */
bool simulated_proc_is(int mount);

/** simulated_proc_attach: put it over the caller's /proc/driver and /proc/devices; the host may have no
 * /proc/driver/nvidia. Returns false with errno set. */
bool simulated_proc_attach(int mount);
