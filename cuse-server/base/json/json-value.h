/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as container runtimes write it, as a tree in which nothing of a text is lost.
 *
 * Every number, string and key keeps its text (a token) as it stood in the document, so that what is
 * written is what was read, whatever it is: an integer of 64 bits without sign, 1e400, "\u0041". A
 * string is never looked at to decide how it is written.
 *
 * Functions that read take NULL, and values of every kind: a member of what has none is NULL.
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

/** JsonValue: a value with all that is in it. Counted references; one thread. */
typedef struct JsonValue JsonValue;

JsonValue *json_ref(JsonValue *value);
void json_unref(JsonValue *value);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(JsonValue, json_unref)

/* --- reading; nothing is newly referenced ------------------------------------------------------ */

/** json_kind: what it is; JSON_KIND_NULL for NULL. */
JsonKind json_kind(const JsonValue *value);
/** json_token: its text in a document, quotes and escapes included; NULL for arrays and objects. */
const char *json_token(const JsonValue *value);
/** json_string: what a string says; NULL for all other kinds. */
const char *json_string(const JsonValue *value);
/** json_uint_get, json_int_get: an integer without fraction and exponent, and the first without sign
 * as well. Returns false if it is not one, or does not fit. */
bool json_uint_get(const JsonValue *value, uint64_t *number);
bool json_int_get(const JsonValue *value, int64_t *number);
/** json_boolean_get: returns false if it is neither true nor false. */
bool json_boolean_get(const JsonValue *value, bool *is_true);

/** json_length: how many elements or members there are; 0 for all other kinds. */
guint json_length(const JsonValue *value);
/** json_element: an element, or a member's value. @i: less than json_length(). */
JsonValue *json_element(const JsonValue *value, guint i);
/** json_key: a member's key, a value of the kind string. @i: less than json_length(). */
const JsonValue *json_key(const JsonValue *object, guint i);
/** json_member: a member's value; NULL if there is none of this name. */
JsonValue *json_member(const JsonValue *object, const char *name);

/* Members and elements by kind: NULL if there is none, or one of another kind. */
JsonValue *json_member_object(const JsonValue *object, const char *name);
JsonValue *json_member_array(const JsonValue *object, const char *name);
const char *json_member_string(const JsonValue *object, const char *name);
JsonValue *json_element_object(const JsonValue *array, guint i);
const char *json_element_string(const JsonValue *array, guint i);

/** json_has_string: is one of an array's elements this string? */
bool json_has_string(const JsonValue *array, const char *text);

/** json_equal: the same values in the same order: strings and keys by what they say, everything else
 * by its text. */
bool json_equal(const JsonValue *a, const JsonValue *b);

/* --- making ------------------------------------------------------------------------------------ */

JsonValue *json_new_object(void);
JsonValue *json_new_array(void);
/** json_new_string: @text has to be UTF-8, or no document with it can be read again. */
JsonValue *json_new_string(const char *text);
JsonValue *json_new_uint(uint64_t number);
JsonValue *json_new_int(int64_t number);
JsonValue *json_new_boolean(bool is_true);
/** json_new_read: a scalar as it was read. Takes @token, and @text: what a string says, or NULL. */
JsonValue *json_new_read(JsonKind kind, char *token, char *text);
/** json_copy: a value of its own, with all that is in it. */
JsonValue *json_copy(const JsonValue *value);

/* --- changing; the functions take the reference to the new value ------------------------------- */

/** json_set: set a member, in its place if there is one. */
void json_set(JsonValue *object, const char *name, JsonValue *value);
void json_set_string(JsonValue *object, const char *name, const char *text);
/** json_add_member: append a member with a key that was read. The caller knows that it is new. */
void json_add_member(JsonValue *object, JsonValue *key, JsonValue *value);
void json_remove_member(JsonValue *object, const char *name);

void json_append(JsonValue *array, JsonValue *value);
void json_append_string(JsonValue *array, const char *text);
void json_remove_element(JsonValue *array, guint i);

/** json_need_object, json_need_array: the member; made if there is none of this kind. */
JsonValue *json_need_object(JsonValue *object, const char *name);
JsonValue *json_need_array(JsonValue *object, const char *name);
