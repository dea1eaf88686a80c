/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON that others wrote: a member that is missing or of another type has a default. */
#pragma once

#include <json-glib/json-glib.h>

/** json_read_object: parse @text; NULL with @error if it is no object. The caller unrefs it. */
JsonObject *json_read_object(const char *text, GError **error);

/** json_read_string: NULL if there is none; owned by @object. */
const char *json_read_string(JsonObject *object, const char *name);
gint64 json_read_int(JsonObject *object, const char *name);

/** json_read_object_member, json_read_array: NULL if there is none; owned by @object. */
JsonObject *json_read_object_member(JsonObject *object, const char *name);
JsonArray *json_read_array(JsonObject *object, const char *name);
