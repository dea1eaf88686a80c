/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/json/json-cursor.h"

#include <string.h>

enum { CODE_DIGITS = 4 }; /* of \uXXXX */

void *json_cursor_fail(const JsonCursor *cursor, JsonTextError code, const char *what)
{
    const char *line_start = cursor->start;
    unsigned line = 1;

    for (const char *c = cursor->start; c < cursor->at; c++) {
        if (*c == '\n') {
            line++;
            line_start = c + 1;
        }
    }
    g_set_error(cursor->error, JSON_TEXT_ERROR, code, "line %u, column %td: %s", line,
                cursor->at - line_start + 1, what);
    return NULL;
}

bool json_cursor_is_next(const JsonCursor *cursor, char c)
{
    return cursor->at < cursor->end && *cursor->at == c;
}

bool json_cursor_take(JsonCursor *cursor, char c)
{
    bool found = json_cursor_is_next(cursor, c);

    cursor->at += found;
    return found;
}

void json_cursor_skip_space(JsonCursor *cursor)
{
    while (json_cursor_take(cursor, ' ') || json_cursor_take(cursor, '\t') ||
           json_cursor_take(cursor, '\n') || json_cursor_take(cursor, '\r')) {
    }
}

/* --- numbers and words ------------------------------------------------------------------------- */

static bool take_digits(JsonCursor *cursor)
{
    const char *first = cursor->at;

    while (cursor->at < cursor->end && g_ascii_isdigit(*cursor->at)) {
        cursor->at++;
    }
    return cursor->at > first;
}

static bool take_number(JsonCursor *cursor)
{
    (void)json_cursor_take(cursor, '-');
    if (!json_cursor_take(cursor, '0') && !take_digits(cursor)) {
        return false;
    }
    if (json_cursor_take(cursor, '.') && !take_digits(cursor)) {
        return false;
    }
    if (json_cursor_take(cursor, 'e') || json_cursor_take(cursor, 'E')) {
        if (!json_cursor_take(cursor, '+')) {
            (void)json_cursor_take(cursor, '-');
        }
        return take_digits(cursor);
    }
    return true;
}

JsonValue *json_cursor_read_number(JsonCursor *cursor)
{
    const char *first = cursor->at;

    if (!take_number(cursor)) {
        return json_cursor_fail(cursor, JSON_TEXT_ERROR_SYNTAX, "expected a digit");
    }
    return json_new_read(JSON_KIND_NUMBER, g_strndup(first, (gsize)(cursor->at - first)), NULL);
}

JsonValue *json_cursor_read_word(JsonCursor *cursor)
{
    static const struct {
        const char *word;
        JsonKind kind;
    } words[] = {
        {"true", JSON_KIND_BOOLEAN}, {"false", JSON_KIND_BOOLEAN}, {"null", JSON_KIND_NULL}};

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        size_t length = strlen(words[i].word);
        if ((size_t)(cursor->end - cursor->at) >= length &&
            memcmp(cursor->at, words[i].word, length) == 0) {
            cursor->at += length;
            return json_new_read(words[i].kind, g_strdup(words[i].word), NULL);
        }
    }
    return json_cursor_fail(cursor, JSON_TEXT_ERROR_SYNTAX,
                            cursor->at == cursor->end ? "unexpected end of the document"
                                                      : "expected a value");
}

/* --- strings ----------------------------------------------------------------------------------- */

/* Read the four digits behind \u. */
static bool take_code(JsonCursor *cursor, gunichar *code)
{
    *code = 0;
    for (int i = 0; i < CODE_DIGITS; i++, cursor->at++) {
        if (cursor->at == cursor->end || !g_ascii_isxdigit(*cursor->at)) {
            json_cursor_fail(cursor, JSON_TEXT_ERROR_SYNTAX,
                             "expected four hexadecimal digits after \\u");
            return false;
        }
        *code = *code * 16 + (gunichar)g_ascii_xdigit_value(*cursor->at);
    }
    return true;
}

/* Read the lower half of a surrogate pair. It has to follow directly behind the upper half. */
static bool take_lower_half(JsonCursor *cursor, gunichar *code)
{
    gunichar lower;

    if (json_cursor_take(cursor, '\\') && json_cursor_take(cursor, 'u')) {
        if (!take_code(cursor, &lower)) {
            return false;
        }
        if (lower >= 0xdc00 && lower <= 0xdfff) {
            *code = 0x10000 + ((*code - 0xd800) << 10) + (lower - 0xdc00);
            return true;
        }
    }
    json_cursor_fail(cursor, JSON_TEXT_ERROR_ESCAPE,
                     "half of a surrogate pair is not allowed: runtimes read it in different ways");
    return false;
}

static bool take_unicode(JsonCursor *cursor, GString *text)
{
    gunichar code;

    if (!take_code(cursor, &code)) {
        return false;
    }
    if (code == 0) {
        json_cursor_fail(cursor, JSON_TEXT_ERROR_ESCAPE,
                         "\\u0000 is not allowed: some runtimes end the string here");
        return false;
    }
    if (code >= 0xdc00 && code <= 0xdfff) {
        json_cursor_fail(
            cursor, JSON_TEXT_ERROR_ESCAPE,
            "half of a surrogate pair is not allowed: runtimes read it in different ways");
        return false;
    }
    if (code >= 0xd800 && code < 0xdc00 && !take_lower_half(cursor, &code)) {
        return false;
    }
    g_string_append_unichar(text, code);
    return true;
}

/* Read the rest of an escape sequence, behind its backslash. */
static bool take_escape(JsonCursor *cursor, GString *text)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    const char *found = cursor->at < cursor->end ? strchr(letters, *cursor->at) : NULL;

    if (json_cursor_take(cursor, 'u')) {
        return take_unicode(cursor, text);
    }
    if (!found) {
        json_cursor_fail(cursor, JSON_TEXT_ERROR_SYNTAX, "unknown escape sequence");
        return false;
    }
    cursor->at++;
    g_string_append_c(text, meant[found - letters]);
    return true;
}

/* Read a character of a string. The cursor is neither at a quote nor at the end. */
static bool take_character(JsonCursor *cursor, GString *text)
{
    if (json_cursor_take(cursor, '\\')) {
        return take_escape(cursor, text);
    }
    if ((unsigned char)*cursor->at < ' ') {
        json_cursor_fail(cursor, JSON_TEXT_ERROR_SYNTAX, "control characters must be escaped");
        return false;
    }
    g_string_append_c(text, *cursor->at++);
    return true;
}

JsonValue *json_cursor_read_string(JsonCursor *cursor)
{
    const char *first = cursor->at++;
    g_autoptr(GString) text = g_string_new(NULL);

    while (!json_cursor_take(cursor, '"')) {
        if (cursor->at == cursor->end) {
            return json_cursor_fail(cursor, JSON_TEXT_ERROR_SYNTAX, "unterminated string");
        }
        if (!take_character(cursor, text)) {
            return NULL;
        }
    }
    return json_new_read(JSON_KIND_STRING, g_strndup(first, (gsize)(cursor->at - first)),
                         g_strdup(text->str));
}
