/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/visible-line.h"

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

static bool is_visible(gunichar c)
{
    switch (g_unichar_type(c)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_UNASSIGNED:
        return false;
    default:
        return true;
    }
}

static void append_escaped(GString *line, gunichar c)
{
    static const struct {
        gunichar character;
        const char *escape;
    } named[] = {{'\\', "\\\\"}, {'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}};

    for (size_t i = 0; i < G_N_ELEMENTS(named); i++) {
        if (named[i].character == c) {
            g_string_append(line, named[i].escape);
            return;
        }
    }
    g_string_append_printf(line, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
}

char *visible_line(const char *text)
{
    GString *line = g_string_new(NULL);

    while (*text) {
        gunichar c = g_utf8_get_char_validated(text, -1);
        if (c == (gunichar)-1 || c == (gunichar)-2) {
            g_string_append_printf(line, "\\x%02x", (uint8_t)*text);
            text++;
            continue;
        }
        if (c == '\\' || !is_visible(c)) {
            append_escaped(line, c);
        } else {
            g_string_append_unichar(line, c);
        }
        text = g_utf8_next_char(text);
    }
    return g_string_free(line, FALSE);
}
