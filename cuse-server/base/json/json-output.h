/* SPDX-License-Identifier: Apache-2.0 */
/* Builds JSON and prints it on standard output. */
#pragma once

#include <json-glib/json-glib.h>

/** json_member_string: add a member to the open object; NULL becomes null. */
static inline void json_member_string(JsonBuilder *json, const char *name, const char *value)
{
    json_builder_set_member_name(json, name);
    if (value) {
        json_builder_add_string_value(json, value);
    } else {
        json_builder_add_null_value(json);
    }
}

static inline void json_member_int(JsonBuilder *json, const char *name, gint64 value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_int_value(json, value);
}

static inline void json_member_boolean(JsonBuilder *json, const char *name, gboolean value)
{
    json_builder_set_member_name(json, name);
    json_builder_add_boolean_value(json, value);
}

/** json_print: print the document that was built, indented, with a newline at the end. */
static inline void json_print(JsonBuilder *json)
{
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, TRUE);

    g_print("%s\n", text);
}
