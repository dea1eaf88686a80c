/* SPDX-License-Identifier: Apache-2.0 */
/* The file with an engine's configuration, and what is shown of its changes. */
#include <criterion/criterion.h>

#include <string.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "cuse-server/cli/install/engine-file.h"
#include "cuse-server/cli/install/text-diff.h"

static char *directory;

static void make_directory(void)
{
    directory = g_dir_make_tmp("engine-file.XXXXXX", NULL);
    cr_assert(directory);
}

static void remove_directory(void)
{
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", directory);

    cr_assert(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(directory);
}

TestSuite(engine_file, .init = make_directory, .fini = remove_directory);

static char *in_directory(const char *name)
{
    return g_build_filename(directory, name, NULL);
}

static void make_file(const char *name, const char *text, mode_t mode)
{
    g_autofree char *path = in_directory(name);

    cr_assert(g_file_set_contents(path, text, -1, NULL));
    cr_assert_eq(chmod(path, mode), 0);
}

static EngineFile *read_file(const char *name)
{
    g_autofree char *path = in_directory(name);
    g_autoptr(GError) error = NULL;
    EngineFile *file = engine_file_read(path, &error);

    cr_assert(file, "%s", error ? error->message : "");
    return file;
}

static void has_text(const char *name, const char *expected)
{
    g_autofree char *path = in_directory(name);
    g_autofree char *text = NULL;

    (void)g_file_get_contents(path, &text, NULL, NULL);
    cr_assert_eq(g_strcmp0(text, expected), 0, "%s: %s", name, text);
}

Test(engine_file, keeps_mode_and_the_text_from_before)
{
    make_file("c", "old", 0640);
    g_autoptr(EngineFile) file = read_file("c");
    struct stat status;

    cr_assert_str_eq(file->text, "old");
    cr_assert(engine_file_write(file, "new", true, NULL, NULL, NULL));
    has_text("c", "new");
    has_text("c.nvcuse-backup", "old");
    cr_assert_eq(stat(file->path, &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0640);
    cr_assert_eq(stat(file->backup_path, &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0640);
}

Test(engine_file, a_later_edit_keeps_the_backup)
{
    make_file("c", "second", 0644);
    make_file("c.nvcuse-backup", "first", 0644);
    g_autoptr(EngineFile) file = read_file("c");

    cr_assert_str_eq(file->backup, "first");
    cr_assert(engine_file_write(file, "third", false, NULL, NULL, NULL));
    has_text("c.nvcuse-backup", "first");
    cr_assert(engine_file_remove_backup(file, NULL));
    has_text("c.nvcuse-backup", NULL);
    cr_assert(engine_file_remove(file, NULL));
    has_text("c", NULL);
}

/* CRI-O reads every file of such a directory, so the old text must not stand there. */
Test(engine_file, nothing_else_comes_into_a_directory_of_drop_in_files)
{
    g_autoptr(EngineFile) made = read_file("x.d/c");

    cr_assert(engine_file_write(made, "old", true, NULL, NULL, NULL));
    g_autoptr(EngineFile) file = read_file("x.d/c");
    cr_assert(engine_file_write(file, "new", true, NULL, NULL, NULL));
    has_text("x.d/c", "new");
    has_text("x.d/c.nvcuse-backup", NULL);
    has_text("c.nvcuse-backup", "old");
}

Test(engine_file, makes_missing_directories)
{
    g_autoptr(EngineFile) file = read_file("a/b/c");
    struct stat status;

    cr_assert_null(file->text);
    cr_assert(engine_file_write(file, "new", true, NULL, NULL, NULL));
    has_text("a/b/c", "new");
    has_text("a/b/c.nvcuse-backup", NULL);
    cr_assert_eq(stat(file->path, &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0644);
}

Test(engine_file, a_link_stays_a_link)
{
    g_autofree char *link = in_directory("link");

    make_file("c", "old", 0644);
    cr_assert_eq(symlink("c", link), 0);
    g_autoptr(EngineFile) file = read_file("link");
    cr_assert(engine_file_write(file, "new", true, NULL, NULL, NULL));
    cr_assert(g_file_test(link, G_FILE_TEST_IS_SYMLINK));
    has_text("c", "new");
    has_text("c.nvcuse-backup", "old");
}

/* The proof sees the new text, and the configuration is still the old one. */
static bool refuse(const char *path, gpointer data, GError **error)
{
    char **seen = data;

    has_text("c", "old");
    cr_assert(g_file_get_contents(path, seen, NULL, NULL));
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, "no");
    return false;
}

Test(engine_file, a_text_that_is_not_proved_is_not_written)
{
    make_file("c", "old", 0644);
    g_autoptr(EngineFile) file = read_file("c");
    g_autoptr(GError) error = NULL;
    g_autofree char *seen = NULL;

    cr_assert_not(engine_file_write(file, "new", true, refuse, &seen, &error));
    cr_assert_str_eq(error->message, "no");
    cr_assert_str_eq(seen, "new");
    has_text("c", "old");
    has_text("c.nvcuse-new", NULL);
    has_text("c.nvcuse-backup", NULL);
}

static void cannot_read(const char *name, const char *words)
{
    g_autofree char *path = in_directory(name);
    g_autoptr(GError) error = NULL;

    cr_assert_null(engine_file_read(path, &error));
    cr_assert(strstr(error->message, words), "%s", error->message);
}

Test(engine_file, refuses_what_is_not_a_file_with_text)
{
    g_autofree char *link = in_directory("link");
    g_autofree char *zero = in_directory("zero");

    cr_assert_eq(symlink("nothing", link), 0);
    make_file("latin", "\xe9", 0644);
    cr_assert(g_file_set_contents(zero, "a\0b", 3, NULL));
    cannot_read("link", "link: No such file");
    cannot_read("latin", "latin: expected a text file in UTF-8");
    cannot_read("zero", "zero: expected a text file in UTF-8");
    cannot_read(".", "is not a regular file");
}

Test(text_diff, shows_what_changes_with_three_lines_around)
{
    static const struct {
        const char *old;
        const char *new_text;
        const char *diff;
    } rows[] = {
        {"", "", ""},
        {"a\nb\n", "a\nb\n", ""},
        {"", "a\nb\n", "@@ -0,0 +1,2 @@\n+a\n+b\n"},
        {"a\n", "", "@@ -1,1 +0,0 @@\n-a\n"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
         "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n 8\n"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n9\n", "2\n3\n4\n5\n6\n7\n8\n9\n0\n",
         "@@ -1,4 +1,3 @@\n-1\n 2\n 3\n 4\n@@ -7,3 +6,4 @@\n 7\n 8\n 9\n+0\n"},
        {"1\n2\n3\n4\n5\n6\n7\n8\n", "2\n3\n4\n5\n6\n7\n0\n",
         "@@ -1,8 +1,7 @@\n-1\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+0\n"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *diff = text_diff(rows[i].old, rows[i].new_text);
        cr_assert_str_eq(diff, rows[i].diff);
    }
}
