/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the character device drivers of this kernel: the first part of /proc/devices. */
#pragma once

#include <glib.h>

/** CharDevice: one line of /proc/devices. A name may have several majors, and a major several names. */
typedef struct {
    unsigned major_no;
    char *name;
} CharDevice;

/** char_devices_read: (transfer full): read all character device drivers. Returns an array of CharDevice, which frees its
 * names; or NULL with @error. */
GArray *char_devices_read(GError **error);

/**
 * char_device_major: find the major number that the kernel gave a driver.
 * @name: for example "nvidia-uvm"
 * Returns: the major number, or -1 if the driver is not registered.
 */
int char_device_major(const char *name);
