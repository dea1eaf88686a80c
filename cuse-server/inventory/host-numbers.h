/* SPDX-License-Identifier: Apache-2.0 */
/* Finds out which driver has which numbers of character devices, on this host, at this moment. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

enum { HOST_MAJOR_MAX = 511 }; /* the highest major of a driver: CHRDEV_MAJOR_MAX - 1, linux/fs.h */

/** DeviceNumber: the number of a device node. */
typedef struct {
    unsigned major_no;
    unsigned minor_no;
} DeviceNumber;

/**
 * HostNumbers: the drivers and numbers that the kernel reports.
 * @drivers: array of CharDevice: the lines of /proc/devices
 * @others: array of DeviceNumber: the nodes that another driver than NVIDIA's serves, among the majors that NVIDIA's driver
 *     shares with others (see host_numbers_is_shared()). Nodes that do not exist, or that have no driver, are not in this
 *     array: their driver cannot be found out.
 */
typedef struct {
    GArray *drivers;
    GArray *others;
} HostNumbers;

/** host_numbers_read: (transfer full): read the numbers of this host. Returns NULL with @error. */
HostNumbers *host_numbers_read(GError **error);
void host_numbers_free(HostNumbers *numbers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostNumbers, host_numbers_free)

/** host_numbers_node_is_of_others: returns true if a driver is bound to a node's device or to a device above it, and none of
 * these drivers is NVIDIA's. The drivers of PCI bridges do not count. @directory: the node's directory in /sys/devices */
bool host_numbers_node_is_of_others(const char *directory);

/** host_numbers_is_shared: returns true if this major belongs to a subsystem of the kernel that has nodes of several drivers:
 * framebuffers, I2C, DRM, or the auxiliary channels of DisplayPort. */
bool host_numbers_is_shared(const HostNumbers *numbers, int64_t major_no);

/** host_numbers_is_of_others: returns true if another driver than NVIDIA's serves this number of a shared major. */
bool host_numbers_is_of_others(const HostNumbers *numbers, int64_t major_no, int64_t minor_no);

/** host_numbers_denied_driver: return the name of the driver of NVIDIA's (or of nvcuse) that has this major; NULL if none of them
 * has it. HostNumbers owns the name. */
const char *host_numbers_denied_driver(const HostNumbers *numbers, int64_t major_no);

/** host_numbers_is_free: returns true if no driver has this major, and the kernel may assign it to the next driver that requests
 * any major. */
bool host_numbers_is_free(const HostNumbers *numbers, int64_t major_no);
