/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that root runs by name: none may come from a directory that a container can write to. */
#include <criterion/criterion.h>

#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "cuse-server/oci/runtime/find-program.h"

/* Make a directory with a program, and change to it. */
static char *enter_directory(void)
{
    char *directory = g_dir_make_tmp("find-program.XXXXXX", NULL);
    g_autofree char *program = g_build_filename(directory, "runc-of-test", NULL);
    g_autofree char *folder = g_build_filename(directory, "folder", NULL);

    cr_assert(g_file_set_contents_full(program, "", 0, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
    cr_assert_eq(g_mkdir(folder, 0755), 0);
    cr_assert_eq(chdir(directory), 0);
    return directory;
}

static void leave_directory(char *directory)
{
    cr_assert_eq(chdir("/"), 0);
    g_autofree char *program = g_build_filename(directory, "runc-of-test", NULL);
    g_autofree char *folder = g_build_filename(directory, "folder", NULL);
    g_unlink(program);
    g_rmdir(folder);
    g_rmdir(directory);
    g_free(directory);
}

Test(find_program, not_in_the_working_directory)
{
    static const char *const paths[] = {
        "", ":", "/usr/bin:", ":/usr/bin", ".", "/usr/bin::/bin", "./", "../", "folder/.."};
    char *directory = enter_directory();

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_setenv("PATH", paths[i], TRUE);
        cr_assert_null(find_program("runc-of-test"), "PATH=%s", paths[i]);
    }
    g_unsetenv("PATH");
    cr_assert_null(find_program("runc-of-test"));
    leave_directory(directory);
}

Test(find_program, in_absolute_directories_and_by_path)
{
    char *directory = enter_directory();
    g_autofree char *path = g_strconcat(":nowhere:", directory, NULL);
    g_autofree char *wanted = g_build_filename(directory, "runc-of-test", NULL);

    g_setenv("PATH", path, TRUE);
    g_autofree char *found = find_program("runc-of-test");
    cr_assert_str_eq(found, wanted);
    g_autofree char *by_path = find_program("./runc-of-test");
    cr_assert(g_path_is_absolute(by_path));
    cr_assert_null(find_program("folder"));
    cr_assert_null(find_program(""));
    cr_assert_null(find_program("./nothing"));
    leave_directory(directory);
}
