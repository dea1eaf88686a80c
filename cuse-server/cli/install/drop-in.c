/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/install/drop-in.h"

char *drop_in_edit(const char *text, const InstallWish *wish, const TomlDefault *engine_default,
                   const char *table, const char *lines, GError **error)
{
    g_autoptr(TomlBase) base = toml_block_take_out(text ? text : "", engine_default, error);
    g_autofree char *tables = g_strdup_printf("[%s]\n%s", table, lines);

    if (!base) {
        return NULL;
    }
    if (wish->remove) {
        return toml_block_check_removable(base, engine_default, error) ? g_strdup(base->text->str)
                                                                       : NULL;
    }
    if (!toml_block_check_free(base, table, error)) {
        g_prefix_error(error,
                       "cannot add the runtime, add it by hand:\n\n%s\nThe reason: ", tables);
        return NULL;
    }
    const bool make_default = wish->make_default || base->has_default;
    return toml_block_put_in(g_steal_pointer(&base), engine_default, make_default, tables, error);
}
