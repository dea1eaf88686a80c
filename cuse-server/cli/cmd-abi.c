/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse abi: a driver version's entries and structs, explained and compared. */
#include <string.h>

#include "abi/class.h"
#include "abi/ctrl-common.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/driver-options.h"
#include "cuse-server/cli/json-output.h"
#include "version-tree/abi-diff-text.h"

typedef enum { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON, N_FORMATS } Format;

static const char *const format_names[N_FORMATS] = {"table", "csv", "json"};
static const char *const kind_names[N_ABI_KINDS] = {"frontend", "uvm", "control", "alloc"};

/* What was asked for. @kind is N_ABI_KINDS for all kinds. */
typedef struct {
    const char *const *operands;
    DriverOptions driver;
    AbiKind kind;
    Format format;
} Query;

/* "NVOS21_PARAMETERS;NVOS64_PARAMETERS", or "" if there is no struct. */
static char *structs_of(const AbiEntry *entry)
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

/* The ABI that --driver asks for, or NULL with a message. */
static DriverAbi *open_abi(const Query *query)
{
    g_autoptr(GError) error = NULL;
    const DriverNode *node = driver_options_choose(&query->driver, &error);

    if (!node) {
        fail(error);
        return NULL;
    }
    return driver_abi_new(node);
}

/* ---- list ---- */

static void list_entry(const AbiEntry *entry, Format format, JsonBuilder *json)
{
    g_autofree char *caps = nv_caps_format(entry->caps, "|");
    g_autofree char *structs = structs_of(entry);
    g_autofree char *number = g_strdup_printf("0x%x", entry->number);
    const char *cells[] = {abi_kind_name(entry->kind),       number, entry->name,
                           abi_handler_name(entry->handler), caps,   structs};
    static const char *const titles[] = {"kind", "number", "name", "handler", "caps", "struct"};

    if (format == FORMAT_CSV) {
        g_print("%s,%s,%s,%s,%s,%s\n", cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]);
    } else if (format == FORMAT_TABLE) {
        g_print("%-8s %-10s %-64s %-26s %-24s %s\n", cells[0], cells[1], cells[2], cells[3],
                cells[4], cells[5]);
    } else {
        json_builder_begin_object(json);
        for (size_t i = 0; i < G_N_ELEMENTS(cells); i++) {
            json_member_string(json, titles[i], cells[i]);
        }
        json_builder_end_object(json);
    }
}

static int list(const Query *query)
{
    g_autoptr(DriverAbi) abi = open_abi(query);
    g_autoptr(JsonBuilder) json = json_builder_new();

    if (!abi) {
        return EXIT_FAILED;
    }
    json_builder_begin_array(json);
    if (query->format == FORMAT_CSV) {
        g_print("kind,number,name,handler,caps,struct\n");
    } else if (query->format == FORMAT_TABLE) {
        g_print("%-8s %-10s %-64s %-26s %-24s %s\n", "KIND", "NUMBER", "NAME", "HANDLER", "CAPS",
                "STRUCT");
    }
    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        size_t n;
        const AbiEntry *entries = driver_abi_entries(abi, (AbiKind)kind, &n);

        for (size_t i = 0; i < n; i++) {
            if (query->kind == N_ABI_KINDS || query->kind == (AbiKind)kind) {
                list_entry(&entries[i], query->format, json);
            }
        }
    }
    json_builder_end_array(json);
    if (query->format == FORMAT_JSON) {
        json_print(json);
    }
    return EXIT_OK;
}

/* ---- layout ---- */

static void print_layout_csv(const AbiLayout *layout, const GArray *rows)
{
    g_print("%s,,0,%u,%s\n", layout->name, layout->size,
            layout->kind == ABI_TYPE_UNION    ? "union"
            : layout->kind == ABI_TYPE_SCALAR ? "scalar"
                                              : "struct");
    for (guint i = 0; i < rows->len; i++) {
        const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, i);

        g_print("%s,%s,%u,%u,%s\n", layout->name, row->path, row->offset, row->size, row->type);
    }
}

static void print_layout_table(const AbiLayout *layout, const GArray *rows)
{
    g_print("%s, %u bytes\n", layout->name, layout->size);
    for (guint i = 0; i < rows->len; i++) {
        const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, i);

        g_print("  %5u %5u  %-40s %s\n", row->offset, row->size, row->path, row->type);
    }
}

static void json_layout(JsonBuilder *json, const AbiLayout *layout, const GArray *rows)
{
    json_builder_begin_object(json);
    json_member_string(json, "struct", layout->name);
    json_member_int(json, "size", layout->size);
    json_builder_set_member_name(json, "fields");
    json_builder_begin_array(json);
    for (guint i = 0; i < rows->len; i++) {
        const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, i);

        json_builder_begin_object(json);
        json_member_string(json, "field", row->path);
        json_member_int(json, "offset", row->offset);
        json_member_int(json, "size", row->size);
        json_member_string(json, "type", row->type);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
    json_builder_end_object(json);
}

static void print_layout(const AbiLayout *layout, Format format, JsonBuilder *json)
{
    g_autoptr(GArray) rows = abi_layout_rows(layout);

    if (layout->kind == ABI_TYPE_OPAQUE) {
        g_printerr("nvcuse abi: the members of %s are not known; it is passed on as bytes\n",
                   layout->name);
    } else if (format == FORMAT_CSV) {
        print_layout_csv(layout, rows);
    } else if (format == FORMAT_TABLE) {
        print_layout_table(layout, rows);
    } else {
        json_layout(json, layout, rows);
    }
}

static int layout(const Query *query)
{
    g_autoptr(DriverAbi) abi = open_abi(query);
    g_autoptr(JsonBuilder) json = json_builder_new();
    g_autoptr(GPtrArray) structs = NULL;
    const char *name = query->operands[0];
    bool found = !name;

    if (!abi) {
        return EXIT_FAILED;
    }
    structs = driver_abi_structs(abi);
    json_builder_begin_array(json);
    if (query->format == FORMAT_CSV) {
        g_print("struct,field,offset,size,type\n");
    }
    for (guint i = 0; i < structs->len; i++) {
        const AbiLayout *item = structs->pdata[i];

        if (!name || strcmp(item->name, name) == 0) {
            print_layout(item, query->format, json);
            found = true;
        }
    }
    json_builder_end_array(json);
    if (query->format == FORMAT_JSON) {
        json_print(json);
    }
    if (!found) {
        g_printerr("nvcuse abi: no entry of this driver uses a struct '%s'; "
                   "nvcuse abi layout lists those that are used\n",
                   name);
        return EXIT_FAILED;
    }
    return EXIT_OK;
}

/* ---- show ---- */

static const char *what_number_is(AbiKind kind)
{
    static const char *const texts[N_ABI_KINDS] = {
        "ioctl number on /dev/nvidiactl and /dev/nvidiaN", "ioctl on /dev/nvidia-uvm",
        "control command (inside NV_ESC_RM_CONTROL)", "class (inside NV_ESC_RM_ALLOC)"};

    return texts[kind];
}

static void show_entry(const AbiEntry *entry)
{
    g_autofree char *caps = nv_caps_format(entry->caps, " or ");
    char since[DRIVER_VERSION_MAX], changed[DRIVER_VERSION_MAX];

    driver_version_format(entry->since->version, since);
    driver_version_format(entry->changed->version, changed);
    g_print("%s\n", entry->name);
    g_print("  what        0x%x, %s\n", entry->number, what_number_is(entry->kind));
    g_print("  since       driver %s%s%s\n", since,
            entry->since != entry->changed ? "; last changed in " : "",
            entry->since != entry->changed ? changed : "");
    g_print("  capability  %s\n", caps);
    g_print("  handler     %s: %s\n", abi_handler_name(entry->handler),
            abi_handler_summary(entry->handler));
    if (entry->short_layout) {
        g_print("  also takes  %s, %u bytes\n", entry->short_layout->name,
                entry->short_layout->size);
    }
    if (!entry->layout) {
        g_print("  struct      none known\n");
    } else {
        g_print("  struct      ");
        print_layout(entry->layout, FORMAT_TABLE, NULL);
    }
}

/* Reads "123" or "0x7b". */
static bool parse_number(const char *text, guint64 *number)
{
    return g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, number, NULL) ||
           (g_str_has_prefix(text, "0x") &&
            g_ascii_string_to_unsigned(text + 2, 16, 0, G_MAXUINT32, number, NULL));
}

/* Whether @text names @entry, by name or by number. */
static bool entry_is(const AbiEntry *entry, const char *text)
{
    guint64 number;

    return strcmp(entry->name, text) == 0 ||
           (parse_number(text, &number) && entry->number == number);
}

static bool show_in(const DriverAbi *abi, const char *text)
{
    bool found = false;

    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        size_t n;
        const AbiEntry *entries = driver_abi_entries(abi, (AbiKind)kind, &n);

        for (size_t i = 0; i < n; i++) {
            if (entry_is(&entries[i], text)) {
                show_entry(&entries[i]);
                found = true;
            }
        }
    }
    return found;
}

/* Control commands that need no entry; false if @text is none of them. */
static bool show_passed_on(const char *text)
{
    guint64 number;

    if (!parse_number(text, &number) ||
        (!(number & RM_GSS_LEGACY_MASK) && number >> 16 != NV2081_BINAPI)) {
        return false;
    }
    g_print("%s\n  what        control command (inside NV_ESC_RM_CONTROL) of %s\n"
            "  capability  that of NV_ESC_RM_CONTROL\n"
            "  handler     passed on as plain bytes, without an entry of its own\n",
            text, number & RM_GSS_LEGACY_MASK ? "the legacy set (bit 0x8000)" : "NV2081_BINAPI");
    return true;
}

/* Says which drivers change an entry that this one does not have. */
static void show_elsewhere(const DriverAbi *abi, const char *text)
{
    static const char *const verbs[] = {"appears in", "changes in", "is removed in"};
    char version[DRIVER_VERSION_MAX];
    size_t n;
    const DriverNode *const *nodes = driver_nodes(&n);

    g_printerr("nvcuse abi: driver %s has no entry '%s'; a container that uses it is refused\n",
               driver_version_format(driver_abi_node(abi)->version, version), text);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < nodes[i]->n_changes; k++) {
            const AbiChange *change = &nodes[i]->changes[k];

            if (entry_is(&change->entry, text)) {
                g_printerr("  %s 0x%x %s %s\n", change->entry.name, change->entry.number,
                           verbs[change->op], driver_version_format(nodes[i]->version, version));
            }
        }
    }
}

static int show(const Query *query)
{
    g_autoptr(DriverAbi) abi = open_abi(query);

    if (!abi) {
        return EXIT_FAILED;
    }
    if (show_in(abi, query->operands[0]) || show_passed_on(query->operands[0])) {
        return EXIT_OK;
    }
    show_elsewhere(abi, query->operands[0]);
    return EXIT_FAILED;
}

/* ---- diff ---- */

/* The ABI of a version named on the command line, under --driver-policy. */
static DriverAbi *open_named(const Query *query, const char *version)
{
    Query named = *query;

    named.driver.driver = (char *)version;
    return open_abi(&named);
}

static int diff(const Query *query)
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

/* ---- command line ---- */

static const struct {
    const char *name;
    int min_operands, max_operands;
    bool takes_format;
    int (*run)(const Query *query);
} actions[] = {
    {"list", 0, 0, true, list},
    {"layout", 0, 1, true, layout},
    {"show", 1, 1, false, show},
    {"diff", 2, 2, false, diff},
};

/* The index of an option's word among @names, @otherwise if the option was not given, or -1 with a
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
    g_printerr("nvcuse abi: %s does not know '%s'; see nvcuse abi --help\n", option, word);
    return -1;
}

static int run_action(int argc, char **argv, Query *query, bool format_given)
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
            g_printerr("nvcuse abi %s takes no --format\n", argv[1]);
            return EXIT_USAGE;
        }
        query->operands = (const char *const *)argv + 2;
        return actions[i].run(query);
    }
    g_printerr("nvcuse abi: say list, layout [STRUCT], show NAME|NUMBER or diff V1 V2%s%s\n",
               argc > 1 ? ", not " : "", argc > 1 ? argv[1] : "");
    return EXIT_USAGE;
}

int cmd_abi(int argc, char **argv)
{
    Query query = {.driver.default_policy = DRIVER_POLICY_KNOWN};
    g_autofree char *kind = NULL, *format = NULL;
    const GOptionEntry entries[] = {
        {"kind", 0, 0, G_OPTION_ARG_STRING, &kind,
         "list only 'frontend', 'uvm', 'control' or 'alloc' entries", "KIND"},
        {"format", 0, 0, G_OPTION_ARG_STRING, &format,
         "'table' (default), 'csv' or 'json', for list and layout", "FORMAT"},
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
        query.format = (Format)format_index;
        code = run_action(argc, argv, &query, format != NULL);
    }
    driver_options_clear(&query.driver);
    return code;
}
