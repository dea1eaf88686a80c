/* SPDX-License-Identifier: Apache-2.0 */
/* Reads documents. There is one function for each rule of RFC 8259's grammar. It starts at the first character of
 * the rule's text and leaves the reader behind the last. */
#include "cuse-server/base/json/json-text.h"

#include <string.h>

enum {
    DEPTH_MAX = 64,  /* the deepest value that OCI defines has depth 7 */
    SHOWN_MAX = 60,  /* characters of a token in a message */
    CODE_DIGITS = 4, /* of \uXXXX */
};

G_DEFINE_QUARK(json_text_error_quark, json_text_error)

/* @at: the next character; @end: behind the last one */
typedef struct {
    const char *start;
    const char *at;
    const char *end;
    unsigned depth;
    GError **error;
} Reader;

static JsonValue *read_value(Reader *reader);

/* Set an error whose message names the reader's position. Returns NULL. */
static void *fail(const Reader *reader, JsonTextError code, const char *what)
{
    const char *line_start = reader->start;
    unsigned line = 1;

    for (const char *c = reader->start; c < reader->at; c++) {
        if (*c == '\n') {
            line++;
            line_start = c + 1;
        }
    }
    g_set_error(reader->error, JSON_TEXT_ERROR, code, "line %u, column %td: %s", line,
                reader->at - line_start + 1, what);
    return NULL;
}

static bool is_next(const Reader *reader, char c)
{
    return reader->at < reader->end && *reader->at == c;
}

static bool take(Reader *reader, char c)
{
    bool found = is_next(reader, c);

    reader->at += found;
    return found;
}

static void skip_space(Reader *reader)
{
    while (take(reader, ' ') || take(reader, '\t') || take(reader, '\n') || take(reader, '\r')) {
    }
}

/* --- numbers and words ------------------------------------------------------------------------- */

static bool take_digits(Reader *reader)
{
    const char *first = reader->at;

    while (reader->at < reader->end && g_ascii_isdigit(*reader->at)) {
        reader->at++;
    }
    return reader->at > first;
}

static bool take_number(Reader *reader)
{
    (void)take(reader, '-');
    if (!take(reader, '0') && !take_digits(reader)) {
        return false;
    }
    if (take(reader, '.') && !take_digits(reader)) {
        return false;
    }
    if (take(reader, 'e') || take(reader, 'E')) {
        if (!take(reader, '+')) {
            (void)take(reader, '-');
        }
        return take_digits(reader);
    }
    return true;
}

static JsonValue *read_number(Reader *reader)
{
    const char *first = reader->at;

    if (!take_number(reader)) {
        return fail(reader, JSON_TEXT_ERROR_SYNTAX, "a number needs a digit here");
    }
    return json_new_read(JSON_KIND_NUMBER, g_strndup(first, (gsize)(reader->at - first)), NULL);
}

static JsonValue *read_word(Reader *reader)
{
    static const struct {
        const char *word;
        JsonKind kind;
    } words[] = {
        {"true", JSON_KIND_BOOLEAN}, {"false", JSON_KIND_BOOLEAN}, {"null", JSON_KIND_NULL}};

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        size_t length = strlen(words[i].word);
        if ((size_t)(reader->end - reader->at) >= length &&
            memcmp(reader->at, words[i].word, length) == 0) {
            reader->at += length;
            return json_new_read(words[i].kind, g_strdup(words[i].word), NULL);
        }
    }
    return fail(reader, JSON_TEXT_ERROR_SYNTAX,
                reader->at == reader->end ? "the document ends before it is complete"
                                          : "a value in JSON is needed here");
}

/* --- strings ----------------------------------------------------------------------------------- */

/* Read the four digits behind \u. */
static bool take_code(Reader *reader, gunichar *code)
{
    *code = 0;
    for (int i = 0; i < CODE_DIGITS; i++, reader->at++) {
        if (reader->at == reader->end || !g_ascii_isxdigit(*reader->at)) {
            fail(reader, JSON_TEXT_ERROR_SYNTAX, "\\u needs four hexadecimal digits");
            return false;
        }
        *code = *code * 16 + (gunichar)g_ascii_xdigit_value(*reader->at);
    }
    return true;
}

/* Read the lower half of a surrogate pair. It has to follow directly behind the upper half. */
static bool take_lower_half(Reader *reader, gunichar *code)
{
    gunichar lower;

    if (take(reader, '\\') && take(reader, 'u')) {
        if (!take_code(reader, &lower)) {
            return false;
        }
        if (lower >= 0xdc00 && lower <= 0xdfff) {
            *code = 0x10000 + ((*code - 0xd800) << 10) + (lower - 0xdc00);
            return true;
        }
    }
    fail(reader, JSON_TEXT_ERROR_ESCAPE,
         "half of a surrogate pair: runtimes do not agree on what that is");
    return false;
}

static bool take_unicode(Reader *reader, GString *text)
{
    gunichar code;

    if (!take_code(reader, &code)) {
        return false;
    }
    if (code == 0) {
        fail(reader, JSON_TEXT_ERROR_ESCAPE,
             "\\u0000: for some runtimes the string would end here, and for others not");
        return false;
    }
    if (code >= 0xdc00 && code <= 0xdfff) {
        fail(reader, JSON_TEXT_ERROR_ESCAPE,
             "half of a surrogate pair: runtimes do not agree on what that is");
        return false;
    }
    if (code >= 0xd800 && code < 0xdc00 && !take_lower_half(reader, &code)) {
        return false;
    }
    g_string_append_unichar(text, code);
    return true;
}

/* Read the rest of an escape sequence, behind its backslash. */
static bool take_escape(Reader *reader, GString *text)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    const char *found = reader->at < reader->end ? strchr(letters, *reader->at) : NULL;

    if (take(reader, 'u')) {
        return take_unicode(reader, text);
    }
    if (!found) {
        fail(reader, JSON_TEXT_ERROR_SYNTAX, "there is no such escape in JSON");
        return false;
    }
    reader->at++;
    g_string_append_c(text, meant[found - letters]);
    return true;
}

/* Read a character of a string. The reader is neither at a quote nor at the end. */
static bool take_character(Reader *reader, GString *text)
{
    if (take(reader, '\\')) {
        return take_escape(reader, text);
    }
    if ((unsigned char)*reader->at < ' ') {
        fail(reader, JSON_TEXT_ERROR_SYNTAX, "a control character has to be escaped");
        return false;
    }
    g_string_append_c(text, *reader->at++);
    return true;
}

static JsonValue *read_string(Reader *reader)
{
    const char *first = reader->at++;
    g_autoptr(GString) text = g_string_new(NULL);

    while (!take(reader, '"')) {
        if (reader->at == reader->end) {
            return fail(reader, JSON_TEXT_ERROR_SYNTAX, "a string without its end");
        }
        if (!take_character(reader, text)) {
            return NULL;
        }
    }
    return json_new_read(JSON_KIND_STRING, g_strndup(first, (gsize)(reader->at - first)),
                         g_strdup(text->str));
}

/* --- arrays and objects ------------------------------------------------------------------------ */

/* Read the end or the comma behind an element or member. Returns false with an error if there is neither. */
static bool take_separator(Reader *reader, char closing, bool *at_end)
{
    skip_space(reader);
    *at_end = take(reader, closing);
    if (*at_end || take(reader, ',')) {
        return true;
    }
    fail(reader, JSON_TEXT_ERROR_SYNTAX,
         closing == ']' ? "',' or ']' is needed here" : "',' or '}' is needed here");
    return false;
}

/* Check, behind an opening bracket, whether the closing bracket follows at once. */
static bool is_empty(Reader *reader, char closing)
{
    skip_space(reader);
    return take(reader, closing);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static JsonValue *read_array(Reader *reader)
{
    g_autoptr(JsonValue) array = json_new_array();
    bool at_end = is_empty(reader, ']');

    while (!at_end) {
        JsonValue *element = read_value(reader);
        if (!element) {
            return NULL;
        }
        json_append(array, element);
        if (!take_separator(reader, ']', &at_end)) {
            return NULL;
        }
    }
    return g_steal_pointer(&array);
}

static JsonValue *read_key(Reader *reader)
{
    g_autoptr(JsonValue) key = NULL;

    skip_space(reader);
    if (!is_next(reader, '"')) {
        return fail(reader, JSON_TEXT_ERROR_SYNTAX, "a key in quotes is needed here");
    }
    key = read_string(reader);
    if (key) {
        skip_space(reader);
        if (!take(reader, ':')) {
            return fail(reader, JSON_TEXT_ERROR_SYNTAX, "':' is needed here");
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

static JsonValue *refuse_duplicate(const Reader *reader, const JsonValue *key)
{
    const char *token = json_token(key);
    g_autofree char *shown = g_utf8_strlen(token, -1) > SHOWN_MAX
                                 ? g_utf8_substring(token, 0, SHOWN_MAX)
                                 : g_strdup(token);
    g_autofree char *what = g_strdup_printf("the object that ends here has the key %s twice: "
                                            "runtimes do not agree on which of them counts",
                                            shown);

    return fail(reader, JSON_TEXT_ERROR_DUPLICATE, what);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static bool read_member(Reader *reader, JsonValue *object)
{
    JsonValue *key = read_key(reader);
    JsonValue *value = key ? read_value(reader) : NULL;

    if (!value) {
        json_unref(key);
        return false;
    }
    json_add_member(object, key, value);
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static JsonValue *read_object(Reader *reader)
{
    g_autoptr(JsonValue) object = json_new_object();
    bool at_end = is_empty(reader, '}');
    const JsonValue *duplicate;

    while (!at_end) {
        if (!read_member(reader, object) || !take_separator(reader, '}', &at_end)) {
            return NULL;
        }
    }
    duplicate = find_duplicate(object);
    return duplicate ? refuse_duplicate(reader, duplicate) : g_steal_pointer(&object);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static JsonValue *read_nested(Reader *reader)
{
    bool is_array = is_next(reader, '[');
    JsonValue *value;

    if (reader->depth == DEPTH_MAX) {
        return fail(reader, JSON_TEXT_ERROR_DEPTH,
                    "too many arrays and objects in each other: at most 64 are read");
    }
    reader->at++;
    reader->depth++;
    value = is_array ? read_array(reader) : read_object(reader);
    reader->depth--;
    return value;
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static JsonValue *read_value(Reader *reader)
{
    skip_space(reader);
    if (is_next(reader, '{') || is_next(reader, '[')) {
        return read_nested(reader);
    }
    if (is_next(reader, '"')) {
        return read_string(reader);
    }
    if (is_next(reader, '-') || (reader->at < reader->end && g_ascii_isdigit(*reader->at))) {
        return read_number(reader);
    }
    return read_word(reader);
}

/* --- documents --------------------------------------------------------------------------------- */

static bool check_encoding(Reader *reader)
{
    const char *wrong;

    if (g_utf8_validate_len(reader->start, (gsize)(reader->end - reader->start), &wrong)) {
        return true;
    }
    reader->at = wrong;
    fail(reader, JSON_TEXT_ERROR_ENCODING, "this is not UTF-8");
    return false;
}

JsonValue *json_text_parse(const char *text, gssize length, GError **error)
{
    Reader reader = {.start = text,
                     .at = text,
                     .end = text + (length < 0 ? (gssize)strlen(text) : length),
                     .error = error};
    g_autoptr(JsonValue) value = check_encoding(&reader) ? read_value(&reader) : NULL;

    if (!value) {
        return NULL;
    }
    skip_space(&reader);
    if (reader.at < reader.end) {
        return fail(&reader, JSON_TEXT_ERROR_TRAILING,
                    "the document has ended, and more follows: some runtimes would not see it");
    }
    if (json_kind(value) != JSON_KIND_OBJECT) {
        return fail(&reader, JSON_TEXT_ERROR_KIND, "the document is not an object");
    }
    return g_steal_pointer(&value);
}
