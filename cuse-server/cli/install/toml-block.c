/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/install/toml-block.h"

#include <string.h>

#include <gio/gio.h>

#include "cuse-server/base/toml/toml-reader.h"
#include "cuse-server/cli/install/engine.h"

#define MARK_BEGIN "# nvcuse install: begin"
#define MARK_END   "# nvcuse install: end"
/* What the default runtime was, if nvcuse has changed it: the value's text, or a word that is no value. */
#define MARK_BEFORE "# nvcuse install: the default before: "
#define NO_DEFAULT  "none"

static const char quoted_name[] = "\"" INSTALL_NAME "\"";

G_GNUC_PRINTF(3, 4)
static bool fail_at(GError **error, guint line, const char *format, ...)
{
    g_autofree char *what = NULL;
    va_list args;

    va_start(args, format);
    what = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "line %u: %s", line, what);
    return false;
}

static guint line_of(const char *text, const char *at)
{
    guint line = 1;

    for (; text < at; text++) {
        line += *text == '\n';
    }
    return line;
}

/* Returns the line end that a text uses: that of its first line. */
static const char *line_end(const char *text)
{
    const char *end = strchr(text, '\n');

    return end && end > text && end[-1] == '\r' ? "\r\n" : "\n";
}

void toml_base_free(TomlBase *base)
{
    g_string_free(base->text, TRUE);
    g_clear_pointer(&base->items, g_ptr_array_unref);
    g_free(base);
}

/* --- changing a text --------------------------------------------------------------------------- */

/* Put text in the place of other text. The place of the block moves along. */
static void replace(TomlBase *base, gsize start, gsize end, const char *with)
{
    const gsize length = strlen(with);

    g_string_erase(base->text, (gssize)start, (gssize)(end - start));
    g_string_insert(base->text, (gssize)start, with);
    if (start < base->at) {
        base->at = base->at - (end - start) + length;
    }
}

/* Find the statements again. */
static bool read_again(TomlBase *base, GError **error)
{
    g_clear_pointer(&base->items, g_ptr_array_unref);
    base->items = toml_read(base->text->str, error);
    return base->items != NULL;
}

/* Returns where the line's text ends that has @at in it: before its line end. */
static gsize end_of_line(const GString *text, gsize at)
{
    gsize end = at + strcspn(text->str + at, "\n");

    return end > at && text->str[end] == '\n' && text->str[end - 1] == '\r' ? end - 1 : end;
}

/* --- the default runtime ------------------------------------------------------------------------ */

static const TomlItem *default_item(const TomlBase *base, const TomlDefault *engine_default)
{
    g_autofree char *name = g_strconcat(engine_default->table, ".", engine_default->key, NULL);

    return toml_find(base->items, TOML_KIND_KEY, name);
}

/* Write a string's value without quotes. */
static char *unquoted(const char *value)
{
    const size_t length = strlen(value);

    return length >= 2 && (*value == '"' || *value == '\'') ? g_strndup(value + 1, length - 2)
                                                            : g_strdup(value);
}

char *toml_block_default(const TomlBase *base, const TomlDefault *engine_default)
{
    const TomlItem *item = default_item(base, engine_default);
    g_autofree char *value = item ? toml_value(base->text->str, item) : NULL;

    return value ? unquoted(value) : NULL;
}

static bool is_ours(const TomlBase *base, const TomlDefault *engine_default)
{
    g_autofree char *name = toml_block_default(base, engine_default);

    return g_strcmp0(name, INSTALL_NAME) == 0;
}

/* Remove a line that nvcuse has put behind another one. */
static void remove_line(TomlBase *base, const TomlItem *item)
{
    gsize start = item->start;

    while (start > 0 && base->text->str[start - 1] != '\n') {
        start--;
    }
    if (start > 0) {
        start -= start > 1 && base->text->str[start - 2] == '\r' ? 2 : 1;
    }
    replace(base, start, end_of_line(base->text, item->end), "");
}

/* Restore what the block says that was there before. */
static bool restore_default(TomlBase *base, const TomlDefault *engine_default, const char *old,
                            GError **error)
{
    const TomlItem *item = default_item(base, engine_default);

    if (!item || !is_ours(base, engine_default)) {
        return true;
    }
    if (g_str_equal(old, NO_DEFAULT)) {
        remove_line(base, item);
    } else {
        replace(base, item->value, item->end, old);
    }
    return read_again(base, error);
}

/* Add the key below the header of its table, indented a little more than that. */
static void insert_default(TomlBase *base, const TomlDefault *engine_default,
                           const TomlItem *header)
{
    const gsize at = end_of_line(base->text, header->end);
    gsize start = header->start;
    g_autofree char *indent = NULL;
    g_autofree char *line = NULL;

    while (start > 0 && strchr(" \t", base->text->str[start - 1])) {
        start--;
    }
    indent = g_strndup(base->text->str + start, header->start - start);
    line = g_strdup_printf("%s%s  %s = %s", line_end(base->text->str), indent, engine_default->key,
                           quoted_name);
    replace(base, at, at, line);
    if (base->at == at) {
        base->at += strlen(line);
    }
}

/* Make nvcuse the default. Lines for the block are appended to @block. */
static bool set_default(TomlBase *base, const TomlDefault *engine_default, GString *block,
                        GError **error)
{
    const TomlItem *item = default_item(base, engine_default);
    const TomlItem *header = toml_find(base->items, TOML_KIND_TABLE, engine_default->table);
    g_autofree char *old = item ? toml_value(base->text->str, item) : NULL;

    if (old && (item->parts > 1 || strchr(old, '\n'))) {
        return fail_at(error, item->line,
                       "nvcuse install can change '%s' only where it is a key "
                       "of [%s] on one line: set it to %s by hand",
                       engine_default->key, engine_default->table, quoted_name);
    }
    if (is_ours(base, engine_default)) {
        return true;
    }
    if (!item && !header && !toml_block_check_free(base, engine_default->table, error)) {
        return false;
    }
    g_string_append_printf(block, MARK_BEFORE "%s\n", old ? old : NO_DEFAULT);
    if (item) {
        replace(base, item->value, item->end, quoted_name);
    } else if (header) {
        insert_default(base, engine_default, header);
    } else {
        g_string_append_printf(block, "[%s]\n  %s = %s\n", engine_default->table,
                               engine_default->key, quoted_name);
    }
    return true;
}

/* --- the block --------------------------------------------------------------------------------- */

/* Returns where the line before @at ends: before its line end. */
static const char *end_of_previous(const char *text, const char *at)
{
    return at - (at > text + 1 && at[-2] == '\r' ? 2 : 1);
}

/* Find a line that starts with a mark. */
static const char *find_mark(const char *text, const char *mark)
{
    for (const char *at = text; at && (at = strstr(at, mark)); at++) {
        if (at == text || at[-1] == '\n') {
            return at;
        }
    }
    return NULL;
}

static bool check_marks(const char *text, const char *begin, const char *end, GError **error)
{
    if (begin && (!end || end < begin)) {
        return fail_at(
            error, line_of(text, begin),
            "nvcuse install's block begins here, and has no line '%s': put that line back, "
            "or remove the block by hand",
            MARK_END);
    }
    return begin || !end ||
           fail_at(error, line_of(text, end),
                   "nvcuse install's block ends here, and has no line '%s': put that line back, or "
                   "remove the block by hand",
                   MARK_BEGIN);
}

/* Cut the block, with the line end that nvcuse put before it, out of the text. @block: the block, or NULL if there is none. */
static bool cut(TomlBase *base, char **block, GError **error)
{
    const char *text = base->text->str;
    const char *begin = find_mark(text, MARK_BEGIN);
    const char *end = find_mark(text, MARK_END);

    if (!check_marks(text, begin, end, error)) {
        return false;
    }
    if (!begin) {
        return true;
    }
    end += strcspn(end, "\n");
    end += *end == '\n';
    const char *behind = begin > text ? end_of_previous(text, begin) : begin;
    /* A line end that separates lines of others stays. */
    if (*end == '\0' || behind == text || behind[-1] == '\n') {
        begin = behind;
    }
    base->at = (gsize)(begin - text);
    *block = g_strndup(begin, (gsize)(end - begin));
    g_string_erase(base->text, (gssize)base->at, (gssize)strlen(*block));
    return true;
}

/* Check that no keys follow the block. They belong to its last table, and would belong to another table without it. */
static bool check_behind(const TomlBase *base, const char *text, gsize length, GError **error)
{
    for (guint i = 0; i < base->items->len; i++) {
        const TomlItem *item = base->items->pdata[i];
        if (item->start >= base->at) {
            return item->kind != TOML_KIND_KEY ||
                   fail_at(error, line_of(text, text + item->start + length),
                           "this key follows nvcuse install's block and so is in the block's last "
                           "table: move it to its own table");
        }
    }
    return true;
}

/* Take back what the block changed elsewhere. */
static bool take_back(TomlBase *base, const TomlDefault *engine_default, const char *block,
                      GError **error)
{
    const char *old = strstr(block, MARK_BEFORE);
    g_autofree char *value = NULL;

    base->has_block = true;
    if (!old) {
        return true;
    }
    old += strlen(MARK_BEFORE);
    value = g_strndup(old, strcspn(old, "\r\n"));
    base->has_default = !default_item(base, engine_default) || is_ours(base, engine_default);
    return restore_default(base, engine_default, value, error);
}

TomlBase *toml_block_take_out(const char *text, const TomlDefault *engine_default, GError **error)
{
    g_autoptr(TomlBase) base = g_new0(TomlBase, 1);
    g_autofree char *block = NULL;

    base->text = g_string_new(text);
    base->at = base->text->len;
    /* The whole text is read first, so that errors name its lines. */
    if (!read_again(base, error) || !cut(base, &block, error) || !read_again(base, error)) {
        return NULL;
    }
    if (block && (!check_behind(base, text, strlen(block), error) ||
                  !take_back(base, engine_default, block, error))) {
        return NULL;
    }
    return g_steal_pointer(&base);
}

char *toml_block_put_in(TomlBase *base, const TomlDefault *engine_default, bool make_default,
                        const char *tables, GError **error)
{
    g_autoptr(TomlBase) owned = base;
    g_autoptr(GString) block = g_string_new(base->at ? "\n" : "");
    const char *ending = line_end(base->text->str);

    g_string_append(block, MARK_BEGIN "; nvcuse install --remove takes this block out\n");
    const gsize empty = block->len;
    if (make_default && !set_default(base, engine_default, block, error)) {
        return NULL;
    }
    g_string_append(block, tables);
    if (block->len > empty) {
        g_string_append(block, MARK_END "\n");
        if (*ending == '\r') {
            g_string_replace(block, "\n", ending, 0);
        }
        g_string_insert(base->text, (gssize)base->at, block->str);
    }
    return g_strdup(base->text->str);
}

bool toml_block_check_removable(const TomlBase *base, const TomlDefault *engine_default,
                                GError **error)
{
    return !base->has_block || !is_ours(base, engine_default) ||
           fail_at(
               error, default_item(base, engine_default)->line,
               "without nvcuse install's block, %s = %s names a runtime that is not there: name "
               "another one, and try again",
               engine_default->key, quoted_name);
}

/* --- what is in the way ------------------------------------------------------------------------- */

bool toml_block_check_free(const TomlBase *base, const char *table, GError **error)
{
    g_autofree char *path = toml_path(table);

    for (guint i = 0; i < base->items->len; i++) {
        const TomlItem *item = base->items->pdata[i];
        const bool is_around = toml_is_within(path, item->path);
        const bool is_inside = toml_is_within(item->path, path);
        if (item->kind == TOML_KIND_KEY && is_around) {
            return fail_at(error, item->line, "this key takes the place of the table [%s]", table);
        }
        if (item->kind == TOML_KIND_KEY && is_inside && item->parts > 1 &&
            !toml_find(base->items, TOML_KIND_TABLE, table)) {
            return fail_at(error, item->line, "this dotted key makes the table [%s]", table);
        }
        if (item->kind == TOML_KIND_ARRAY && (is_around || is_inside)) {
            return fail_at(error, item->line, "[%s] is in an array of tables", table);
        }
        if (item->kind == TOML_KIND_TABLE && is_around && is_inside) {
            return fail_at(error, item->line, "the table [%s] is there already", table);
        }
    }
    return true;
}
