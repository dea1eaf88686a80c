/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that a new driver version adds to abi/ and version-tree/. */
#include <string.h>

#include "tools/tree-report.h"
#include "version-tree/show/abi-layouts.h"
#include "version-tree/show/role-text.h"

static bool needs_shape(const StructDiff *diff)
{
    return diff->kind == DIFF_CHANGED || diff->kind == DIFF_NESTED;
}

/* What marks an item's new shape: "580", or "580_200" if the series has changed the struct before.
 */
static char *series_of(const StructDiff *item, DriverVersion version)
{
    g_autofree char *major = g_strdup_printf("%u", version.major);

    if (item->layout->since && g_str_has_prefix(item->layout->since, major)) {
        return g_strdup_printf("%u_%u", version.major, version.minor);
    }
    return g_steal_pointer(&major);
}

/* "_V580" for the new shape of the struct of this name, or for the last one if it has not changed;
 * "" if it has its first. */
static char *suffix_of(const TreeDiff *diff, const char *name, DriverVersion version)
{
    for (guint i = 0; i < diff->structs->len; i++) {
        const StructDiff *item = &g_array_index(diff->structs, StructDiff, i);
        g_autofree char *series = NULL;

        if (strcmp(item->name, name) != 0) {
            continue;
        }
        series = needs_shape(item) ? series_of(item, version) : g_strdup(item->layout->since);
        return series ? g_strconcat("_V", series, NULL) : g_strdup("");
    }
    return g_strdup("");
}

/* The C name for a type without one: its owner's and its member's. */
static char *name_unnamed(const char *owner, const HeaderMember *member)
{
    return g_strdup_printf("%s_%s", owner, *member->name ? member->name : "unnamed");
}

/* A member that the struct's last shape has as well; NULL: it is new, or there is no shape. */
static const AbiField *known_field(const AbiLayout *last, const char *name)
{
    return last ? abi_layout_field(last, name) : NULL;
}

/* Appends "(TYPE, name, [n], (ROLE))" for every member, with the role that it has in @last. */
static void write_members(GString *out, const TreeDiff *diff, CXType record, const char *owner,
                          const AbiLayout *last, DriverVersion version)
{
    g_autoptr(GArray) members = header_members(record);

    for (guint i = 0; i < members->len; i++) {
        const HeaderMember *member = &g_array_index(members, HeaderMember, i);
        g_autofree char *suffix = suffix_of(diff, member->type, version);
        g_autofree char *type =
            *member->type ? g_strconcat(member->type, suffix, NULL) : name_unnamed(owner, member);
        const AbiField *known = known_field(last, member->name);
        g_autofree char *role = known ? abi_role_source(&known->role) : NULL;
        bool array = *member->dimensions != '\0';

        g_string_append_printf(out, ",\n    (%s, %s%s%s%s%s)", type,
                               *member->name ? member->name : "unnamed", array ? ", " : "",
                               member->dimensions, role ? ", " : "", role ? role : "");
    }
    g_string_append(out, ")\n");
}

/* Prints the structs and unions without a name inside @record, innermost first. */
static void print_unnamed(const TreeDiff *diff, CXType record, const char *owner,
                          const AbiLayout *last, DriverVersion version)
{
    g_autoptr(GArray) members = header_members(record);

    for (guint i = 0; i < members->len; i++) {
        const HeaderMember *member = &g_array_index(members, HeaderMember, i);
        const AbiField *known = known_field(last, *member->name ? member->name : "unnamed");
        const AbiLayout *inner = known ? known->type : NULL;
        g_autofree char *name = NULL;
        g_autoptr(GString) out = g_string_new(NULL);

        if (*member->type != '\0') {
            continue;
        }
        name = name_unnamed(owner, member);
        print_unnamed(diff, member->element, name, inner, version);
        g_string_append_printf(out, "%s_%s(%s", *member->name ? "ABI_UNNAMED" : "ABI_ANONYMOUS",
                               header_is_union(member->element) ? "UNION" : "STRUCT", name);
        write_members(out, diff, member->element, name, inner, version);
        g_print("%s", out->str);
    }
}

static void print_shape(const TreeDiff *diff, const StructDiff *item, const HeaderTree *after,
                        DriverVersion version)
{
    const CXType *type = g_hash_table_lookup(after->structs, item->name);
    g_autofree char *series = series_of(item, version);
    g_autofree char *owner = g_strdup_printf("%s_V%s", item->name, series);
    g_autoptr(GString) out = g_string_new(NULL);

    print_unnamed(diff, *type, owner, item->layout, version);
    g_string_append_printf(out, "ABI_%s_SINCE(%s, %s, %u",
                           header_is_union(*type) ? "UNION" : "STRUCT", item->name, series,
                           item->size_after);
    write_members(out, diff, *type, owner, item->layout, version);
    g_print("%s\n", out->str);
}

static const char *kind_word(AbiKind kind)
{
    static const char *const words[N_ABI_KINDS] = {"FRONTEND", "UVM", "CONTROL", "ALLOC"};

    return words[kind];
}

/* Prints rows for numbers that changed or went, and as comments those that are new; returns how
 * many rows. */
static guint print_changes(const TreeDiff *diff, const char *id)
{
    guint n = 0;

    for (guint i = 0; i < diff->numbers->len; i++) {
        const NumberDiff *item = &g_array_index(diff->numbers, NumberDiff, i);

        if (item->kind == DIFF_SAME || item->kind == DIFF_UNRESOLVED ||
            (item->kind == DIFF_APPEARED && item->entry)) {
            continue;
        }
        if (n == 0) {
            g_print("static const AbiChange changes_%s[] = {\n", id);
        }
        n++;
        if (item->kind == DIFF_APPEARED) {
            g_print("    /* new: %s %s 0x%" G_GINT64_MODIFIER
                    "x%s%s; choose a handler and capabilities, "
                    "or leave it closed */\n",
                    item->space, item->name, item->after, item->params ? ", " : "",
                    item->params ? item->params : "");
        } else {
            g_print("    REMOVE(%s, %s),%s\n", kind_word(item->entry->kind), item->name,
                    item->kind == DIFF_CHANGED ? " /* has a new number: add it again */" : "");
        }
    }
    if (n > 0) {
        g_print("};\n\n");
    }
    return n;
}

static guint print_shapes(const TreeDiff *diff, const char *id, DriverVersion version)
{
    guint n = 0;

    for (guint i = 0; i < diff->structs->len; i++) {
        const StructDiff *item = &g_array_index(diff->structs, StructDiff, i);
        g_autofree char *series = NULL;

        if (!item->direct || !needs_shape(item)) {
            continue;
        }
        if (n++ == 0) {
            g_print("static const AbiShape shapes_%s[] = {\n", id);
        }
        series = series_of(item, version);
        g_print("    SHAPE(%s, %s),\n", item->name, series);
    }
    if (n > 0) {
        g_print("};\n\n");
    }
    return n;
}

void tree_report_rows(const TreeDiff *diff, const HeaderTree *after, const DriverRelease *parent,
                      DriverVersion version)
{
    char text[DRIVER_VERSION_MAX];
    g_autofree char *id = g_strdup(driver_version_format(version, text));
    g_autofree char *parent_id = g_strdup(driver_version_format(parent->version, text));
    guint n_changes, n_shapes;

    g_strdelimit(id, ".", '_');
    g_strdelimit(parent_id, ".", '_');
    g_print("\n/* ---- abi/: below each struct's last shape ---- */\n\n");
    for (guint i = 0; i < diff->structs->len; i++) {
        const StructDiff *item = &g_array_index(diff->structs, StructDiff, i);

        if (needs_shape(item)) {
            print_shape(diff, item, after, version);
        }
    }
    g_print("/* ---- version-tree/drivers/driver-list.h ---- */\n\n    RELEASE(%s)\n\n", id);
    g_print("/* ---- version-tree/drivers/driver-%u.c ---- */\n\n", version.major);
    n_changes = print_changes(diff, id);
    n_shapes = print_shapes(diff, id, version);
    g_print("const DriverRelease driver_%s = {\n    .version = {%u, %u, %u},\n    .parent = "
            "&driver_%s,\n",
            id, version.major, version.minor, version.patch, parent_id);
    if (n_changes > 0) {
        g_print("    CHANGES(changes_%s),\n", id);
    }
    if (n_shapes > 0) {
        g_print("    SHAPES(shapes_%s),\n", id);
    }
    g_print("};\n");
}
