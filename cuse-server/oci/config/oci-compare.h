/* SPDX-License-Identifier: Apache-2.0 */
/* The places of a config.json that nvcuse may change, and a look whether the others are as they were. */
#pragma once

#include "cuse-server/base/json/json-value.h"

/**
 * oci_compare: is @after what the engine wrote, @before, but for the places where nvcuse puts
 * something in or takes something out (oci_edit_apply())?
 * Returns: false with @error (G_IO_ERROR_INVALID_DATA) that names the place.
 */
bool oci_compare(const JsonValue *before, const JsonValue *after, GError **error);
