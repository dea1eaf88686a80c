/* SPDX-License-Identifier: Apache-2.0 */
/* Reads new limits for a running container, as a runtime's update takes them (OCI: linux.resources). */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * oci_update_close: remove the device rules from new limits.
 * @text: an object of OCI's linux.resources, of @length bytes
 * @dropped: set to whether there were any device rules
 *
 * runc's update does not read device rules. crun's update replaces the container's rules with them. Engines send the
 * rules with which they made the container, and these are not the closed list that nvcuse made from them.
 *
 * Returns: the text without the rules, which the caller frees. NULL with @error if runtimes could read it differently
 * (JSON_TEXT_ERROR, OCI_SCHEMA_ERROR).
 */
char *oci_update_close(const char *text, gssize length, bool *dropped, GError **error);
