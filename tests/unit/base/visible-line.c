/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's text in a log or on a terminal: it becomes one line of visible characters. */
#include <criterion/criterion.h>

#include <glib.h>

#include "cuse-server/base/visible-line.h"

Test(visible_line, what_cannot_be_seen_is_escaped)
{
    static const struct {
        const char *text;
        const char *line;
    } rows[] = {
        {"", ""},
        {"there is no GPU '7'", "there is no GPU '7'"},
        {"caf\u00e9 \u4e16", "caf\u00e9 \u4e16"},
        {"7\ntime=x level=info", "7\\ntime=x level=info"},
        {"a\r\tb", "a\\r\\tb"},
        {"a\\nb", "a\\\\nb"},
        {"\033[2J\007", "\\u001b[2J\\u0007"},
        {"\177", "\\u007f"},
        {"a\xc2\x9b"
         "31m",
         "a\\u009b31m"}, /* CSI in one character */
        {"a\xe2\x80\xa8"
         "b",
         "a\\u2028b"}, /* line separator */
        {"a\xe2\x80\xae"
         "b",
         "a\\u202eb"}, /* changes the direction of writing */
        {"a\xef\xbb\xbf"
         "b",
         "a\\ufeffb"}, /* invisible, without width */
        {"a\xf3\xa0\x80\xa0"
         "b",
         "a\\U000e0020b"}, /* a tag */
        {"a\xff\xfe"
         "b",
         "a\\xff\\xfeb"},                      /* not UTF-8 */
        {"a\xc3", "a\\xc3"},                   /* an incomplete character */
        {"a\xed\xa0\x80", "a\\xed\\xa0\\x80"}, /* half of a surrogate pair */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *line = visible_line(rows[i].text);
        cr_assert_str_eq(line, rows[i].line, "row %zu: %s", i, line);
    }
}

Test(visible_line, every_byte_and_character_gives_one_line_of_text)
{
    for (gunichar c = 1; c <= 0x10ffff; c++) {
        char text[8] = "";
        text[g_unichar_to_utf8(c, text)] = '\0';
        g_autofree char *line = visible_line(text);
        cr_assert(g_utf8_validate(line, -1, NULL), "U+%04x", c);
        for (const char *at = line; *at; at = g_utf8_next_char(at)) {
            gunichar seen = g_utf8_get_char(at);
            cr_assert(!g_unichar_iscntrl(seen) && seen != 0x2028 && seen != 0x2029, "U+%04x", c);
        }
    }
}
