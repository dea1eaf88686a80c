/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/json/yaml-json.h"

#include <stdbool.h>
#include <string.h>

#include <gio/gio.h>
#include <yaml.h>

enum { DEPTH_MAX = 32, NODES_MAX = 100000 };

/* @left: how many nodes may still be made. It bounds documents whose aliases name the same thing over and over. */
typedef struct {
    yaml_document_t *document;
    unsigned left;
    GError **error;
} Walk;

static JsonValue *convert(Walk *walk, int index, unsigned depth);

/* Set an error that names the node's line. Returns NULL. */
static void *refuse(const Walk *walk, const yaml_node_t *node, const char *what)
{
    g_set_error(walk->error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "line %zu: %s",
                node->start_mark.line + 1, what);
    return NULL;
}

/* Check for a NUL byte inside a scalar. Our JSON strings end at a NUL byte. */
static bool has_nul(const yaml_node_t *scalar)
{
    return strlen((const char *)scalar->data.scalar.value) != scalar->data.scalar.length;
}

/* Convert a scalar. The form of a word without quotes decides its type (YAML 1.2, core schema). */
static JsonValue *convert_scalar(const Walk *walk, const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    bool plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    gint64 number;

    if (has_nul(node)) {
        return refuse(walk, node, "NUL bytes are not allowed in strings");
    }
    if (plain && (g_str_equal(text, "true") || g_str_equal(text, "false"))) {
        return json_new_boolean(g_str_equal(text, "true"));
    }
    if (plain && g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &number, NULL)) {
        return json_new_int(number);
    }
    if (plain && (!*text || g_str_equal(text, "null") || g_str_equal(text, "~"))) {
        return json_new_read(JSON_KIND_NULL, g_strdup("null"), NULL);
    }
    return json_new_string(text);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static JsonValue *convert_sequence(Walk *walk, const yaml_node_t *node, unsigned depth)
{
    g_autoptr(JsonValue) array = json_new_array();

    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        JsonValue *element = convert(walk, *item, depth + 1);
        if (!element) {
            return NULL;
        }
        json_append(array, element);
    }
    return g_steal_pointer(&array);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static bool convert_pair(Walk *walk, const yaml_node_pair_t *pair, unsigned depth,
                         JsonValue *object)
{
    const yaml_node_t *key = yaml_document_get_node(walk->document, pair->key);
    const char *name = (const char *)key->data.scalar.value;
    JsonValue *value;

    if (key->type != YAML_SCALAR_NODE || has_nul(key)) {
        (void)refuse(walk, key, "expected a word as the key");
        return false;
    }
    if (json_member(object, name)) {
        (void)refuse(walk, key, "duplicate key in a mapping");
        return false;
    }
    value = convert(walk, pair->value, depth + 1);
    if (value) {
        json_set(object, name, value);
    }
    return value != NULL;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static JsonValue *convert_mapping(Walk *walk, const yaml_node_t *node, unsigned depth)
{
    g_autoptr(JsonValue) object = json_new_object();

    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        if (!convert_pair(walk, pair, depth, object)) {
            return NULL;
        }
    }
    return g_steal_pointer(&object);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static JsonValue *convert(Walk *walk, int index, unsigned depth)
{
    const yaml_node_t *node = yaml_document_get_node(walk->document, index);

    if (depth > DEPTH_MAX || walk->left == 0) {
        return refuse(walk, node, "the document is too large, or nested too deep");
    }
    walk->left--;
    switch (node->type) {
    case YAML_SCALAR_NODE:
        return convert_scalar(walk, node);
    case YAML_SEQUENCE_NODE:
        return convert_sequence(walk, node, depth);
    case YAML_MAPPING_NODE:
        return convert_mapping(walk, node, depth);
    default:
        return refuse(walk, node, "expected a word, a list or a mapping");
    }
}

static JsonValue *convert_document(yaml_document_t *document, GError **error)
{
    Walk walk = {.document = document, .left = NODES_MAX, .error = error};
    const yaml_node_t *root = yaml_document_get_root_node(document);

    if (!root || root->type != YAML_MAPPING_NODE) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                            "expected a mapping of words to values");
        return NULL;
    }
    return convert(&walk, 1, 0);
}

JsonValue *yaml_json_parse(const char *text, GError **error)
{
    JsonValue *object = NULL;
    yaml_document_t document;
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser)) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "cannot start libyaml");
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
