/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that nvcuse changed a config.json only in the places that it may change. */
#pragma once

#include "cuse-server/base/json/json-value.h"

/**
 * oci_compare: does @after equal @before, which the engine wrote, except in the places where nvcuse adds or removes
 * something (oci_edit_apply())?
 * Returns: false with @error (G_IO_ERROR_INVALID_DATA) that names the place.
 */
bool oci_compare(const JsonValue *before, const JsonValue *after, GError **error);
