/* SPDX-License-Identifier: Apache-2.0 */
/* Opens /dev/cuse for a worker, and checks in sysfs which CUSE devices exist. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

/** cuse_nodes_open: open /dev/cuse @n times. Returns false with @error; then no descriptor is left open. */
bool cuse_nodes_open(int *fds, unsigned n, GError **error);

/** cuse_node_check_free: check that the device does not exist. Returns false with @error if it exists: an instance of this
 * name is running. */
bool cuse_node_check_free(const char *instance, const char *device, GError **error);

/** cuse_node_check: check that the kernel made the device with this number. Returns false with @error if the device does not
 * exist, or has another number. */
bool cuse_node_check(const char *instance, const char *device, dev_t number, GError **error);

/** cuse_node_wait_removed: wait until the device is gone. Returns false with @error if it still exists after @seconds. */
bool cuse_node_wait_removed(const char *instance, const char *device, unsigned seconds,
                            GError **error);
