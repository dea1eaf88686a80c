/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse abi show: explains one entry to an operator. */
#include <string.h>

#include "abi/class.h"
#include "abi/control/ctrl-common.h"
#include "cuse-server/base/json/json-output.h"
#include "cuse-server/cli/abi/abi-query.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/proxy/effects/effect-text.h"
#include "version-tree/show/abi-diff-text.h"

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
    EffectLine lines[EFFECT_LINES_MAX];

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
    const size_t n = effect_lines(entry, lines);
    for (size_t i = 0; i < n; i++) {
        g_print("  %-11s %s\n", lines[i].name, lines[i].text);
    }
    if (entry->short_layout) {
        g_print("  also takes  %s, %u bytes\n", entry->short_layout->name,
                entry->short_layout->size);
    }
    if (!entry->layout) {
        g_print("  struct      none known\n");
    } else {
        g_print("  struct      ");
        abi_print_layout(entry->layout, FORMAT_TABLE, NULL);
    }
}

static void json_capabilities(JsonBuilder *json, NvCaps caps)
{
    g_autofree char *text = nv_caps_format(caps, ",");
    g_auto(GStrv) names = g_strsplit(text, ",", -1);

    json_builder_set_member_name(json, "capabilities");
    json_builder_begin_array(json);
    for (guint i = 0; names[i]; i++) {
        json_builder_add_string_value(json, names[i]);
    }
    json_builder_end_array(json);
}

static void json_struct(JsonBuilder *json, const char *member, const AbiLayout *layout)
{
    json_builder_set_member_name(json, member);
    if (layout && layout->kind != ABI_TYPE_OPAQUE) {
        abi_print_layout(layout, FORMAT_JSON, json);
    } else {
        json_builder_add_null_value(json);
    }
}

static void json_effect(JsonBuilder *json, const AbiEntry *entry)
{
    EffectLine lines[EFFECT_LINES_MAX];
    const size_t n = effect_lines(entry, lines);

    json_builder_set_member_name(json, "effect");
    json_builder_begin_object(json);
    for (size_t i = 0; i < n; i++) {
        json_member_string(json, lines[i].name, lines[i].text);
    }
    json_builder_end_object(json);
}

static void json_entry(JsonBuilder *json, const AbiEntry *entry)
{
    char text[DRIVER_VERSION_MAX];

    json_builder_begin_object(json);
    json_member_string(json, "name", entry->name);
    json_member_string(json, "kind", abi_kind_name(entry->kind));
    json_member_int(json, "number", entry->number);
    json_member_string(json, "since", driver_version_format(entry->since->version, text));
    json_member_string(json, "changed", driver_version_format(entry->changed->version, text));
    json_capabilities(json, entry->caps);
    json_member_string(json, "handler", abi_handler_name(entry->handler));
    json_member_string(json, "summary", abi_handler_summary(entry->handler));
    json_effect(json, entry);
    json_struct(json, "also_takes", entry->short_layout);
    json_struct(json, "layout", entry->layout);
    json_builder_end_object(json);
}

/* Read "123" or "0x7b". */
static bool parse_number(const char *text, guint64 *number)
{
    return g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, number, NULL) ||
           (g_str_has_prefix(text, "0x") &&
            g_ascii_string_to_unsigned(text + 2, 16, 0, G_MAXUINT32, number, NULL));
}

/* Check whether @text names @entry, by name or by number. */
static bool entry_is(const AbiEntry *entry, const char *text)
{
    guint64 number;

    return strcmp(entry->name, text) == 0 ||
           (parse_number(text, &number) && entry->number == number);
}

/* Show the entries that @text names. Returns false if there are none. @json: the array to add them to; NULL: print text */
static bool show_in(const DriverAbi *abi, const char *text, JsonBuilder *json)
{
    bool found = false;

    for (int kind = 0; kind < N_ABI_KINDS; kind++) {
        size_t n;
        const AbiEntry *entries = driver_abi_entries(abi, (AbiKind)kind, &n);

        for (size_t i = 0; i < n; i++) {
            if (!entry_is(&entries[i], text)) {
                continue;
            }
            if (json) {
                json_entry(json, &entries[i]);
            } else {
                show_entry(&entries[i]);
            }
            found = true;
        }
    }
    return found;
}

/* Show a control command that does not need an entry. Returns false if @text is not one of these. */
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

/* Print which drivers change an entry that this driver does not have. */
static void show_elsewhere(const DriverAbi *abi, const char *text)
{
    static const char *const verbs[] = {"appears in", "changes in", "is removed in"};
    char version[DRIVER_VERSION_MAX];
    size_t n;
    const DriverRelease *const *releases = driver_releases(&n);

    g_printerr("nvcuse abi: '%s': not in the table of driver %s; nvcuse refuses the call\n", text,
               driver_version_format(driver_abi_release(abi)->version, version));
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < releases[i]->n_changes; k++) {
            const AbiChange *change = &releases[i]->changes[k];

            if (entry_is(&change->entry, text)) {
                g_printerr("  %s 0x%x %s %s\n", change->entry.name, change->entry.number,
                           verbs[change->op], driver_version_format(releases[i]->version, version));
            }
        }
    }
}

static bool show_json(const DriverAbi *abi, const char *text)
{
    g_autoptr(JsonBuilder) json = json_builder_new();

    json_builder_begin_array(json);
    const bool found = show_in(abi, text, json);
    json_builder_end_array(json);
    if (found) {
        json_print(json);
    }
    return found;
}

int abi_show(const AbiQuery *query)
{
    g_autoptr(DriverAbi) abi = NULL;

    if (query->format == FORMAT_CSV) {
        g_printerr("nvcuse abi show: --format: 'csv': expected table or json\n");
        return EXIT_USAGE;
    }
    abi = abi_query_open(query);
    if (!abi) {
        return EXIT_FAILED;
    }
    if (query->format == FORMAT_JSON) {
        if (show_json(abi, query->operands[0])) {
            return EXIT_OK;
        }
    } else if (show_in(abi, query->operands[0], NULL) || show_passed_on(query->operands[0])) {
        return EXIT_OK;
    }
    show_elsewhere(abi, query->operands[0]);
    return EXIT_FAILED;
}
