/* SPDX-License-Identifier: Apache-2.0 */
/* Edits of containerd's config.toml. */
#include "tests/unit/cli/install/edits.h"

#include "cuse-server/base/toml/toml-reader.h"
#include "cuse-server/cli/install/containerd-program.h"

#define CRI_2 "plugins.\"io.containerd.grpc.v1.cri\""
#define CRI_3 "plugins.'io.containerd.cri.v1.runtime'"

/* As Debian 12's package has it: no runtime at all. */
static const char debian[] = "version = 2\n"
                             "\n"
                             "[plugins]\n"
                             "  [" CRI_2 "]\n"
                             "    [" CRI_2 ".cni]\n"
                             "      bin_dir = \"/usr/lib/cni\"\n"
                             "  [plugins.\"io.containerd.internal.v1.opt\"]\n"
                             "    path = \"/var/lib/containerd/opt\"\n";

/* Of the shape of "containerd config default" of 1.6 and 1.7. */
static const char whole_2[] = "disabled_plugins = []\n"
                              "version = 2\n"
                              "\n"
                              "[plugins]\n"
                              "\n"
                              "  [" CRI_2 "]\n"
                              "    sandbox_image = \"registry.k8s.io/pause:3.6\"\n"
                              "\n"
                              "    [" CRI_2 ".containerd]\n"
                              "      default_runtime_name = \"runc\"  # a comment\n"
                              "      snapshotter = \"overlayfs\"\n"
                              "\n"
                              "      [" CRI_2 ".containerd.default_runtime]\n"
                              "        runtime_type = \"\"\n"
                              "\n"
                              "      [" CRI_2 ".containerd.runtimes]\n"
                              "\n"
                              "        [" CRI_2 ".containerd.runtimes.runc]\n"
                              "          runtime_type = \"io.containerd.runc.v2\"\n"
                              "\n"
                              "          [" CRI_2 ".containerd.runtimes.runc.options]\n"
                              "            BinaryName = \"\"\n"
                              "            SystemdCgroup = true\n"
                              "\n"
                              "[ttrpc]\n"
                              "  address = \"\"\n";

/* Of the shape of "containerd config default" of 2.x. */
static const char whole_3[] = "version = 3\n"
                              "root = '/var/lib/containerd'\n"
                              "\n"
                              "[plugins]\n"
                              "  [plugins.'io.containerd.cri.v1.images']\n"
                              "    snapshotter = 'overlayfs'\n"
                              "\n"
                              "  [" CRI_3 "]\n"
                              "    enable_cdi = true\n"
                              "\n"
                              "    [" CRI_3 ".containerd]\n"
                              "      default_runtime_name = 'runc'\n"
                              "\n"
                              "      [" CRI_3 ".containerd.runtimes]\n"
                              "        [" CRI_3 ".containerd.runtimes.runc]\n"
                              "          runtime_type = 'io.containerd.runc.v2'\n"
                              "          sandboxer = 'podsandbox'\n"
                              "\n"
                              "          [" CRI_3 ".containerd.runtimes.runc.options]\n"
                              "            SystemdCgroup = false\n";

/* As older manual pages of nvcuse told people to write. */
static const char by_hand[] = "version = 2\n"
                              "[" CRI_2 ".containerd.runtimes.nvcuse]\n"
                              "  runtime_type = \"io.containerd.runc.v2\"\n"
                              "  [" CRI_2 ".containerd.runtimes.nvcuse.options]\n"
                              "    BinaryName = '" RUNTIME "'\n";

static const char *const texts[] = {
    debian,
    whole_2,
    whole_3,
    by_hand,
    "version = 2",
    "version = 3\n# a comment\n[grpc]\naddress = '/run/x'",
    "version = 2\r\n[" CRI_2 ".containerd]\r\nsnapshotter = \"native\"\r\n",
    "version = 2\r\n[" CRI_2 ".containerd]",
    "version = 2\n[" CRI_2 ".containerd] # the end",
    "version = 2\n[ plugins . 'io.containerd.grpc.v1.cri' . containerd "
    "]\n\tdefault_runtime_name='runc'",
};

Test(install_containerd, an_edit_is_repeatable_and_undone_byte_for_byte)
{
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        goes_and_comes(&engine_containerd, texts[i], false);
        goes_and_comes(&engine_containerd, texts[i], true);
    }
}

Test(install_containerd, the_block_has_the_line_ends_of_the_text)
{
    g_autofree char *text = edited(&engine_containerd, "version = 2\r\n[" CRI_2 ".containerd]\r\n",
                                   (InstallWish){.make_default = true});

    cr_assert(strstr(text, "# nvcuse install: end\r\n"), "%s", text);
    for (const char *end = strchr(text, '\n'); end; end = strchr(end + 1, '\n')) {
        cr_assert_eq(end[-1], '\r', "%s", text);
    }
}

static char *value_of(const char *text, const char *name)
{
    g_autoptr(GPtrArray) items = toml_read(text, NULL);
    const TomlItem *item = items ? toml_find(items, TOML_KIND_KEY, name) : NULL;

    cr_assert(items, "%s", text);
    return item ? toml_value(text, item) : g_strdup("(none)");
}

static void has_value(const char *text, const char *cri, const char *name, const char *expected)
{
    g_autofree char *whole = g_strconcat(cri, ".containerd.", name, NULL);
    g_autofree char *value = value_of(text, whole);

    cr_assert_str_eq(value, expected, "%s in:\n%s", name, text);
}

Test(install_containerd, the_runtime_has_what_it_needs)
{
    static const struct {
        const char *text;
        const char *cri;
        const char *cgroup;
        const char *runc;
    } rows[] = {
        {debian, CRI_2, "(none)", "\"io.containerd.runc.v2\""},
        {whole_2, CRI_2, "true", "\"io.containerd.runc.v2\""},
        {whole_3, CRI_3, "false", "'io.containerd.runc.v2'"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = edited(&engine_containerd, rows[i].text, (InstallWish){0});
        has_value(text, rows[i].cri, "runtimes.nvcuse.runtime_type", "\"io.containerd.runc.v2\"");
        has_value(text, rows[i].cri, "runtimes.nvcuse.pod_annotations", "[\"nvcuse.dev/*\"]");
        has_value(text, rows[i].cri, "runtimes.nvcuse.options.BinaryName", "\"" RUNTIME "\"");
        has_value(text, rows[i].cri, "runtimes.nvcuse.options.SystemdCgroup", rows[i].cgroup);
        has_value(text, rows[i].cri, "runtimes.runc.runtime_type", rows[i].runc);
    }
}

Test(install_containerd, the_default_is_changed_where_it_stands)
{
    g_autofree char *there =
        edited(&engine_containerd, whole_2, (InstallWish){.make_default = true});
    g_autofree char *table = edited(
        &engine_containerd, "version = 2\n  [" CRI_2 ".containerd]\n    snapshotter = \"native\"\n",
        (InstallWish){.make_default = true});
    g_autofree char *nowhere =
        edited(&engine_containerd, debian, (InstallWish){.make_default = true});

    cr_assert(strstr(there, "      default_runtime_name = \"nvcuse\"  # a comment\n"), "%s", there);
    cr_assert(g_str_has_prefix(table, "version = 2\n  [" CRI_2 ".containerd]\n"
                                      "    default_runtime_name = \"nvcuse\"\n"
                                      "    snapshotter = \"native\"\n"),
              "%s", table);
    has_value(nowhere, CRI_2, "default_runtime_name", "\"nvcuse\"");
}

Test(install_containerd, a_default_that_somebody_has_changed_since_stays)
{
    g_autofree char *text =
        edited(&engine_containerd, whole_2, (InstallWish){.make_default = true});
    g_autoptr(GString) changed = g_string_new(text);

    cr_assert_eq(g_string_replace(changed, "name = \"nvcuse\"", "name = \"crun\"", 0), 1);
    g_autofree char *again = edited(&engine_containerd, changed->str, (InstallWish){0});
    has_value(again, CRI_2, "default_runtime_name", "\"crun\"");
    g_autofree char *removed =
        edited(&engine_containerd, changed->str, (InstallWish){.remove = true});
    has_value(removed, CRI_2, "default_runtime_name", "\"crun\"");
}

Test(install_containerd, runc_is_added_only_where_it_would_be_lost_or_is_the_default)
{
    static const char crun[] = "[" CRI_2 ".containerd.runtimes.crun]\nruntime_type = \"x\"\n";
    g_autofree char *other = g_strconcat("version = 2\n[" CRI_2 ".containerd]\n"
                                         "default_runtime_name = \"crun\"\n",
                                         crun, NULL);
    g_autofree char *with_default = edited(&engine_containerd, other, (InstallWish){0});
    g_autofree char *unnamed = g_strconcat("version = 2\n", crun, NULL);
    g_autofree char *without = edited(&engine_containerd, unnamed, (InstallWish){0});
    g_autofree char *hand = edited(&engine_containerd, by_hand, (InstallWish){0});

    has_value(with_default, CRI_2, "runtimes.runc.runtime_type", "(none)");
    has_value(without, CRI_2, "runtimes.runc.runtime_type", "\"io.containerd.runc.v2\"");
    has_value(hand, CRI_2, "runtimes.runc.runtime_type", "\"io.containerd.runc.v2\"");
}

Test(install_containerd, a_runtime_by_hand_that_is_complete_is_left_alone)
{
    g_autofree char *whole = g_strconcat(by_hand, "[" CRI_2 ".containerd.runtimes.runc]\n", NULL);
    g_autofree char *text = edited(&engine_containerd, whole, (InstallWish){0});

    cr_assert_str_eq(text, whole);
    g_autofree char *removed = edited(&engine_containerd, whole, (InstallWish){.remove = true});
    cr_assert_str_eq(removed, whole);
}

Test(install_containerd, a_missing_file_is_made_for_the_installed_version)
{
    static const struct {
        unsigned major;
        const char *start;
        const char *cri;
    } rows[] = {
        {0, "version = 2\n", CRI_2}, {1, "version = 2\n", CRI_2}, {2, "version = 3\n", CRI_3}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        const InstallWish wish = {.engine_major = rows[i].major};
        g_autofree char *text = edited(&engine_containerd, NULL, wish);
        cr_assert(g_str_has_prefix(text, rows[i].start), "%s", text);
        has_value(text, rows[i].cri, "runtimes.nvcuse.options.BinaryName", "\"" RUNTIME "\"");
        g_autofree char *second = edited(&engine_containerd, text, wish);
        cr_assert_str_eq(second, text);
        g_autofree char *removed = edited(&engine_containerd, text, (InstallWish){.remove = true});
        cr_assert_str_eq(removed, "", "the file is not needed any more");
    }
}

Test(install_containerd, a_file_without_statements_comes_back_as_it_was)
{
    static const char *const empty[] = {"", "\n", "# nothing", "# nothing\r\n"};

    for (size_t i = 0; i < G_N_ELEMENTS(empty); i++) {
        g_autofree char *text =
            edited(&engine_containerd, empty[i], (InstallWish){.make_default = true});
        has_value(text, CRI_2, "runtimes.nvcuse.options.BinaryName", "\"" RUNTIME "\"");
        g_autofree char *removed =
            edited(&engine_containerd, text, (InstallWish){.remove = true, .before = empty[i]});
        cr_assert_str_eq(removed, empty[i]);
    }
}

Test(install_containerd, text_behind_the_block_stays)
{
    g_autofree char *text = edited(&engine_containerd, "version = 2", (InstallWish){0});
    g_autofree char *more = g_strconcat(text, "[metrics]\naddress = 'x'\n", NULL);
    g_autofree char *removed = edited(&engine_containerd, more, (InstallWish){.remove = true});
    g_autofree char *key = g_strconcat(text, "Root = 'x'\n", NULL);

    cr_assert_str_eq(removed, "version = 2\n[metrics]\naddress = 'x'\n");
    is_refused(&engine_containerd, key, (InstallWish){.remove = true},
               "line 11: this key follows nvcuse install's block");
}

static const struct {
    const char *text;
    const char *words;
    bool make_default;
} refused[] = {
    {"root = 'x'\n", "the file has no line for its version: expected 'version = 2'", false},
    {"version = 1\n", "version = 1: expected 'version = 2'", false},
    {"version = \"2\"\n", "version = \"2\": expected 'version = 2'", false},
    {"version = 2\nx = [", "line 2: this is not TOML: expected a bracket that is closed", false},
    {"version = 2\nplugins = {}\n", "line 2: this key takes the place of the table [plugins.",
     false},
    {"version = 2\n[" CRI_2 ".containerd]\nruntimes = { runc = {} }\n", "line 3: this key takes",
     false},
    {"version = 2\n[" CRI_2 ".containerd.runtimes]\nrunc = { runtime_type = 'x' }\n",
     "line 3: this key takes", false},
    {"version = 2\n[" CRI_2 ".containerd]\nruntimes.nvcuse.runtime_type = 'x'\n",
     "line 3: this dotted key makes the table [" CRI_2 ".containerd.runtimes.nvcuse]", false},
    {"version = 2\n[[" CRI_2 ".containerd.runtimes]]\n", "is in an array of tables", false},
    {"version = 2\n[" CRI_2 "]\ncontainerd.default_runtime_name = 'runc'\n",
     "line 3: nvcuse install can change 'default_runtime_name' only", true},
    {"version = 2\n[" CRI_2 "]\ncontainerd.snapshotter = 'native'\n",
     "line 3: this dotted key makes", true},
    {"version = 2\n[" CRI_2 ".containerd.default_runtime]\nruntime_type = 'x'\n",
     "line 3: the table default_runtime hides default_runtime_name", true},
    {"version = 2\n[" CRI_2 ".containerd.runtimes.nvcuse]\n", "BinaryName = (none)", false},
    {"version = 2\n[" CRI_2 ".containerd.runtimes.nvcuse.options]\nBinaryName = '/opt/x'\n[" CRI_2
     ".containerd.runtimes.nvcuse]\n",
     "line 3: the file has a runtime nvcuse that nvcuse install did not write, with BinaryName = "
     "'/opt/x': expected \"" RUNTIME "\"",
     false},
    {"version = 2\n# nvcuse install: begin\n", "line 2: nvcuse install's block begins here", false},
    {"version = 2\n# nvcuse install: end\n", "line 2: nvcuse install's block ends here", false},
};

Test(install_containerd, what_is_not_understood_is_refused_in_words)
{
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        is_refused(&engine_containerd, refused[i].text,
                   (InstallWish){.make_default = refused[i].make_default}, refused[i].words);
    }
}

Test(install_containerd, a_refusal_has_the_tables_to_add_by_hand)
{
    is_refused(&engine_containerd, "version = 2\nplugins = {}\n", (InstallWish){0},
               "add by hand:\n\n[" CRI_2 ".containerd.runtimes.nvcuse]\n");
}

Test(install_containerd, the_block_stays_while_somebody_needs_it)
{
    g_autofree char *text = edited(&engine_containerd, whole_2, (InstallWish){0});
    g_autoptr(GString) needed = g_string_new(text);

    g_string_replace(needed, "name = \"runc\"", "name = \"nvcuse\"", 0);
    is_refused(&engine_containerd, needed->str, (InstallWish){.remove = true},
               "line 10: without nvcuse install's block, default_runtime_name = \"nvcuse\" names a "
               "runtime that is not there");
}

Test(install_containerd, reads_the_version_of_the_program)
{
    static const struct {
        const char *answer;
        unsigned major;
    } rows[] = {
        {"containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u1\n", 1},
        {"containerd github.com/containerd/containerd/v2 v2.1.4 75cb2b7193e4\n", 2},
        {"containerd", 0},
        {"", 0},
        {"containerd x unknown\n", 0},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        cr_assert_eq(containerd_program_major_of(rows[i].answer), rows[i].major, "%s",
                     rows[i].answer);
    }
}

Test(install_containerd, a_dump_without_the_runtimes_proves_nothing)
{
    g_autofree char *good = edited(&engine_containerd, debian, (InstallWish){0});
    g_autoptr(GString) no_runc = g_string_new(good);
    g_autoptr(GError) error = NULL;

    cr_assert(containerd_program_check_dump(good, NULL));
    g_string_replace(no_runc, "runtimes.runc]", "runtimes.crun]", 0);
    cr_assert_not(containerd_program_check_dump(no_runc->str, &error));
    cr_assert(strstr(error->message, "the default runtime 'runc' has no table"), "%s",
              error->message);
    cr_assert_not(containerd_program_check_dump(debian, NULL));
    cr_assert_not(containerd_program_check_dump("x = [", NULL));
}
