/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Closes the device control group of a container: no rule in its configuration (OCI: linux.resources.devices) lets it
 * read or write a device of NVIDIA's driver.
 *
 * Rules name device numbers, but the driver gets most of its numbers when a module is loaded, which may be later. So
 * the list is closed: it denies everything that it does not name. A rule that allows every character device becomes a
 * rule for each major number, with these exceptions:
 * - NVIDIA's own majors are left out.
 * - Of majors that NVIDIA shares with other drivers, only the other drivers' nodes are allowed, each by its number.
 * - Majors that no driver has yet, and that the kernel may give to NVIDIA's, are left out.
 *
 * Rules cannot express "all but these": runc refuses a rule that denies a part of what another rule allows.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

#include "cuse-server/base/json/json-value.h"
#include "cuse-server/inventory/host-numbers.h"

/**
 * oci_devices_close: remove NVIDIA's numbers from a container's nodes and rules.
 * @linux_section: the "linux" object
 * @notes: (element-type utf8) gets a line, to be freed, for each rule and node of which something is left out. The
 *     line says what is left out, and why
 *
 * The container's own denials stay in their places. But if an allowance was written as many rules, what they deny of
 * it is removed from those rules. Making a node ("m") stays allowed where it was: runc does not let it be taken back,
 * and a node that cannot be opened does no harm.
 *
 * Returns: false with @error if a rule means one thing to runc and another to crun, or if it denies a part of what an
 * earlier rule for all devices allowed, which no list can express.
 */
bool oci_devices_close(const HostNumbers *numbers, JsonValue *linux_section, GPtrArray *notes,
                       GError **error);
