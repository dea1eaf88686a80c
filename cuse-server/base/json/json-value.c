/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/json/json-value.h"

#include <string.h>

/*
 * @token: a scalar's text, as it stands in a document
 * @text: a string without its quotes and escapes
 * @keys: an object's keys: values of the kind string, as many as @items
 * @items: of an array or object
 */
struct JsonValue {
    guint references;
    JsonKind kind;
    char *token;
    char *text;
    GPtrArray *keys;
    GPtrArray *items;
};

static JsonValue *new_value(JsonKind kind)
{
    JsonValue *value = g_new0(JsonValue, 1);

    value->references = 1;
    value->kind = kind;
    return value;
}

static void free_value(gpointer value)
{
    json_unref(value);
}

JsonValue *json_ref(JsonValue *value)
{
    value->references++;
    return value;
}

/* Recurses as deep as the document is. The reader limits that depth. */
/* NOLINTNEXTLINE(misc-no-recursion) */
void json_unref(JsonValue *value)
{
    if (value && --value->references == 0) {
        g_clear_pointer(&value->keys, g_ptr_array_unref);
        g_clear_pointer(&value->items, g_ptr_array_unref);
        g_free(value->token);
        g_free(value->text);
        g_free(value);
    }
}

/* --- reading ----------------------------------------------------------------------------------- */

JsonKind json_kind(const JsonValue *value)
{
    return value ? value->kind : JSON_KIND_NULL;
}

const char *json_token(const JsonValue *value)
{
    return value ? value->token : NULL;
}

const char *json_string(const JsonValue *value)
{
    return value ? value->text : NULL;
}

bool json_uint_get(const JsonValue *value, uint64_t *number)
{
    return json_kind(value) == JSON_KIND_NUMBER &&
           g_ascii_string_to_unsigned(value->token, 10, 0, UINT64_MAX, number, NULL);
}

bool json_int_get(const JsonValue *value, int64_t *number)
{
    gint64 found;

    if (json_kind(value) != JSON_KIND_NUMBER ||
        !g_ascii_string_to_signed(value->token, 10, INT64_MIN, INT64_MAX, &found, NULL)) {
        return false;
    }
    *number = found;
    return true;
}

bool json_boolean_get(const JsonValue *value, bool *is_true)
{
    if (json_kind(value) != JSON_KIND_BOOLEAN) {
        return false;
    }
    *is_true = g_str_equal(value->token, "true");
    return true;
}

guint json_length(const JsonValue *value)
{
    return value && value->items ? value->items->len : 0;
}

JsonValue *json_element(const JsonValue *value, guint i)
{
    return g_ptr_array_index(value->items, i);
}

const JsonValue *json_key(const JsonValue *object, guint i)
{
    return g_ptr_array_index(object->keys, i);
}

/* Find the index of a member. Returns json_length() if there is no such member. */
static guint find(const JsonValue *object, const char *name)
{
    guint length = json_length(object);

    for (guint i = 0; json_kind(object) == JSON_KIND_OBJECT && i < length; i++) {
        if (g_str_equal(json_key(object, i)->text, name)) {
            return i;
        }
    }
    return length;
}

JsonValue *json_member(const JsonValue *object, const char *name)
{
    guint i = find(object, name);

    return i < json_length(object) ? json_element(object, i) : NULL;
}

static JsonValue *if_kind(JsonValue *value, JsonKind kind)
{
    return value && value->kind == kind ? value : NULL;
}

JsonValue *json_member_object(const JsonValue *object, const char *name)
{
    return if_kind(json_member(object, name), JSON_KIND_OBJECT);
}

JsonValue *json_member_array(const JsonValue *object, const char *name)
{
    return if_kind(json_member(object, name), JSON_KIND_ARRAY);
}

const char *json_member_string(const JsonValue *object, const char *name)
{
    return json_string(json_member(object, name));
}

JsonValue *json_element_object(const JsonValue *array, guint i)
{
    return if_kind(json_element(array, i), JSON_KIND_OBJECT);
}

const char *json_element_string(const JsonValue *array, guint i)
{
    return json_string(json_element(array, i));
}

bool json_has_string(const JsonValue *array, const char *text)
{
    for (guint i = 0; i < json_length(array); i++) {
        if (g_strcmp0(json_element_string(array, i), text) == 0) {
            return true;
        }
    }
    return false;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
bool json_equal(const JsonValue *a, const JsonValue *b)
{
    if (json_kind(a) != json_kind(b) || json_length(a) != json_length(b)) {
        return false;
    }
    for (guint i = 0; i < json_length(a); i++) {
        if ((a->keys && !json_equal(json_key(a, i), json_key(b, i))) ||
            !json_equal(json_element(a, i), json_element(b, i))) {
            return false;
        }
    }
    return json_kind(a) == JSON_KIND_STRING ? g_str_equal(a->text, b->text)
                                            : g_strcmp0(json_token(a), json_token(b)) == 0;
}

/* --- making ------------------------------------------------------------------------------------ */

JsonValue *json_new_array(void)
{
    JsonValue *array = new_value(JSON_KIND_ARRAY);

    array->items = g_ptr_array_new_with_free_func(free_value);
    return array;
}

JsonValue *json_new_object(void)
{
    JsonValue *object = new_value(JSON_KIND_OBJECT);

    object->items = g_ptr_array_new_with_free_func(free_value);
    object->keys = g_ptr_array_new_with_free_func(free_value);
    return object;
}

JsonValue *json_new_read(JsonKind kind, char *token, char *text)
{
    JsonValue *value = new_value(kind);

    value->token = token;
    value->text = text;
    return value;
}

/* RFC 8259, section 7: quotation mark, reverse solidus and control characters must be escaped. */
static char *string_token(const char *text)
{
    GString *token = g_string_new("\"");

    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            g_string_append_c(token, '\\');
        }
        if ((unsigned char)*text < ' ') {
            g_string_append_printf(token, "\\u%04x", (unsigned)*text);
        } else {
            g_string_append_c(token, *text);
        }
    }
    g_string_append_c(token, '"');
    return g_string_free(token, FALSE);
}

JsonValue *json_new_string(const char *text)
{
    return json_new_read(JSON_KIND_STRING, string_token(text), g_strdup(text));
}

JsonValue *json_new_uint(uint64_t number)
{
    return json_new_read(JSON_KIND_NUMBER, g_strdup_printf("%" G_GUINT64_FORMAT, number), NULL);
}

JsonValue *json_new_int(int64_t number)
{
    return json_new_read(JSON_KIND_NUMBER, g_strdup_printf("%" G_GINT64_FORMAT, number), NULL);
}

JsonValue *json_new_boolean(bool is_true)
{
    return json_new_read(JSON_KIND_BOOLEAN, g_strdup(is_true ? "true" : "false"), NULL);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
JsonValue *json_copy(const JsonValue *value)
{
    JsonValue *copy = value->kind == JSON_KIND_OBJECT  ? json_new_object()
                      : value->kind == JSON_KIND_ARRAY ? json_new_array()
                                                       : new_value(value->kind);

    copy->token = g_strdup(value->token);
    copy->text = g_strdup(value->text);
    for (guint i = 0; i < json_length(value); i++) {
        g_ptr_array_add(copy->items, json_copy(json_element(value, i)));
        if (value->keys) {
            g_ptr_array_add(copy->keys, json_copy(json_key(value, i)));
        }
    }
    return copy;
}

/* --- changing ---------------------------------------------------------------------------------- */

void json_add_member(JsonValue *object, JsonValue *key, JsonValue *value)
{
    g_ptr_array_add(object->keys, key);
    g_ptr_array_add(object->items, value);
}

void json_set(JsonValue *object, const char *name, JsonValue *value)
{
    guint i = find(object, name);

    if (i == json_length(object)) {
        json_add_member(object, json_new_string(name), value);
        return;
    }
    json_unref(json_element(object, i));
    g_ptr_array_index(object->items, i) = value;
}

void json_set_string(JsonValue *object, const char *name, const char *text)
{
    json_set(object, name, json_new_string(text));
}

void json_remove_member(JsonValue *object, const char *name)
{
    guint i = find(object, name);

    if (i < json_length(object)) {
        g_ptr_array_remove_index(object->keys, i);
        g_ptr_array_remove_index(object->items, i);
    }
}

void json_append(JsonValue *array, JsonValue *value)
{
    g_ptr_array_add(array->items, value);
}

void json_append_string(JsonValue *array, const char *text)
{
    json_append(array, json_new_string(text));
}

void json_remove_element(JsonValue *array, guint i)
{
    g_ptr_array_remove_index(array->items, i);
}

JsonValue *json_need_object(JsonValue *object, const char *name)
{
    if (!json_member_object(object, name)) {
        json_set(object, name, json_new_object());
    }
    return json_member_object(object, name);
}

JsonValue *json_need_array(JsonValue *object, const char *name)
{
    if (!json_member_array(object, name)) {
        json_set(object, name, json_new_array());
    }
    return json_member_array(object, name);
}
