/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the parts of /proc that describe NVIDIA's driver to the guest of a simulated instance: the driver's
 * directory, with its version and GPUs, and /proc/devices, with the driver's numbers. All of it comes from the
 * recording.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/recording/simulation/simulation.h"

/**
 * simulated_proc_new: make a file system with these parts, read-only and attached nowhere.
 * @devices, @n_devices: the instance's devices. GPUs whose nodes are not among them are left out
 * Returns: a descriptor, or -1 with @error.
 */
int simulated_proc_new(const Simulation *simulation, const Device *devices, unsigned n_devices,
                       GError **error);

/** simulated_proc_is: did simulated_proc_new() make this file system? */
bool simulated_proc_is(int mount);

/** simulated_proc_attach: mount the parts over the caller's /proc/driver and /proc/devices. The host does not need a
 * /proc/driver/nvidia. Returns false with errno set. */
bool simulated_proc_attach(int mount);
