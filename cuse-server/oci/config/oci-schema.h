/* SPDX-License-Identifier: Apache-2.0 */
/* The shape of a config.json, as far as runtimes could read it differently. */
#pragma once

#include "cuse-server/base/json/json-value.h"

/**
 * OCI_SCHEMA_ERROR: why a configuration is refused. The message names the place.
 * @SPELLING: a key that is one of OCI's but for upper and lower case: Go's runtimes read it as that
 * key, those in C do not
 * @KIND: something else than the list or object that OCI has there: Go's runtimes refuse it, those
 * in C take it for nothing
 */
typedef enum {
    OCI_SCHEMA_ERROR_SPELLING,
    OCI_SCHEMA_ERROR_KIND,
} OciSchemaError;

#define OCI_SCHEMA_ERROR (oci_schema_error_quark())
GQuark oci_schema_error_quark(void);

/**
 * oci_schema_check: hold a configuration against OCI's names and shapes.
 *
 * Keys that OCI does not know are let pass, and so are all keys where they are free (annotations).
 * Null counts as not there. What numbers and strings say is the runtime's to judge.
 */
bool oci_schema_check(const JsonValue *config, GError **error);
