/* SPDX-License-Identifier: Apache-2.0 */
/* The output of "nvcuse drivers" about installers, and which driver --driver chooses. */
#include <string.h>

#include <criterion/criterion.h>
#include <glib/gstdio.h>

#include "cuse-server/cli/drivers/installer-checksum.h"
#include "cuse-server/cli/options/driver-options.h"

Test(installer, is_recognized_by_its_name)
{
    Installer installer;

    cr_assert(installer_parse_name("/tmp/NVIDIA-Linux-x86_64-580.65.06.run", &installer, NULL));
    cr_assert(installer.arch == DRIVER_ARCH_X86_64 && installer.version.minor == 65);
    cr_assert(installer_parse_name("NVIDIA-Linux-aarch64-570.190.run", &installer, NULL));
    cr_assert(installer.arch == DRIVER_ARCH_AARCH64 && installer.version.minor == 190);
}

Test(installer, is_nothing_else)
{
    static const char *const names[] = {
        "",
        "NVIDIA-Linux-.run",
        "NVIDIA-Linux-.ru",
        "NVIDIA-Linux-x86_64-580.65.06",
        "NVIDIA-Linux-x86_64-580.65.06.run.part",
        "NVIDIA-Linux-x86_64-580.65.06-no-compat32.run",
        "NVIDIA-Linux-x86-580.65.06.run",
        "NVIDIA-Linux-ppc64le-580.65.06.run",
        "NVIDIA-Linux-x86_64-580.65.06.run/README",
        "nvidia-linux-x86_64-580.65.06.run",
    };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(GError) error = NULL;
        Installer installer;

        cr_assert_not(installer_parse_name(names[i], &installer, &error), "%s", names[i]);
        cr_assert(g_error_matches(error, DRIVER_ERROR, DRIVER_ERROR_PARSE));
    }
}

static void check_verdict(const char *name, const char *sha256, InstallerVerdict expected)
{
    const char *recorded;
    Installer installer;

    cr_assert(installer_parse_name(name, &installer, NULL), "%s", name);
    cr_assert_eq(installer_judge(&installer, sha256, &recorded), expected, "%s", name);
    cr_assert_eq(recorded != NULL, expected == INSTALLER_MATCH || expected == INSTALLER_MISMATCH);
}

Test(installer, is_judged_by_its_checksum)
{
    const char *sum = "04b10867af585e765cfbfdcf39ed5f4bd112375bebab0172eaa187c6aa5024ff";

    check_verdict("NVIDIA-Linux-x86_64-580.65.06.run", sum, INSTALLER_MATCH);
    check_verdict("NVIDIA-Linux-aarch64-580.65.06.run", sum, INSTALLER_MISMATCH);
    check_verdict("NVIDIA-Linux-aarch64-580.105.08.run", sum, INSTALLER_NOT_PUBLISHED);
    check_verdict("NVIDIA-Linux-x86_64-580.95.05.run", sum, INSTALLER_UNKNOWN);
    check_verdict("NVIDIA-Linux-x86_64-999.1.run", sum, INSTALLER_UNKNOWN);
}

static void count_blocks(guint64 done, guint64 total, gpointer data)
{
    guint *calls = data;

    cr_assert_leq(done, total);
    (*calls)++;
}

Test(installer, is_digested_whole)
{
    g_autofree char *directory = g_dir_make_tmp("nvcuse-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "file", NULL);
    g_autofree char *content = g_malloc0(3 << 20);
    g_autofree char *expected =
        g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)content, 3 << 20);
    g_autofree char *sum = NULL;
    g_autoptr(GError) error = NULL;
    guint calls = 0;

    cr_assert(g_file_set_contents(path, content, 3 << 20, NULL));
    sum = installer_sha256(path, count_blocks, &calls, &error);
    cr_assert_str_eq(sum, expected);
    cr_assert_geq(calls, 3);
    g_unlink(path);
    cr_assert_null(installer_sha256(path, NULL, NULL, &error));
    cr_assert_not_null(error);
    g_rmdir(directory);
}

/* The driver that the options choose. Returns: no node if they are refused. */
static const DriverRelease *choose(const char *driver, const char *policy, DriverPolicy otherwise)
{
    DriverOptions options = {g_strdup(driver), g_strdup(policy), otherwise};
    const DriverRelease *node = driver_options_choose(&options, NULL);

    driver_options_clear(&options);
    cr_assert(!options.driver && !options.policy);
    return node;
}

Test(driver_options, choose_under_a_policy)
{
    cr_assert_eq(choose("latest", NULL, DRIVER_POLICY_QUALIFIED),
                 driver_release_latest(DRIVER_ARCH_X86_64));
    cr_assert_null(choose("580.95.05", NULL, DRIVER_POLICY_QUALIFIED));
    cr_assert_not_null(choose("580.95.05", NULL, DRIVER_POLICY_KNOWN));
    cr_assert_not_null(choose("580.95.05", "known", DRIVER_POLICY_QUALIFIED));
    cr_assert_null(choose("580.95.05", "qualified", DRIVER_POLICY_KNOWN));
    cr_assert_null(choose("580.96", "known", DRIVER_POLICY_KNOWN));
    cr_assert_not_null(choose("580.96", "series", DRIVER_POLICY_KNOWN));
    cr_assert_null(choose("580.65.06", "whatever", DRIVER_POLICY_KNOWN));
    cr_assert_null(choose("newest", "known", DRIVER_POLICY_KNOWN));
}
