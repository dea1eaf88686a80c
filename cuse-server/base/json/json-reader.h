/* SPDX-License-Identifier: Apache-2.0 */
/* Reads JSON that others wrote. A member that is missing or of another type counts as NULL, 0 or FALSE. */
#pragma once

#include <json-glib/json-glib.h>

/** json_read_object: parse @text. Returns the object, or NULL with @error if @text is not an object. The caller unrefs it. */
JsonObject *json_read_object(const char *text, GError **error);

/** json_read_string: get a string. Returns NULL if there is no string of this name. @object owns it. */
const char *json_read_string(JsonObject *object, const char *name);
gint64 json_read_int(JsonObject *object, const char *name);
gboolean json_read_boolean(JsonObject *object, const char *name);

/** json_read_object_member, json_read_array: get an object or an array. Returns NULL if there is none of this name.
 * @object owns it. */
JsonObject *json_read_object_member(JsonObject *object, const char *name);
JsonArray *json_read_array(JsonObject *object, const char *name);
