/* SPDX-License-Identifier: Apache-2.0 */
/* CUSE devices seen from outside: opened for a worker, checked in sysfs. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

/** cuse_nodes_open: open /dev/cuse @n times. Returns false with @error, and none open. */
bool cuse_nodes_open(int *fds, unsigned n, GError **error);

/** cuse_node_check_free: false with @error if an instance of this name has its devices up. */
bool cuse_node_check_free(const char *instance, const char *device, GError **error);

/** cuse_node_check: false with @error if the kernel did not make the device, or not with this
 * number. */
bool cuse_node_check(const char *instance, const char *device, dev_t number, GError **error);

/** cuse_node_wait_removed: false with @error if the device is still there after @seconds. */
bool cuse_node_wait_removed(const char *instance, const char *device, unsigned seconds,
                            GError **error);
