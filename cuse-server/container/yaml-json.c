/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/yaml-json.h"

#include <stdbool.h>
#include <string.h>

#include <gio/gio.h>
#include <yaml.h>

enum { DEPTH_MAX = 32, NODES_MAX = 100000 };

/* @left: how many nodes may still be made; aliases can name the same thing over and over */
typedef struct {
    yaml_document_t *document;
    unsigned left;
} Walk;

static JsonNode *convert(Walk *walk, int index, unsigned depth);

/* A word without quotes is what it looks like (YAML 1.2, core schema). */
static JsonNode *convert_scalar(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    bool plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    JsonNode *value = json_node_new(JSON_NODE_VALUE);
    gint64 number;

    if (plain && (g_str_equal(text, "true") || g_str_equal(text, "false"))) {
        json_node_set_boolean(value, g_str_equal(text, "true"));
    } else if (plain && g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &number, NULL)) {
        json_node_set_int(value, number);
    } else if (plain && (!*text || g_str_equal(text, "null") || g_str_equal(text, "~"))) {
        json_node_unref(value);
        value = json_node_new(JSON_NODE_NULL);
    } else {
        json_node_set_string(value, text);
    }
    return value;
}

static JsonNode *convert_sequence(Walk *walk, const yaml_node_t *node, unsigned depth)
{
    g_autoptr(JsonArray) array = json_array_new();

    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        JsonNode *element = convert(walk, *item, depth + 1);
        if (!element) {
            return NULL;
        }
        json_array_add_element(array, element);
    }
    JsonNode *result = json_node_new(JSON_NODE_ARRAY);
    json_node_set_array(result, array);
    return result;
}

static JsonNode *convert_mapping(Walk *walk, const yaml_node_t *node, unsigned depth)
{
    g_autoptr(JsonObject) object = json_object_new();

    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(walk->document, pair->key);
        JsonNode *value = convert(walk, pair->value, depth + 1);
        if (!value || key->type != YAML_SCALAR_NODE) {
            g_clear_pointer(&value, json_node_unref);
            return NULL;
        }
        json_object_set_member(object, (const char *)key->data.scalar.value, value);
    }
    JsonNode *result = json_node_new(JSON_NODE_OBJECT);
    json_node_set_object(result, object);
    return result;
}

/* NULL: too deep, too much, or a key that is no word. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static JsonNode *convert(Walk *walk, int index, unsigned depth)
{
    const yaml_node_t *node = yaml_document_get_node(walk->document, index);

    if (!node || depth > DEPTH_MAX || walk->left == 0) {
        return NULL;
    }
    walk->left--;
    switch (node->type) {
    case YAML_SCALAR_NODE:
        return convert_scalar(node);
    case YAML_SEQUENCE_NODE:
        return convert_sequence(walk, node, depth);
    case YAML_MAPPING_NODE:
        return convert_mapping(walk, node, depth);
    default:
        return NULL;
    }
}

static JsonObject *convert_document(yaml_document_t *document, GError **error)
{
    Walk walk = {.document = document, .left = NODES_MAX};
    g_autoptr(JsonNode) root = yaml_document_get_root_node(document) ? convert(&walk, 1, 0) : NULL;

    if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                            "it is no mapping of words to values");
        return NULL;
    }
    return json_node_dup_object(root);
}

JsonObject *yaml_json_parse(const char *text, GError **error)
{
    JsonObject *object = NULL;
    yaml_document_t document;
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "libyaml does not start");
        return NULL;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    if (yaml_parser_load(&parser, &document)) {
        object = convert_document(&document, error);
        yaml_document_delete(&document);
    } else {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "line %zu: %s",
                    parser.problem_mark.line + 1, parser.problem ? parser.problem : "unreadable");
    }
    yaml_parser_delete(&parser);
    return object;
}
