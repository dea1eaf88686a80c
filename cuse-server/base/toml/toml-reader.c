/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/toml/toml-reader.h"

#include <string.h>

#include <gio/gio.h>

/* Between the parts of a path. No part has a line end. */
#define PATH_SEPARATOR '\n'

/* The position in the document. */
typedef struct {
    const char *text;
    const char *at;
    guint line;
    GError **error;
} Cursor;

static bool fail(const Cursor *cursor, const char *expected)
{
    g_autofree char *rest = g_strndup(cursor->at, strcspn(cursor->at, "\r\n"));
    g_autofree char *shown = g_utf8_substring(rest, 0, MIN(g_utf8_strlen(rest, -1), 30));

    g_set_error(cursor->error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                "line %u: this is not TOML: expected %s, not '%s'", cursor->line, expected, shown);
    return false;
}

/* --- space ------------------------------------------------------------------------------------ */

static bool is_line_end(const char *at)
{
    return *at == '\n' || (at[0] == '\r' && at[1] == '\n');
}

static void skip_space(Cursor *cursor)
{
    cursor->at += strspn(cursor->at, " \t");
}

/* Go on behind space and a comment, to the end of the line if nothing else follows. */
static void skip_comment(Cursor *cursor)
{
    skip_space(cursor);
    if (*cursor->at == '#') {
        cursor->at += strcspn(cursor->at, "\n");
        cursor->at -= cursor->at[-1] == '\r' && *cursor->at == '\n';
    }
}

static bool take_line_end(Cursor *cursor)
{
    if (!is_line_end(cursor->at)) {
        return false;
    }
    cursor->at += *cursor->at == '\r' ? 2 : 1;
    cursor->line++;
    return true;
}

static void skip_blank_lines(Cursor *cursor)
{
    do {
        skip_comment(cursor);
    } while (take_line_end(cursor));
}

/* --- names ------------------------------------------------------------------------------------ */

static bool is_bare(char c)
{
    return g_ascii_isalnum(c) || c == '_' || c == '-';
}

/* Go on behind a string of one line. */
static bool skip_short_string(Cursor *cursor)
{
    const char quote = *cursor->at;
    const char *at = cursor->at + 1;

    while (*at && *at != quote && !is_line_end(at)) {
        at += quote == '"' && at[0] == '\\' && at[1] ? 2 : 1;
    }
    if (*at != quote) {
        return fail(cursor, "a string that ends on its line");
    }
    cursor->at = at + 1;
    return true;
}

static bool read_part(Cursor *cursor, GString *path)
{
    const char *start = cursor->at;

    if (*start == '"' || *start == '\'') {
        if (!skip_short_string(cursor)) {
            return false;
        }
        g_string_append_len(path, start + 1, cursor->at - start - 2);
        return true;
    }
    while (is_bare(*cursor->at)) {
        cursor->at++;
    }
    g_string_append_len(path, start, cursor->at - start);
    return cursor->at > start || fail(cursor, "a key, a [table] or a # comment");
}

/* Read a name, and append it to a path. Returns the number of its parts, or 0 with an error. */
static guint read_name(Cursor *cursor, GString *path)
{
    guint parts = 0;

    do {
        cursor->at += parts > 0;
        skip_space(cursor);
        if (path->len > 0) {
            g_string_append_c(path, PATH_SEPARATOR);
        }
        if (!read_part(cursor, path)) {
            return 0;
        }
        skip_space(cursor);
        parts++;
    } while (*cursor->at == '.');
    return parts;
}

/* --- values ----------------------------------------------------------------------------------- */

/* Go on behind a string of many lines, which starts and ends with three quotes. */
static bool skip_long_string(Cursor *cursor)
{
    const char quote = *cursor->at;
    const char close[] = {quote, quote, quote, '\0'};
    const char *at = cursor->at + 3;
    guint line = cursor->line;

    while (*at && !g_str_has_prefix(at, close)) {
        line += *at == '\n';
        at += quote == '"' && at[0] == '\\' && at[1] && at[1] != '\n' ? 2 : 1;
    }
    if (!*at) {
        return fail(cursor, "a string that ends");
    }
    at += 3;
    /* The string itself may end with up to two quotes. */
    at += *at == quote;
    at += *at == quote;
    cursor->at = at;
    cursor->line = line;
    return true;
}

static bool skip_string(Cursor *cursor)
{
    const char quote = *cursor->at;

    return cursor->at[1] == quote && cursor->at[2] == quote ? skip_long_string(cursor)
                                                            : skip_short_string(cursor);
}

/* Go on behind an array or an inline table, with everything in it. */
static bool skip_brackets(Cursor *cursor)
{
    g_autoptr(GString) closers = g_string_new(NULL);
    const Cursor start = *cursor;

    do {
        const char c = *cursor->at;
        if (c == '\0') {
            return fail(&start, "a bracket that is closed");
        }
        if (c == '"' || c == '\'') {
            if (!skip_string(cursor)) {
                return false;
            }
        } else if (c == '#') {
            skip_comment(cursor);
        } else if (!take_line_end(cursor)) {
            if (c == '[' || c == '{') {
                g_string_append_c(closers, c == '[' ? ']' : '}');
            } else if (c == ']' || c == '}') {
                if (closers->str[closers->len - 1] != c) {
                    return fail(cursor, "the other kind of bracket");
                }
                g_string_truncate(closers, closers->len - 1);
            }
            cursor->at++;
        }
    } while (closers->len > 0);
    return true;
}

/* Go on behind a number, a word or a date. A date may have a blank in it. */
static bool skip_word(Cursor *cursor)
{
    const char *start = cursor->at;
    size_t length = strcspn(start, "#\r\n");

    while (length > 0 && (start[length - 1] == ' ' || start[length - 1] == '\t')) {
        length--;
    }
    cursor->at += length;
    return length > 0 || fail(cursor, "a value");
}

static bool skip_value(Cursor *cursor)
{
    switch (*cursor->at) {
    case '"':
    case '\'':
        return skip_string(cursor);
    case '[':
    case '{':
        return skip_brackets(cursor);
    default:
        return skip_word(cursor);
    }
}

/* --- statements ------------------------------------------------------------------------------- */

static void item_free(gpointer data)
{
    TomlItem *item = data;

    g_free(item->path);
    g_free(item);
}

static bool take(Cursor *cursor, char c)
{
    if (*cursor->at != c) {
        return false;
    }
    cursor->at++;
    return true;
}

/* Read a header. Its name becomes @table, in which the keys behind it are. */
static bool read_header(Cursor *cursor, TomlItem *item, GString *table)
{
    cursor->at++;
    item->kind = take(cursor, '[') ? TOML_KIND_ARRAY : TOML_KIND_TABLE;
    g_string_truncate(table, 0);
    item->parts = read_name(cursor, table);
    if (item->parts == 0) {
        return false;
    }
    item->path = g_strdup(table->str);
    return (take(cursor, ']') && (item->kind == TOML_KIND_TABLE || take(cursor, ']'))) ||
           fail(cursor, "']'");
}

static bool read_key(Cursor *cursor, TomlItem *item, const GString *table)
{
    g_autoptr(GString) path = g_string_new(table->str);

    item->kind = TOML_KIND_KEY;
    item->parts = read_name(cursor, path);
    if (item->parts == 0) {
        return false;
    }
    item->path = g_strdup(path->str);
    if (!take(cursor, '=')) {
        return fail(cursor, "'='");
    }
    skip_space(cursor);
    item->value = (gsize)(cursor->at - cursor->text);
    return skip_value(cursor);
}

static bool read_item(Cursor *cursor, GPtrArray *items, GString *table)
{
    TomlItem *item = g_new0(TomlItem, 1);
    bool ok;

    g_ptr_array_add(items, item);
    item->line = cursor->line;
    item->start = (gsize)(cursor->at - cursor->text);
    ok = *cursor->at == '[' ? read_header(cursor, item, table) : read_key(cursor, item, table);
    if (!ok) {
        return false;
    }
    item->end = (gsize)(cursor->at - cursor->text);
    skip_comment(cursor);
    return !*cursor->at || is_line_end(cursor->at) || fail(cursor, "the end of the line");
}

GPtrArray *toml_read(const char *text, GError **error)
{
    g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(item_free);
    g_autoptr(GString) table = g_string_new(NULL);
    Cursor cursor = {.text = text, .at = text, .line = 1, .error = error};

    for (skip_blank_lines(&cursor); *cursor.at; skip_blank_lines(&cursor)) {
        if (!read_item(&cursor, items, table)) {
            return NULL;
        }
    }
    return g_steal_pointer(&items);
}

/* --- looking ---------------------------------------------------------------------------------- */

char *toml_path(const char *name)
{
    GString *path = g_string_new(NULL);
    Cursor cursor = {.text = name, .at = name, .line = 1};
    guint parts = read_name(&cursor, path);

    g_assert(parts > 0 && *cursor.at == '\0');
    return g_string_free(path, FALSE);
}

bool toml_is_within(const char *path, const char *outer)
{
    const size_t length = strlen(outer);

    return strncmp(path, outer, length) == 0 &&
           (path[length] == '\0' || path[length] == PATH_SEPARATOR);
}

const TomlItem *toml_find(const GPtrArray *items, TomlKind kind, const char *name)
{
    g_autofree char *path = toml_path(name);

    for (guint i = 0; i < items->len; i++) {
        const TomlItem *item = items->pdata[i];
        if (item->kind == kind && strcmp(item->path, path) == 0) {
            return item;
        }
    }
    return NULL;
}

char *toml_value(const char *text, const TomlItem *item)
{
    return g_strndup(text + item->value, item->end - item->value);
}

char *toml_quote(const char *text)
{
    GString *value = g_string_new("\"");

    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            g_string_append_c(value, '\\');
        }
        g_string_append_c(value, *text);
    }
    g_string_append_c(value, '"');
    return g_string_free(value, FALSE);
}
