/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of JSON values, as container runtimes write them. The tree keeps the text of each value.
 *
 * Every number, string and key keeps its text (a token) as it stood in the document. So it is written exactly as it
 * was read: an unsigned integer of 64 bits, 1e400, "\u0041". The writer never looks at a string's meaning to
 * decide how to write the string.
 *
 * Functions that read a value accept NULL and values of every kind. A member of a value that is not an object is NULL.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

typedef enum {
    JSON_KIND_NULL,
    JSON_KIND_BOOLEAN,
    JSON_KIND_NUMBER,
    JSON_KIND_STRING,
    JSON_KIND_ARRAY,
    JSON_KIND_OBJECT,
} JsonKind;

/** JsonValue: a value with all values inside it. Its references are counted. Only one thread may use it. */
typedef struct JsonValue JsonValue;

JsonValue *json_ref(JsonValue *value);
void json_unref(JsonValue *value);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonValue, json_unref)

/* --- reading; these functions take no new reference -------------------------------------------- */

/** json_kind: get the kind of a value; JSON_KIND_NULL for NULL. */
JsonKind json_kind(const JsonValue *value);
/** json_token: get a value's text in a document, with quotes and escapes; NULL for arrays and objects. */
const char *json_token(const JsonValue *value);
/** json_string: get a string without its quotes and escapes; NULL for all other kinds. */
const char *json_string(const JsonValue *value);
/** json_uint_get, json_int_get: get an integer. Return false if the value is not a number without fraction and
 * exponent (json_uint_get: also without sign), or does not fit. */
bool json_uint_get(const JsonValue *value, uint64_t *number);
bool json_int_get(const JsonValue *value, int64_t *number);
/** json_boolean_get: get a boolean. Returns false if the value is neither true nor false. */
bool json_boolean_get(const JsonValue *value, bool *is_true);

/** json_length: count the elements or members; 0 for all other kinds. */
guint json_length(const JsonValue *value);
/** json_element: get an element, or a member's value. @i: less than json_length(). */
JsonValue *json_element(const JsonValue *value, guint i);
/** json_key: get a member's key, which is a value of the kind string. @i: less than json_length(). */
const JsonValue *json_key(const JsonValue *object, guint i);
/** json_member: get a member's value; NULL if there is no member of this name. */
JsonValue *json_member(const JsonValue *object, const char *name);

/* Get a member or an element of one kind. Return NULL if it does not exist or is of another kind. */
JsonValue *json_member_object(const JsonValue *object, const char *name);
JsonValue *json_member_array(const JsonValue *object, const char *name);
const char *json_member_string(const JsonValue *object, const char *name);
JsonValue *json_element_object(const JsonValue *array, guint i);
const char *json_element_string(const JsonValue *array, guint i);

/** json_has_string: check whether one of an array's elements is this string. */
bool json_has_string(const JsonValue *array, const char *text);

/** json_equal: check whether two trees have the same values in the same order. Compares strings and keys without their
 * escapes, and all other values by their text. */
bool json_equal(const JsonValue *a, const JsonValue *b);

/* --- making ------------------------------------------------------------------------------------ */

JsonValue *json_new_object(void);
JsonValue *json_new_array(void);
/** json_new_string: make a string. @text has to be UTF-8; otherwise no document with it can be read again. */
JsonValue *json_new_string(const char *text);
JsonValue *json_new_uint(uint64_t number);
JsonValue *json_new_int(int64_t number);
JsonValue *json_new_boolean(bool is_true);
/** json_new_read: make a scalar as it was read. Takes ownership of @token and @text. @text: a string without its quotes and
 * escapes; NULL for other kinds. */
JsonValue *json_new_read(JsonKind kind, char *token, char *text);
/** json_copy: copy a value with all values inside it. */
JsonValue *json_copy(const JsonValue *value);

/* --- changing; the functions take the reference to the new value ------------------------------- */

/** json_set: set a member. An existing member of this name is replaced and keeps its place. */
void json_set(JsonValue *object, const char *name, JsonValue *value);
void json_set_string(JsonValue *object, const char *name, const char *text);
/** json_add_member: append a member with a key that was read. The caller makes sure that the object does not have the key. */
void json_add_member(JsonValue *object, JsonValue *key, JsonValue *value);
void json_remove_member(JsonValue *object, const char *name);

void json_append(JsonValue *array, JsonValue *value);
void json_append_string(JsonValue *array, const char *text);
void json_remove_element(JsonValue *array, guint i);

/** json_need_object, json_need_array: get a member. If it does not exist or is of another kind, a new one is set. */
JsonValue *json_need_object(JsonValue *object, const char *name);
JsonValue *json_need_array(JsonValue *object, const char *name);
