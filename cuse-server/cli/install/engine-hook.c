/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/install/engine-hook.h"

#include <errno.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/oci/runtime/find-program.h"

static bool fail(GError **error, const char *what, const char *path)
{
    const int saved = errno;

    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(saved), "cannot %s %s: %s", what, path,
                g_strerror(saved));
    return false;
}

static bool make(const char *path, const char *program, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);

    return (g_mkdir_with_parents(directory, 0755) == 0 && symlink(program, path) == 0) ||
           fail(error, "make the link", path);
}

bool engine_hook_put(const char *path, const char *program, bool remove, EngineHookChange *change,
                     GError **error)
{
    g_autofree char *target = g_file_read_link(path, NULL);
    g_autofree char *target_name = target ? g_path_get_basename(target) : NULL;
    const bool is_ours = g_strcmp0(target_name, "nvcuse") == 0;
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *found = find_program(name);

    *change = ENGINE_HOOK_STAYS;
    if (is_ours && (remove || g_strcmp0(target, program) != 0)) {
        *change = remove ? ENGINE_HOOK_REMOVED : ENGINE_HOOK_MADE;
        return (unlink(path) == 0 || fail(error, "remove", path)) &&
               (remove || make(path, program, error));
    }
    if (remove || is_ours || found) {
        return true;
    }
    *change = ENGINE_HOOK_MADE;
    return make(path, program, error);
}
