/* SPDX-License-Identifier: Apache-2.0 */
/* The character device drivers of this kernel: the first part of /proc/devices. */
#pragma once

#include <glib.h>

/** CharDevice: one line. A name may have several majors, and a major several names. */
typedef struct {
    unsigned major_no;
    char *name;
} CharDevice;

/** char_devices_read: all of them, as an array of CharDevice that frees what it holds; NULL with
 * @error. */
GArray *char_devices_read(GError **error);

/**
 * char_device_major: the major number the kernel gave a driver.
 * @name: for example "nvidia-uvm"
 * Returns: the major number, or -1 if it is not registered.
 */
int char_device_major(const char *name);
