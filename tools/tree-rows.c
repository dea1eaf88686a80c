/* SPDX-License-Identifier: Apache-2.0 */
/* The lines that a new driver version adds to abi/ and version-tree/. */
#include <string.h>

#include "tools/tree-report.h"

static bool needs_shape(const StructDiff *diff)
{
    return diff->kind == DIFF_CHANGED || diff->kind == DIFF_NESTED;
}

/* "_V580" if the struct of this name gets a new shape, else "". */
static char *suffix_of(const TreeDiff *diff, const char *name, guint major)
{
    for (guint i = 0; i < diff->structs->len; i++) {
        const StructDiff *item = &g_array_index(diff->structs, StructDiff, i);

        if (needs_shape(item) && strcmp(item->name, name) == 0) {
            return g_strdup_printf("_V%u", major);
        }
    }
    return g_strdup("");
}

/* The C name for a type without one: its owner's and its member's. */
static char *name_unnamed(const char *owner, const HeaderMember *member)
{
    return g_strdup_printf("%s_%s", owner, *member->name ? member->name : "unnamed");
}

/* Appends "(TYPE, name, [n])" for every member. */
static void write_members(GString *out, const TreeDiff *diff, CXType record, const char *owner,
                          guint major)
{
    g_autoptr(GArray) members = header_members(record);

    for (guint i = 0; i < members->len; i++) {
        const HeaderMember *member = &g_array_index(members, HeaderMember, i);
        g_autofree char *suffix = suffix_of(diff, member->type, major);
        g_autofree char *type =
            *member->type ? g_strconcat(member->type, suffix, NULL) : name_unnamed(owner, member);
        bool array = *member->dimensions != '\0';

        g_string_append_printf(out, ",\n    (%s, %s%s%s)", type,
                               *member->name ? member->name : "unnamed", array ? ", " : "",
                               member->dimensions);
    }
    g_string_append(out, ")\n");
}

/* Prints the structs and unions without a name inside @record, innermost first. */
static void print_unnamed(const TreeDiff *diff, CXType record, const char *owner, guint major)
{
    g_autoptr(GArray) members = header_members(record);

    for (guint i = 0; i < members->len; i++) {
        const HeaderMember *member = &g_array_index(members, HeaderMember, i);
        g_autofree char *name = NULL;
        g_autoptr(GString) out = g_string_new(NULL);

        if (*member->type != '\0') {
            continue;
        }
        name = name_unnamed(owner, member);
        print_unnamed(diff, member->element, name, major);
        g_string_append_printf(out, "%s_%s(%s", *member->name ? "ABI_UNNAMED" : "ABI_ANONYMOUS",
                               header_is_union(member->element) ? "UNION" : "STRUCT", name);
        write_members(out, diff, member->element, name, major);
        g_print("%s", out->str);
    }
}

static void print_shape(const TreeDiff *diff, const StructDiff *item, const HeaderTree *after,
                        guint major)
{
    const CXType *type = g_hash_table_lookup(after->structs, item->name);
    g_autofree char *owner = g_strdup_printf("%s_V%u", item->name, major);
    g_autoptr(GString) out = g_string_new(NULL);

    print_unnamed(diff, *type, owner, major);
    g_string_append_printf(out, "ABI_%s_SINCE(%s, %u, %u",
                           header_is_union(*type) ? "UNION" : "STRUCT", item->name, major,
                           item->size_after);
    write_members(out, diff, *type, owner, major);
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
                    "x; choose a handler and capabilities, "
                    "or leave it closed */\n",
                    item->space, item->name, item->after);
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

static guint print_shapes(const TreeDiff *diff, const char *id, guint major)
{
    guint n = 0;

    for (guint i = 0; i < diff->structs->len; i++) {
        const StructDiff *item = &g_array_index(diff->structs, StructDiff, i);

        if (!item->direct || !needs_shape(item)) {
            continue;
        }
        if (n++ == 0) {
            g_print("static const AbiShape shapes_%s[] = {\n", id);
        }
        g_print("    SHAPE(%s, %u),\n", item->name, major);
    }
    if (n > 0) {
        g_print("};\n\n");
    }
    return n;
}

void tree_report_rows(const TreeDiff *diff, const HeaderTree *after, const DriverNode *parent,
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
            print_shape(diff, item, after, version.major);
        }
    }
    g_print("/* ---- version-tree/driver-list.h ---- */\n\n    NODE(%s)\n\n", id);
    g_print("/* ---- version-tree/driver-%u.c ---- */\n\n", version.major);
    n_changes = print_changes(diff, id);
    n_shapes = print_shapes(diff, id, version.major);
    g_print(
        "const DriverNode driver_%s = {\n    .version = {%u, %u, %u},\n    .parent = &driver_%s,\n",
        id, version.major, version.minor, version.patch, parent_id);
    if (n_changes > 0) {
        g_print("    CHANGES(changes_%s),\n", id);
    }
    if (n_shapes > 0) {
        g_print("    SHAPES(shapes_%s),\n", id);
    }
    g_print("};\n");
}
