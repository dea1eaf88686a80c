/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/choice.h"

#include <gio/gio.h>

bool choice_parse(const char *text, const char *const *words, unsigned *index, GError **error)
{
    g_autoptr(GString) list = g_string_new(NULL);

    for (*index = 0; words[*index]; ++*index) {
        if (g_str_equal(text, words[*index])) {
            return true;
        }
        const char *separator = *index == 0 ? "" : words[*index + 1] ? ", " : " or ";
        g_string_append_printf(list, "%s%s", separator, words[*index]);
    }
    *index = 0;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "'%s': expected %s", text,
                list->str);
    return false;
}
