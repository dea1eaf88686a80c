/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device control group of a container, as rules of its configuration (OCI:
 * linux.resources.devices): no rule lets it read or write a device of NVIDIA's driver.
 *
 * Rules know numbers, and the driver gets most of its numbers when a module is loaded, which may be
 * later. So the list is closed: what it does not name is denied. An allowance of every character
 * device becomes allowances of every major but NVIDIA's own, those that NVIDIA shares with other drivers, of which it
 * names the others' nodes, and those that no driver has yet and the kernel may give to NVIDIA's. Rules cannot express
 * "all but these": runc refuses a denial within an allowance that it is part of.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/base/json/json-value.h"
#include "cuse-server/inventory/host-numbers.h"

/**
 * oci_devices_close: take NVIDIA's numbers out of a container's nodes and rules.
 * @linux_section: the "linux" object
 * @notes: (element-type utf8) gets a line, to be freed, for each rule and node of which something is left out: which,
 *     and why
 *
 * Denials of the container's own stay, in their places; what they deny of an allowance that became many is taken out
 * of these. Making a node ("m") stays allowed, where it is: runc does not let it be taken back, and a node that cannot
 * be opened is no harm.
 *
 * Returns: false with @error if a rule means one thing to runc and another to crun, or denies a part of what a rule of
 * everything allowed before it, which no list can say.
 */
bool oci_devices_close(const HostNumbers *numbers, JsonValue *linux_section, GPtrArray *notes,
                       GError **error);
