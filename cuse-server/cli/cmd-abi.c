/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse abi: explains and compares the entries and structs of driver versions. */
#include "cuse-server/cli/abi/abi-query.h"
#include "cuse-server/cli/command.h"
#include "version-tree/show/abi-diff-text.h"

static const char *const format_names[N_FORMATS] = {"table", "csv", "json"};
static const char *const kind_names[N_ABI_KINDS] = {"frontend", "uvm", "control", "alloc"};

char *abi_structs_of(const AbiEntry *entry)
{
    if (entry->short_layout) {
        return g_strconcat(entry->short_layout->name, ";", entry->layout->name, NULL);
    }
    return g_strdup(entry->layout ? entry->layout->name : "");
}

static void fail(const GError *error)
{
    g_printerr("nvcuse abi: %s\n", error->message);
}

DriverAbi *abi_query_open(const AbiQuery *query)
{
    g_autoptr(GError) error = NULL;
    const DriverRelease *node = driver_options_choose(&query->driver, &error);

    if (!node) {
        fail(error);
        return NULL;
    }
    return driver_abi_new(node);
}

/* Make the ABI of a version that an operand names. --driver-policy applies. */
static DriverAbi *open_named(const AbiQuery *query, const char *version)
{
    AbiQuery named = *query;

    named.driver.driver = (char *)version;
    return abi_query_open(&named);
}

int abi_diff(const AbiQuery *query)
{
    g_autoptr(DriverAbi) before = open_named(query, query->operands[0]);
    g_autoptr(DriverAbi) after = before ? open_named(query, query->operands[1]) : NULL;
    g_autofree char *text = NULL;

    if (!after) {
        return EXIT_FAILED;
    }
    text = driver_abi_diff_text(before, after);
    g_print("%s", text);
    return EXIT_OK;
}

static const struct {
    const char *name;
    int min_operands, max_operands;
    bool takes_format;
    int (*run)(const AbiQuery *query);
} actions[] = {
    {"list", 0, 0, true, abi_list},
    {"layout", 0, 1, true, abi_layout},
    {"show", 1, 1, true, abi_show},
    {"diff", 2, 2, false, abi_diff},
};

/* Find the index of an option's word in @names. Returns @otherwise if the option was not given, or -1 after a
 * message. */
static int parse_word(const char *option, const char *word, const char *const *names, int n_names,
                      int otherwise)
{
    if (!word) {
        return otherwise;
    }
    for (int i = 0; i < n_names; i++) {
        if (g_str_equal(word, names[i])) {
            return i;
        }
    }
    g_printerr("nvcuse abi: %s: '%s': unknown value; see nvcuse abi --help\n", option, word);
    return -1;
}

static int run_action(int argc, char **argv, AbiQuery *query, bool format_given)
{
    for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(actions); i++) {
        if (!g_str_equal(argv[1], actions[i].name)) {
            continue;
        }
        if (argc - 2 < actions[i].min_operands || argc - 2 > actions[i].max_operands) {
            g_printerr("nvcuse abi %s: too %s operands; see nvcuse abi --help\n", argv[1],
                       argc - 2 < actions[i].min_operands ? "few" : "many");
            return EXIT_USAGE;
        }
        if (format_given && !actions[i].takes_format) {
            g_printerr("nvcuse abi %s: unexpected option --format\n", argv[1]);
            return EXIT_USAGE;
        }
        query->operands = (const char *const *)argv + 2;
        return actions[i].run(query);
    }
    g_printerr("nvcuse abi: expected list, layout [STRUCT], show NAME|NUMBER or diff V1 V2%s%s\n",
               argc > 1 ? ", not " : "", argc > 1 ? argv[1] : "");
    return EXIT_USAGE;
}

int cmd_abi(int argc, char **argv)
{
    AbiQuery query = {.driver.default_policy = DRIVER_POLICY_KNOWN};
    g_autofree char *kind = NULL, *format = NULL;
    gboolean as_json = FALSE;
    const GOptionEntry entries[] = {
        {"kind", 0, 0, G_OPTION_ARG_STRING, &kind,
         "list only 'frontend', 'uvm', 'control' or 'alloc' entries", "KIND"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &format,
         "'table' (default), 'csv' or 'json', for list, layout and show", "FORMAT"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &as_json, "the same as --format=json", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context =
        g_option_context_new("list | layout [STRUCT] | show NAME|NUMBER | diff V1 V2");
    g_autoptr(GError) error = NULL;
    int code = EXIT_USAGE, kind_index, format_index;

    g_option_context_set_summary(
        context, "The calls that a driver version's containers may make, the structs they carry,\n"
                 "and what changes from one version to another.");
    g_option_context_add_main_entries(context, entries, NULL);
    driver_options_add(&query.driver, context);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fail(error);
    } else if ((kind_index = parse_word("--kind", kind, kind_names, N_ABI_KINDS, N_ABI_KINDS)) >=
                   0 &&
               (format_index = parse_word("--format", format, format_names, N_FORMATS, 0)) >= 0) {
        query.kind = (AbiKind)kind_index;
        query.format = as_json ? FORMAT_JSON : (Format)format_index;
        code = run_action(argc, argv, &query, format || as_json);
    }
    driver_options_clear(&query.driver);
    return code;
}
