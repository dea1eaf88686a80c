/* SPDX-License-Identifier: Apache-2.0 */
/* Reads documents: arrays, objects, and what holds for the whole text. The cursor reads what has no parts. */
#include "cuse-server/base/json/json-text.h"

#include <string.h>

#include "cuse-server/base/json/json-cursor.h"

enum {
    DEPTH_MAX = 64, /* the deepest value that OCI defines has depth 7 */
    SHOWN_MAX = 60, /* characters of a token in a message */
};

G_DEFINE_QUARK(json_text_error_quark, json_text_error)

static JsonValue *read_value(JsonCursor *cursor);

/* --- arrays and objects ------------------------------------------------------------------------ */

/* Read the end or the comma behind an element or member. Returns false with an error if there is neither. */
static bool take_separator(JsonCursor *cursor, char closing, bool *at_end)
{
    json_cursor_skip_space(cursor);
    *at_end = json_cursor_take(cursor, closing);
    if (*at_end || json_cursor_take(cursor, ',')) {
        return true;
    }
    json_cursor_fail(cursor, JSON_TEXT_ERROR_SYNTAX,
                     closing == ']' ? "expected ',' or ']'" : "expected ',' or '}'");
    return false;
}

/* Check, behind an opening bracket, whether the closing bracket follows at once. */
static bool is_empty(JsonCursor *cursor, char closing)
{
    json_cursor_skip_space(cursor);
    return json_cursor_take(cursor, closing);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static JsonValue *read_array(JsonCursor *cursor)
{
    g_autoptr(JsonValue) array = json_new_array();
    bool at_end = is_empty(cursor, ']');

    while (!at_end) {
        JsonValue *element = read_value(cursor);
        if (!element) {
            return NULL;
        }
        json_append(array, element);
        if (!take_separator(cursor, ']', &at_end)) {
            return NULL;
        }
    }
    return g_steal_pointer(&array);
}

static JsonValue *read_key(JsonCursor *cursor)
{
    g_autoptr(JsonValue) key = NULL;

    json_cursor_skip_space(cursor);
    if (!json_cursor_is_next(cursor, '"')) {
        return json_cursor_fail(cursor, JSON_TEXT_ERROR_SYNTAX, "expected a key in quotes");
    }
    key = json_cursor_read_string(cursor);
    if (key) {
        json_cursor_skip_space(cursor);
        if (!json_cursor_take(cursor, ':')) {
            return json_cursor_fail(cursor, JSON_TEXT_ERROR_SYNTAX, "expected ':'");
        }
    }
    return g_steal_pointer(&key);
}

static int compare_keys(gconstpointer a, gconstpointer b)
{
    return strcmp(json_string(*(const JsonValue *const *)a),
                  json_string(*(const JsonValue *const *)b));
}

/* Find a key that the object has twice; NULL if there is none. Sorts the keys: an image can choose keys that make a
 * hash slow. */
static const JsonValue *find_duplicate(const JsonValue *object)
{
    g_autoptr(GPtrArray) keys = g_ptr_array_new();

    for (guint i = 0; i < json_length(object); i++) {
        g_ptr_array_add(keys, (gpointer)json_key(object, i));
    }
    g_ptr_array_sort(keys, compare_keys);
    for (guint i = 1; i < keys->len; i++) {
        if (compare_keys(&keys->pdata[i - 1], &keys->pdata[i]) == 0) {
            return keys->pdata[i];
        }
    }
    return NULL;
}

static JsonValue *refuse_duplicate(const JsonCursor *cursor, const JsonValue *key)
{
    const char *token = json_token(key);
    g_autofree char *shown = g_utf8_strlen(token, -1) > SHOWN_MAX
                                 ? g_utf8_substring(token, 0, SHOWN_MAX)
                                 : g_strdup(token);
    g_autofree char *what =
        g_strdup_printf("duplicate key %s in the object that ends here: some runtimes use "
                        "the first, others the last",
                        shown);

    return json_cursor_fail(cursor, JSON_TEXT_ERROR_DUPLICATE, what);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static bool read_member(JsonCursor *cursor, JsonValue *object)
{
    JsonValue *key = read_key(cursor);
    JsonValue *value = key ? read_value(cursor) : NULL;

    if (!value) {
        json_unref(key);
        return false;
    }
    json_add_member(object, key, value);
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static JsonValue *read_object(JsonCursor *cursor)
{
    g_autoptr(JsonValue) object = json_new_object();
    bool at_end = is_empty(cursor, '}');
    const JsonValue *duplicate;

    while (!at_end) {
        if (!read_member(cursor, object) || !take_separator(cursor, '}', &at_end)) {
            return NULL;
        }
    }
    duplicate = find_duplicate(object);
    return duplicate ? refuse_duplicate(cursor, duplicate) : g_steal_pointer(&object);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static JsonValue *read_nested(JsonCursor *cursor)
{
    bool is_array = json_cursor_is_next(cursor, '[');
    JsonValue *value;

    if (cursor->depth == DEPTH_MAX) {
        return json_cursor_fail(
            cursor, JSON_TEXT_ERROR_DEPTH,
            "arrays and objects are nested too deep: at most 64 levels are allowed");
    }
    cursor->at++;
    cursor->depth++;
    value = is_array ? read_array(cursor) : read_object(cursor);
    cursor->depth--;
    return value;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static JsonValue *read_value(JsonCursor *cursor)
{
    json_cursor_skip_space(cursor);
    if (json_cursor_is_next(cursor, '{') || json_cursor_is_next(cursor, '[')) {
        return read_nested(cursor);
    }
    if (json_cursor_is_next(cursor, '"')) {
        return json_cursor_read_string(cursor);
    }
    if (json_cursor_is_next(cursor, '-') ||
        (cursor->at < cursor->end && g_ascii_isdigit(*cursor->at))) {
        return json_cursor_read_number(cursor);
    }
    return json_cursor_read_word(cursor);
}

/* --- documents --------------------------------------------------------------------------------- */

static bool check_encoding(JsonCursor *cursor)
{
    const char *wrong;

    if (g_utf8_validate_len(cursor->start, (gsize)(cursor->end - cursor->start), &wrong)) {
        return true;
    }
    cursor->at = wrong;
    json_cursor_fail(cursor, JSON_TEXT_ERROR_ENCODING, "invalid UTF-8");
    return false;
}

JsonValue *json_text_parse(const char *text, gssize length, GError **error)
{
    JsonCursor cursor = {.start = text,
                         .at = text,
                         .end = text + (length < 0 ? (gssize)strlen(text) : length),
                         .error = error};
    g_autoptr(JsonValue) value = check_encoding(&cursor) ? read_value(&cursor) : NULL;

    if (!value) {
        return NULL;
    }
    json_cursor_skip_space(&cursor);
    if (cursor.at < cursor.end) {
        return json_cursor_fail(
            &cursor, JSON_TEXT_ERROR_TRAILING,
            "unexpected text after the end of the document: some runtimes ignore it");
    }
    if (json_kind(value) != JSON_KIND_OBJECT) {
        return json_cursor_fail(&cursor, JSON_TEXT_ERROR_KIND,
                                "expected an object as the whole document");
    }
    return g_steal_pointer(&value);
}
