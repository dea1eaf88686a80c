/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/json-file.h"

#include <string.h>

#include <gio/gio.h>

#define KEPT "@nvcuse-integer:"

/* The end of the string that starts at @text (a quote), or of the text. */
static const char *string_end(const char *text)
{
    for (text++; *text && *text != '"'; text++) {
        if (*text == '\\' && text[1]) {
            text++;
        }
    }
    return *text ? text + 1 : text;
}

/* Turn integers that do not fit into strings. */
static char *keep_integers(const char *text)
{
    GString *out = g_string_new(NULL);

    while (*text) {
        const char *end = text + 1;
        if (*text == '"') {
            end = string_end(text);
        } else if (g_ascii_isdigit(*text)) {
            end = text + strspn(text, "0123456789.eE+-");
            g_autofree char *number = g_strndup(text, (gsize)(end - text));
            if (strspn(number, "0123456789") == strlen(number) &&
                g_ascii_strtoull(number, NULL, 10) > G_MAXINT64) {
                g_string_append_printf(out, "\"" KEPT "%s\"", number);
                text = end;
                continue;
            }
        }
        g_string_append_len(out, text, end - text);
        text = end;
    }
    return g_string_free(out, FALSE);
}

JsonObject *json_text_parse(const char *text, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autofree char *kept = keep_integers(text);
    JsonNode *root;

    if (!json_parser_load_from_data(parser, kept, -1, error)) {
        return NULL;
    }
    root = json_parser_get_root(parser);
    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "it is no JSON object");
        return NULL;
    }
    return json_object_ref(json_node_get_object(root));
}

/* And back: what json_uint_set() and keep_integers() have put into strings. */
static char *release_integers(const char *text)
{
    GString *out = g_string_new(NULL);

    while (*text) {
        const char *end = *text == '"' ? string_end(text) : text + 1;
        if (g_str_has_prefix(text, "\"" KEPT)) {
            const char *number = text + strlen("\"" KEPT);
            g_string_append_len(out, number, end - 1 - number);
        } else {
            g_string_append_len(out, text, end - text);
        }
        text = end;
    }
    return g_string_free(out, FALSE);
}

char *json_text_write(JsonObject *object)
{
    g_autoptr(JsonGenerator) generator = json_generator_new();
    g_autoptr(JsonNode) root = json_node_new(JSON_NODE_OBJECT);
    g_autofree char *text = NULL;

    json_node_set_object(root, object);
    json_generator_set_root(generator, root);
    text = json_generator_to_data(generator, NULL);
    return release_integers(text);
}

bool json_uint_get(JsonNode *node, uint64_t *value)
{
    if (!node || !JSON_NODE_HOLDS_VALUE(node)) {
        return false;
    }
    if (json_node_get_value_type(node) == G_TYPE_INT64) {
        *value = (uint64_t)json_node_get_int(node);
        return json_node_get_int(node) >= 0;
    }
    const char *text = json_node_get_string(node);
    return text && g_str_has_prefix(text, KEPT) &&
           g_ascii_string_to_unsigned(text + strlen(KEPT), 10, 0, UINT64_MAX, value, NULL);
}

void json_uint_set(JsonObject *object, const char *member, uint64_t value)
{
    g_autofree char *kept = NULL;

    if (value <= G_MAXINT64) {
        json_object_set_int_member(object, member, (gint64)value);
        return;
    }
    kept = g_strdup_printf(KEPT "%" G_GUINT64_FORMAT, value);
    json_object_set_string_member(object, member, kept);
}

JsonObject *json_member_object(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

JsonArray *json_member_array(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
}

const char *json_member_string(JsonObject *object, const char *member)
{
    JsonNode *node = json_object_get_member(object, member);

    return node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

JsonObject *json_need_object(JsonObject *object, const char *member)
{
    JsonObject *found = json_member_object(object, member);

    if (!found) {
        found = json_object_new();
        json_object_set_object_member(object, member, found);
    }
    return found;
}

JsonArray *json_need_array(JsonObject *object, const char *member)
{
    JsonArray *found = json_member_array(object, member);

    if (!found) {
        found = json_array_new();
        json_object_set_array_member(object, member, found);
    }
    return found;
}

const char *json_element_string(JsonArray *array, guint i)
{
    JsonNode *node = json_array_get_element(array, i);

    return JSON_NODE_HOLDS_VALUE(node) ? json_node_get_string(node) : NULL;
}

JsonObject *json_element_object(JsonArray *array, guint i)
{
    JsonNode *node = json_array_get_element(array, i);

    return JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}
