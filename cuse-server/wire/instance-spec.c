/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/wire/instance-spec.h"

#include <string.h>

#include <gio/gio.h>

bool instance_check_name(const char *name, GError **error)
{
    static const char allowed[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-";
    size_t length = strlen(name);

    if (length > 0 && length <= INSTANCE_NAME_MAX && strspn(name, allowed) == length &&
        g_ascii_isalnum(name[0]) && !g_str_has_suffix(name, ".sock")) {
        return true;
    }
    g_set_error(
        error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        "'%s' cannot be an instance's name: expected 1 to %d letters, digits, '_', '-' and '.', "
        "a letter or digit first, and not .sock at the end",
        name, INSTANCE_NAME_MAX);
    return false;
}
