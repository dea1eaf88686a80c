/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse-driver-diff: what a new driver version changes for nvcuse's tables. */
#include <glib/gstdio.h>

#include "tools/tree-report.h"

/* As diff(1). */
enum { EXIT_SAME = 0, EXIT_DIFFERENT = 1, EXIT_TROUBLE = 2 };

typedef struct {
    char *git;
    char *base;
    char *version;
    gboolean json;
} Options;

/* Runs a command and waits for it. */
static bool run(const char *const *argv, GError **error)
{
    int status;

    return g_spawn_sync(NULL, (char **)(void *)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL,
                        NULL, &status, error) &&
           g_spawn_check_wait_status(status, error);
}

/* Unpacks the files of @tag that matter into a new directory below @scratch. */
static char *checkout(const char *clone, const char *tag, const char *scratch, GError **error)
{
    g_autofree char *name = g_strdelimit(g_strdup(tag), "/", '_');
    g_autofree char *directory = g_build_filename(scratch, name, NULL);
    g_autofree char *archive = g_strconcat(directory, ".tar", NULL);
    const char *pack[] = {"git", "-C", clone, "archive", "--format=tar", "-o", archive, tag, NULL};
    const char *unpack[] = {"tar",   "-C",  directory,    "--wildcards", "-xf",
                            archive, "*.h", "version.mk", NULL};

    if (g_mkdir_with_parents(directory, 0700) != 0 || !run(pack, error) || !run(unpack, error)) {
        g_prefix_error(error, "cannot get the headers of %s from %s: ", tag, clone);
        return NULL;
    }
    g_unlink(archive);
    return g_steal_pointer(&directory);
}

/* The release to compare with: --base, or the nearest one to the old tree's version. */
static const DriverRelease *choose_base(const Options *options, const char *before, GError **error)
{
    const char *text = options->base ? options->base : before;
    DriverVersion version;

    if (!text) {
        g_set_error(
            error, DRIVER_ERROR, DRIVER_ERROR_UNKNOWN,
            "the old tree has no version.mk with its version: name a known driver with --base");
        return NULL;
    }
    return driver_version_parse(text, &version, error)
               ? driver_release_choose(version, DRIVER_POLICY_SERIES, NULL, error)
               : NULL;
}

static void warn_of_errors(const HeaderTree *tree, const char *path)
{
    for (guint i = 0; i < tree->errors->len; i++) {
        g_printerr("nvcuse-driver-diff: %s: %s\n", path, (const char *)tree->errors->pdata[i]);
    }
}

static int report(const Options *options, const TreeDiff *diff, const HeaderTree *before,
                  const HeaderTree *after, const DriverRelease *base)
{
    const char *text = options->version ? options->version : after->version;
    g_autoptr(GError) error = NULL;
    DriverVersion version;

    if (options->json) {
        tree_report_json(diff, before->version, after->version);
    } else {
        tree_report_text(diff);
        if (!text) {
            g_printerr("nvcuse-driver-diff: the new tree has no version.mk with its version: name "
                       "the version with --version-of-new to get the rows\n");
            return EXIT_TROUBLE;
        }
        if (!driver_version_parse(text, &version, &error)) {
            g_printerr("nvcuse-driver-diff: %s\n", error->message);
            return EXIT_TROUBLE;
        }
        tree_report_rows(diff, after, base, version);
    }
    return tree_diff_is_empty(diff) ? EXIT_SAME : EXIT_DIFFERENT;
}

static int compare(const Options *options, const char *old_path, const char *new_path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(DriverAbi) abi = NULL;
    g_autoptr(GHashTable) wanted = NULL;
    g_autoptr(HeaderTree) before = NULL;
    g_autoptr(HeaderTree) after = NULL;
    g_autoptr(TreeDiff) diff = NULL;
    g_autofree char *version = header_tree_version(old_path);
    const DriverRelease *base = choose_base(options, version, &error);

    if (base) {
        abi = driver_abi_new(base);
        wanted = tree_diff_wanted(abi);
        before = header_tree_open(old_path, wanted, &error);
        after = before ? header_tree_open(new_path, wanted, &error) : NULL;
    }
    if (!after) {
        g_printerr("nvcuse-driver-diff: %s\n", error->message);
        return EXIT_TROUBLE;
    }
    warn_of_errors(before, old_path);
    warn_of_errors(after, new_path);
    diff = tree_diff_new(abi, before, after);
    return report(options, diff, before, after, base);
}

/* Compares two tags of a clone, in a scratch directory that is removed again. */
static int compare_tags(const Options *options, const char *old_tag, const char *new_tag)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *scratch = g_dir_make_tmp("nvcuse-driver-diff-XXXXXX", &error);
    g_autofree char *before = scratch ? checkout(options->git, old_tag, scratch, &error) : NULL;
    g_autofree char *after = before ? checkout(options->git, new_tag, scratch, &error) : NULL;
    const char *clean[] = {"rm", "-rf", "--", scratch, NULL};
    int code = EXIT_TROUBLE;

    if (after) {
        code = compare(options, before, after);
    } else {
        g_printerr("nvcuse-driver-diff: %s\n", error->message);
    }
    if (scratch) {
        run(clean, NULL);
    }
    return code;
}

int main(int argc, char **argv)
{
    Options options = {0};
    const GOptionEntry entries[] = {
        {"git", 0, 0, G_OPTION_ARG_FILENAME, &options.git,
         "OLD and NEW are tags of this local clone, not directories", "CLONE"},
        {"base", 0, 0, G_OPTION_ARG_STRING, &options.base,
         "the known driver whose tables to compare with (default: OLD's version)", "VERSION"},
        {"version-of-new", 0, 0, G_OPTION_ARG_STRING, &options.version,
         "the new driver's version (default: what NEW's version.mk says)", "VERSION"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &options.json, "write JSON, without the rows", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new("OLD NEW");
    g_autoptr(GError) error = NULL;
    int code = EXIT_TROUBLE;

    g_option_context_set_summary(
        context, "Compare two source trees of NVIDIA's open kernel modules by the structs and\n"
                 "numbers that nvcuse uses, and print the rows for the new version.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("nvcuse-driver-diff: %s\n", error->message);
    } else if (argc != 3) {
        g_printerr(
            "nvcuse-driver-diff: expected two trees, OLD and NEW: see nvcuse-driver-diff --help\n");
    } else if (options.git) {
        code = compare_tags(&options, argv[1], argv[2]);
    } else {
        code = compare(&options, argv[1], argv[2]);
    }
    g_free(options.git);
    g_free(options.base);
    g_free(options.version);
    return code;
}
