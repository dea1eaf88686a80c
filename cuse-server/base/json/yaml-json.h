/* SPDX-License-Identifier: Apache-2.0 */
/* YAML as far as it says the same as JSON, which is how NVIDIA's tools write CDI specifications. */
#pragma once

#include <glib.h>

#include "cuse-server/base/json/json-value.h"

/** yaml_json_parse: read one document (JSON is YAML as well). Returns its object, or NULL with
 * @error that names the line. */
JsonValue *yaml_json_parse(const char *text, GError **error);
