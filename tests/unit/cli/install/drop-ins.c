/* SPDX-License-Identifier: Apache-2.0 */
/* The files that podman and CRI-O read beside their own, and the list of engines. */
#include "tests/unit/cli/install/edits.h"

#define BEGIN "# nvcuse install: begin; nvcuse install --remove takes this block out\n"
#define END   "# nvcuse install: end\n"

Test(install_podman, a_new_file_has_the_block_alone)
{
    g_autofree char *plain = edited(&engine_podman, NULL, (InstallWish){0});
    g_autofree char *with_default =
        edited(&engine_podman, NULL, (InstallWish){.make_default = true});
    g_autofree char *removed = edited(&engine_podman, with_default, (InstallWish){.remove = true});

    cr_assert_str_eq(plain, BEGIN "[engine.runtimes]\n  nvcuse = [\"" RUNTIME "\"]\n" END);
    cr_assert_str_eq(with_default, BEGIN "# nvcuse install: the default before: none\n"
                                         "[engine]\n  runtime = \"nvcuse\"\n"
                                         "[engine.runtimes]\n  nvcuse = [\"" RUNTIME "\"]\n" END);
    cr_assert_str_eq(removed, "");
}

Test(install_podman, somebody_elses_file_comes_back_byte_for_byte)
{
    static const char *const texts[] = {
        "[engine]\nruntime = 'crun' # ours\ncgroup_manager = \"systemd\"",
        "[containers]\n  pids_limit = 0\n",
        "[engine]\r\ncgroup_manager = \"systemd\"\r\n",
        "# nothing",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        goes_and_comes(&engine_podman, texts[i], false);
        goes_and_comes(&engine_podman, texts[i], true);
    }
}

Test(install_podman, a_table_that_is_there_is_refused_with_what_to_add)
{
    is_refused(&engine_podman, "[engine.runtimes]\ncrun = ['/usr/bin/crun']\n", (InstallWish){0},
               "[engine.runtimes]\n  nvcuse = [\"" RUNTIME "\"]\n");
    is_refused(&engine_podman, "[engine]\nruntimes = { crun = [] }\n", (InstallWish){0},
               "line 2: this key takes the place of the table [engine.runtimes]");
}

Test(install_crio, a_new_file_has_the_block_alone)
{
    g_autofree char *text = edited(&engine_crio, NULL, (InstallWish){.make_default = true});
    g_autofree char *removed = edited(&engine_crio, text, (InstallWish){.remove = true});

    cr_assert(g_str_has_prefix(text, BEGIN "# nvcuse install: the default before: none\n"
                                           "[crio.runtime]\n  default_runtime = \"nvcuse\"\n"
                                           "[crio.runtime.runtimes.nvcuse]\n"
                                           "  runtime_path = \"" RUNTIME "\"\n"
                                           "  runtime_type = \"oci\"\n"
                                           "  runtime_root = \"/run/nvcuse-runtime\"\n"),
              "%s", text);
    cr_assert_str_eq(removed, "");
    goes_and_comes(&engine_crio, "[crio.runtime]\n  default_runtime = \"crun\"\n", true);
}

Test(install, engines_are_found_by_name)
{
    g_autoptr(GError) error = NULL;

    cr_assert_eq(engine_find("crio", NULL), &engine_crio);
    cr_assert_eq(engine_find("docker", NULL), &engine_docker);
    cr_assert_null(engine_find("dokcer", &error));
    cr_assert_str_eq(error->message, "unknown engine 'dokcer'; did you mean 'docker'?");
}
