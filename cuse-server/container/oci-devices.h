/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device control group of a container, as rules of its configuration (OCI:
 * linux.resources.devices): no rule lets it read or write a device of NVIDIA's driver.
 *
 * Rules know numbers, and the driver gets most of its numbers when a module is loaded, which may be
 * later. So the list is closed: what it does not name is denied. An allowance of every character
 * device becomes allowances of the majors that other drivers have now. Rules cannot express "all but
 * these": runc refuses a denial within an allowance that it is part of.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/container/json-value.h"

/**
 * HostNumbers: which device numbers are whose, right now.
 * @drivers: CharDevice, of /proc/devices
 * @drm: minors (unsigned) of DRM nodes that belong to another driver than NVIDIA's. The driver of one
 *     that is not there, or that has none, cannot be told: it does not count.
 */
typedef struct {
    GArray *drivers;
    GArray *drm;
} HostNumbers;

/** host_numbers_read: of this host. Returns NULL with @error. */
HostNumbers *host_numbers_read(GError **error);
void host_numbers_free(HostNumbers *numbers);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HostNumbers, host_numbers_free)

/**
 * oci_devices_close: take NVIDIA's numbers out of a container's nodes and rules.
 * @linux_section: the "linux" object
 *
 * Denials of the container's own stay, in their places. Making a node ("m") stays allowed, where it
 * is: runc does not let it be taken back, and a node that cannot be opened is no harm.
 *
 * Returns: false with @error if a rule means one thing to runc and another to crun.
 */
bool oci_devices_close(const HostNumbers *numbers, JsonValue *linux_section, GError **error);
