/* SPDX-License-Identifier: Apache-2.0 */
/* Writes documents: the tokens as they are, with JSON's punctuation between them. */
#include "cuse-server/base/json/json-text.h"

/* Start a new line. @indent: its level; -1: the document is one line */
static void start_line(GString *out, int indent)
{
    if (indent >= 0) {
        g_string_append_printf(out, "\n%*s", indent * 2, "");
    }
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static void write_value(GString *out, const JsonValue *value, int indent)
{
    bool is_object = json_kind(value) == JSON_KIND_OBJECT;
    int within = indent < 0 ? -1 : indent + 1;

    if (json_token(value)) {
        g_string_append(out, json_token(value));
        return;
    }
    g_string_append_c(out, is_object ? '{' : '[');
    for (guint i = 0; i < json_length(value); i++) {
        g_string_append(out, i ? "," : "");
        start_line(out, within);
        if (is_object) {
            g_string_append(out, json_token(json_key(value, i)));
            g_string_append(out, indent < 0 ? ":" : " : ");
        }
        write_value(out, json_element(value, i), within);
    }
    if (json_length(value)) {
        start_line(out, indent);
    }
    g_string_append_c(out, is_object ? '}' : ']');
}

char *json_text_write(const JsonValue *value)
{
    GString *out = g_string_new(NULL);

    write_value(out, value, -1);
    return g_string_free(out, FALSE);
}

char *json_text_pretty(const JsonValue *value)
{
    GString *out = g_string_new(NULL);

    write_value(out, value, 0);
    return g_string_free(out, FALSE);
}
