/* SPDX-License-Identifier: Apache-2.0 */
/* The link that docker looks for. */
#include <unistd.h>

#include <criterion/criterion.h>
#include <glib/gstdio.h>

#include "cuse-server/cli/install/engine-hook.h"

static char *directory;

static void make_directory(void)
{
    directory = g_dir_make_tmp(NULL, NULL);
}

TestSuite(engine_hook, .init = make_directory);

static EngineHookChange put(const char *path, const char *program, bool remove)
{
    EngineHookChange change;

    cr_assert(engine_hook_put(path, program, remove, &change, NULL));
    return change;
}

Test(engine_hook, a_link_is_made_once_and_removed)
{
    g_autofree char *path = g_build_filename(directory, "below", "the-hook", NULL);

    cr_assert_eq(put(path, "/usr/bin/nvcuse", true), ENGINE_HOOK_STAYS);
    cr_assert_eq(put(path, "/usr/bin/nvcuse", false), ENGINE_HOOK_MADE);
    g_autofree char *target = g_file_read_link(path, NULL);
    cr_assert_str_eq(target, "/usr/bin/nvcuse");
    cr_assert_eq(put(path, "/usr/bin/nvcuse", false), ENGINE_HOOK_STAYS);
    cr_assert_eq(put(path, "/usr/bin/nvcuse", true), ENGINE_HOOK_REMOVED);
    cr_assert_eq(access(path, F_OK), -1);
}

Test(engine_hook, a_link_to_where_nvcuse_was_is_repaired)
{
    g_autofree char *path = g_build_filename(directory, "the-hook", NULL);

    cr_assert_eq(symlink("/gone/nvcuse", path), 0);
    cr_assert_eq(put(path, "/usr/bin/nvcuse", false), ENGINE_HOOK_MADE);
    g_autofree char *target = g_file_read_link(path, NULL);
    cr_assert_str_eq(target, "/usr/bin/nvcuse");
    cr_assert_eq(put(path, "/elsewhere/nvcuse", true), ENGINE_HOOK_REMOVED);
}

Test(engine_hook, what_is_somebody_elses_stays)
{
    g_autofree char *path = g_build_filename(directory, "the-hook", NULL);
    g_autofree char *elsewhere = g_build_filename(directory, "elsewhere", NULL);
    g_autofree char *link = g_build_filename(elsewhere, "the-hook", NULL);
    EngineHookChange change;

    /* In PATH, as NVIDIA's toolkit has it. */
    cr_assert(g_file_set_contents(path, "#!/bin/sh\n", -1, NULL) && g_chmod(path, 0755) == 0);
    g_setenv("PATH", directory, TRUE);
    cr_assert_eq(put(link, "/usr/bin/nvcuse", false), ENGINE_HOOK_STAYS);
    cr_assert_eq(put(path, "/usr/bin/nvcuse", true), ENGINE_HOOK_STAYS);
    cr_assert_eq(access(path, X_OK), 0);
    /* A file in the way that is no program. */
    g_setenv("PATH", "/nowhere", TRUE);
    cr_assert_not(engine_hook_put(path, "/usr/bin/nvcuse", false, &change, NULL));
}
