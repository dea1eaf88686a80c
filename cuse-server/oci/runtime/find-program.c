/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/runtime/find-program.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

#include "cuse-server/oci/hooks/hook-environment.h"

static bool is_program(const char *path)
{
    return g_file_test(path, G_FILE_TEST_IS_EXECUTABLE) && !g_file_test(path, G_FILE_TEST_IS_DIR);
}

char *find_program(const char *name)
{
    const char *path = g_getenv("PATH");
    g_auto(GStrv) directories = g_strsplit(path ? path : HOOK_PATH, ":", -1);

    if (strchr(name, '/')) {
        g_autofree char *absolute = g_canonicalize_filename(name, NULL);
        return is_program(absolute) ? g_steal_pointer(&absolute) : NULL;
    }
    for (char **directory = directories; *name && *directory; directory++) {
        g_autofree char *found = g_build_filename(*directory, name, NULL);
        if (g_path_is_absolute(*directory) && is_program(found)) {
            return g_steal_pointer(&found);
        }
    }
    return NULL;
}
