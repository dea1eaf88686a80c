/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/install/engine-file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/durable-file.h"

static bool fail(GError **error, const char *what, const char *path)
{
    const int saved = errno;

    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(saved), "cannot %s %s: %s%s", what, path,
                g_strerror(saved), saved == EACCES || saved == EPERM ? "; run this as root" : "");
    return false;
}

void engine_file_free(EngineFile *file)
{
    g_free(file->path);
    g_free(file->beside);
    g_free(file->backup_path);
    g_free(file->text);
    g_free(file->backup);
    g_free(file);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Read a file. @text stays NULL if there is none. */
static bool read_text(const char *path, char **text, GError **error)
{
    g_autoptr(GError) wrong = NULL;
    gsize length;

    if (!g_file_get_contents(path, text, &length, &wrong)) {
        if (g_error_matches(wrong, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
            return true;
        }
        g_propagate_error(error, g_steal_pointer(&wrong));
        return false;
    }
    if (strlen(*text) != length || !g_utf8_validate(*text, -1, NULL)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "%s: expected a text file in UTF-8",
                    path);
        return false;
    }
    return true;
}

/* Find out what to edit. @path of @file stays NULL on failure. */
static bool resolve(EngineFile *file, const char *path, GError **error)
{
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    struct stat status;

    if (lstat(absolute, &status) < 0) {
        if (errno != ENOENT) {
            return fail(error, "look at", absolute);
        }
        file->path = g_steal_pointer(&absolute);
        return true;
    }
    char *target = realpath(absolute, NULL);
    if (!target || stat(target, &file->status) < 0) {
        fail(error, "follow the link", absolute);
        free(target);
        return false;
    }
    file->path = g_strdup(target);
    free(target);
    if (!S_ISREG(file->status.st_mode)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                    "%s is not a regular file: expected the engine's configuration", file->path);
        return false;
    }
    return true;
}

/* Find a path for files that belong to a configuration, without their suffix: beside it or, in a directory of drop-in files, one
 * higher, since CRI-O reads every file there, whatever its name. The caller frees it. */
static char *path_beside(const char *path)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *parent = g_path_get_dirname(directory);

    return g_str_has_suffix(directory, ".d") ? g_build_filename(parent, name, NULL)
                                             : g_strdup(path);
}

EngineFile *engine_file_read(const char *path, GError **error)
{
    g_autoptr(EngineFile) file = g_new0(EngineFile, 1);

    file->status.st_mode = 0644;
    file->status.st_uid = geteuid();
    file->status.st_gid = getegid();
    if (!resolve(file, path, error)) {
        return NULL;
    }
    file->beside = path_beside(file->path);
    file->backup_path = g_strconcat(file->beside, ".nvcuse-backup", NULL);
    if (!read_text(file->path, &file->text, error) ||
        !read_text(file->backup_path, &file->backup, error)) {
        return NULL;
    }
    return g_steal_pointer(&file);
}

/* --- writing ---------------------------------------------------------------------------------- */

static bool sync_directory_of(const char *path, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);

    return durable_file_sync_directory(directory, error);
}

static bool rename_to(const char *from, const char *to, GError **error)
{
    return rename(from, to) == 0 || fail(error, "replace", to);
}

/* Keep the old text. A backup that is there already is of an earlier installation. */
static bool write_backup(const EngineFile *file, GError **error)
{
    g_autofree char *beside = g_strconcat(file->backup_path, ".new", NULL);

    if (!durable_file_write(beside, file->text, &file->status, error) ||
        !rename_to(beside, file->backup_path, error)) {
        (void)unlink(beside);
        return false;
    }
    return true;
}

bool engine_file_write(const EngineFile *file, const char *text, bool keep_old,
                       EngineFileProof proof, gpointer data, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(file->path);
    g_autofree char *beside = g_strconcat(file->beside, ".nvcuse-new", NULL);

    if (g_mkdir_with_parents(directory, 0755) < 0) {
        return fail(error, "create directory", directory);
    }
    if (!durable_file_write(beside, text, &file->status, error) ||
        (proof && !proof(beside, data, error)) ||
        (keep_old && file->text && !write_backup(file, error)) ||
        !rename_to(beside, file->path, error)) {
        (void)unlink(beside);
        return false;
    }
    return sync_directory_of(file->path, error);
}

static bool remove_path(const char *path, GError **error)
{
    if (unlink(path) < 0 && errno != ENOENT) {
        return fail(error, "remove", path);
    }
    return sync_directory_of(path, error);
}

bool engine_file_remove(const EngineFile *file, GError **error)
{
    return remove_path(file->path, error);
}

bool engine_file_remove_backup(const EngineFile *file, GError **error)
{
    return remove_path(file->backup_path, error);
}
