/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the shape of a config.json, where runtimes could otherwise read it differently. */
#pragma once

#include "cuse-server/base/json/json-value.h"

/**
 * OCI_SCHEMA_ERROR: why a configuration is refused. The message names the place.
 * @SPELLING: a key differs from one of OCI's only in upper and lower case. Runtimes in Go read it
 *     as that key; runtimes in C do not
 * @KIND: a value does not have OCI's type, or is a number that no device has. Where OCI has a list
 *     or an object, runtimes in Go refuse any other value; runtimes in C ignore it
 */
typedef enum {
    OCI_SCHEMA_ERROR_SPELLING,
    OCI_SCHEMA_ERROR_KIND,
} OciSchemaError;

#define OCI_SCHEMA_ERROR (oci_schema_error_quark())
GQuark oci_schema_error_quark(void);

/**
 * oci_schema_check: compare a configuration with OCI's names and shapes.
 *
 * Keys that OCI does not know pass, and so do all keys where keys are free (annotations). Null
 * counts as absent. The runtime judges the values of numbers and strings, except of those that
 * nvcuse reads (see Shape in oci-schema.c).
 */
bool oci_schema_check(const JsonValue *config, GError **error);
