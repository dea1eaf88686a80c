/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the part of YAML that JSON can express. NVIDIA's tools write CDI specifications in that part. */
#pragma once

#include <glib.h>

#include "cuse-server/base/json/json-value.h"

/** yaml_json_parse: read one document (JSON is YAML as well). Returns its object, or NULL with an
 * @error that names the line. */
JsonValue *yaml_json_parse(const char *text, GError **error);
