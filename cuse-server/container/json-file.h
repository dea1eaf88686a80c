/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as container runtimes write it, read and written back without losing anything.
 *
 * JSON-GLib keeps integers in 64 bits with sign; a runtime's config.json has some without (a limit
 * of 18446744073709551615 is "unlimited"). Those go through as strings that no such file has.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>
#include <json-glib/json-glib.h>

/** json_text_parse: read an object. Returns it, or NULL with @error. */
JsonObject *json_text_parse(const char *text, GError **error);

/** json_text_write: its text; the caller frees it. */
char *json_text_write(JsonObject *object);

/** json_uint_get: an integer of an array or member, whichever way it is kept. Returns false if the
 * node is NULL or no integer. */
bool json_uint_get(JsonNode *node, uint64_t *value);

/** json_uint_set: set a member to an integer. */
void json_uint_set(JsonObject *object, const char *member, uint64_t value);

/* Members by type: NULL if there is none, or one of another type. Nothing is newly referenced. */
JsonObject *json_member_object(JsonObject *object, const char *member);
JsonArray *json_member_array(JsonObject *object, const char *member);
const char *json_member_string(JsonObject *object, const char *member);

/* The member, made if there is none (or one of another type). */
JsonObject *json_need_object(JsonObject *object, const char *member);
JsonArray *json_need_array(JsonObject *object, const char *member);

/** json_element_string, json_element_object: an element by type, as above. */
const char *json_element_string(JsonArray *array, guint i);
JsonObject *json_element_object(JsonArray *array, guint i);
