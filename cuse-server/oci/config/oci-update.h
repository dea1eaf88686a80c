/* SPDX-License-Identifier: Apache-2.0 */
/* New limits for a container that runs, as a runtime's update takes them (OCI: linux.resources). */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * oci_update_close: take the device rules out.
 * @text: an object of OCI's linux.resources, of @length bytes
 * @dropped: set to whether there were any
 *
 * runc's update does not look at them. crun's puts them in the place of those that the container has, and engines
 * send along what they made the container with, which is not the closed list that nvcuse made of it.
 *
 * Returns: the text without them; the caller frees it. NULL with @error if runtimes could read it differently
 * (JSON_TEXT_ERROR, OCI_SCHEMA_ERROR).
 */
char *oci_update_close(const char *text, gssize length, bool *dropped, GError **error);
