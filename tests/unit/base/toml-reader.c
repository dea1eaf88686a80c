/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of TOML: what is found, where it stands, and which text is refused. */
#include <criterion/criterion.h>

#include <string.h>

#include "cuse-server/base/toml/toml-reader.h"

static const char document[] = "# [not.a.table]\n"
                               "version = 2 # two\n"
                               "\n"
                               "[ plugins . \"io.x.v1\" ]\r\n"
                               "  text = \"\"\"\n"
                               "[in.a.string]\n"
                               "\\\"\"\" \"\"\"\" # the last but three belongs to it\n"
                               "  list = [ # a ]\n"
                               "    \"]\", ']',\n"
                               "    { a = [1, 2] },\n"
                               "  ]\n"
                               "  raw = '''\n"
                               "key = 1'''\n"
                               "  when = 1979-05-27 07:32:00 \t# a date\n"
                               "[[list]]\n"
                               "a.'b c'.\"d\" = 'x'";

static const struct {
    TomlKind kind;
    const char *name;
    const char *text;
    guint parts;
    guint line;
} statements[] = {
    {TOML_KIND_KEY, "version", "version = 2", 1, 2},
    {TOML_KIND_TABLE, "plugins.'io.x.v1'", "[ plugins . \"io.x.v1\" ]", 2, 4},
    {TOML_KIND_KEY, "plugins.'io.x.v1'.text", NULL, 1, 5},
    {TOML_KIND_KEY, "\"plugins\".\"io.x.v1\".list", NULL, 1, 8},
    {TOML_KIND_KEY, "plugins.\"io.x.v1\".raw", NULL, 1, 12},
    {TOML_KIND_KEY, "plugins.\"io.x.v1\".when", "when = 1979-05-27 07:32:00", 1, 14},
    {TOML_KIND_ARRAY, "list", "[[list]]", 1, 15},
    {TOML_KIND_KEY, "list.a.\"b c\".d", "a.'b c'.\"d\" = 'x'", 3, 16},
};

Test(toml_reader, finds_each_statement_and_nothing_in_strings_and_comments)
{
    g_autoptr(GPtrArray) items = toml_read(document, NULL);

    cr_assert(items);
    cr_assert_eq(items->len, G_N_ELEMENTS(statements));
    for (size_t i = 0; i < G_N_ELEMENTS(statements); i++) {
        const TomlItem *item = toml_find(items, statements[i].kind, statements[i].name);
        cr_assert_eq(item, items->pdata[i], "%s", statements[i].name);
        cr_assert_eq(item->parts, statements[i].parts, "%s", statements[i].name);
        cr_assert_eq(item->line, statements[i].line, "%s", statements[i].name);
        g_autofree char *text = g_strndup(document + item->start, item->end - item->start);
        cr_assert(!statements[i].text || strcmp(text, statements[i].text) == 0, "%s", text);
    }
}

Test(toml_reader, values_have_their_text)
{
    g_autoptr(GPtrArray) items = toml_read(document, NULL);
    g_autofree char *list =
        toml_value(document, toml_find(items, TOML_KIND_KEY, "plugins.'io.x.v1'.list"));
    g_autofree char *last = toml_value(document, toml_find(items, TOML_KIND_KEY, "list.a.'b c'.d"));

    cr_assert_str_eq(list, "[ # a ]\n    \"]\", ']',\n    { a = [1, 2] },\n  ]");
    cr_assert_str_eq(last, "'x'");
}

Test(toml_reader, a_name_is_within_itself_and_its_tables)
{
    g_autofree char *outer = toml_path("a.'b'");

    static const struct {
        const char *name;
        bool is_within;
    } rows[] = {{"a.b", true}, {"a.b.c", true}, {"a", false}, {"a.bc", false}, {"'a.b'", false}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = toml_path(rows[i].name);
        cr_assert_eq(toml_is_within(path, outer), rows[i].is_within, "%s", rows[i].name);
    }
}

Test(toml_reader, text_without_statements_has_none)
{
    static const char *const texts[] = {"", "\n\n", "# x", "# x\r\n", "  \t\n#"};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GPtrArray) items = toml_read(texts[i], NULL);
        cr_assert(items && items->len == 0, "%s", texts[i]);
    }
}

Test(toml_reader, refuses_what_is_not_toml_and_names_the_line)
{
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"a", "line 1: this is not TOML: expected '=', not ''"},
        {"a = 1\nb c = 2\n", "line 2: this is not TOML: expected '=', not 'c = 2'"},
        {"a =\n", "line 1: this is not TOML: expected a value, not ''"},
        {"\n= 1", "line 2: this is not TOML: expected a key, a [table] or a # comment, not '= 1'"},
        {"[a", "line 1: this is not TOML: expected ']', not ''"},
        {"[[a]\n", "line 1: this is not TOML: expected ']', not ''"},
        {"[a] b\n", "line 1: this is not TOML: expected the end of the line, not 'b'"},
        {"[a.]\n", "line 1: this is not TOML: expected a key, a [table] or a # comment, not ']'"},
        {"a = \"b\n\"\n",
         "line 1: this is not TOML: expected a string that ends on its line, not '\"b'"},
        {"a = \"b\\\"\n",
         "line 1: this is not TOML: expected a string that ends on its line, not '\"b\\\"'"},
        {"a = '''\n\n''\n", "line 1: this is not TOML: expected a string that ends, not '''''"},
        {"a = [\n1,\n", "line 1: this is not TOML: expected a bracket that is closed, not '['"},
        {"a = [\n}\n", "line 2: this is not TOML: expected the other kind of bracket, not '}'"},
        {"a = 'b' 'c'\n", "line 1: this is not TOML: expected the end of the line, not ''c''"},
        {"\xef\xbb\xbf"
         "a = 1\n",
         "line 1: this is not TOML: expected a key, a [table] or a # comment, not '\xef\xbb\xbf"
         "a = 1'"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        cr_assert_null(toml_read(rows[i].text, &error), "%s", rows[i].text);
        cr_assert_str_eq(error->message, rows[i].message);
    }
}

Test(toml_reader, quotes_strings)
{
    g_autofree char *value = toml_quote("/a \"b\"\\c");

    cr_assert_str_eq(value, "\"/a \\\"b\\\"\\\\c\"");
}
