/* SPDX-License-Identifier: Apache-2.0 */
/* Which numbers of character devices are whose, on this host, right now. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

enum { HOST_MAJOR_MAX = 511 }; /* CHRDEV_MAJOR_MAX - 1 in linux/fs.h: no driver gets a higher one */

/** DeviceNumber: of a node. */
typedef struct {
    unsigned major_no;
    unsigned minor_no;
} DeviceNumber;

/**
 * HostNumbers: what the kernel says.
 * @drivers: CharDevice, of /proc/devices
 * @others: DeviceNumber, of majors that NVIDIA's driver shares with others (see host_numbers_is_shared()): the nodes
 *     behind which is another driver. The driver of one that is not there, or that has none, cannot be told: it does
 *     not count.
 */
typedef struct {
    GArray *drivers;
    GArray *others;
} HostNumbers;

/** host_numbers_read: of this host. Returns NULL with @error. */
HostNumbers *host_numbers_read(GError **error);
void host_numbers_free(HostNumbers *numbers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostNumbers, host_numbers_free)

/** host_numbers_node_is_of_others: is there, in a node's directory of /sys/devices or above it, a driver, and none of
 * NVIDIA's? The drivers of PCI bridges do not count. */
bool host_numbers_node_is_of_others(const char *directory);

/** host_numbers_is_shared: does a subsystem of the kernel's have this major, that has nodes of several drivers:
 * framebuffers, I2C, DRM, and the auxiliary channels of DisplayPort? */
bool host_numbers_is_shared(const HostNumbers *numbers, int64_t major_no);

/** host_numbers_is_of_others: of a shared major: is it another driver's? */
bool host_numbers_is_of_others(const HostNumbers *numbers, int64_t major_no, int64_t minor_no);

/** host_numbers_denied_driver: NVIDIA's driver (or nvcuse's own) that has this major; NULL if none has. */
const char *host_numbers_denied_driver(const HostNumbers *numbers, int64_t major_no);

/** host_numbers_is_free: has no driver this major, and may the kernel give it to the next one that asks? */
bool host_numbers_is_free(const HostNumbers *numbers, int64_t major_no);
