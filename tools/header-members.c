/* SPDX-License-Identifier: Apache-2.0 */
/* The members of a struct, as declared and as flat rows. */
#include <string.h>

#include "tools/header-tree.h"
#include "version-tree/show/abi-layouts.h"

static void clear_member(gpointer data)
{
    HeaderMember *member = data;

    g_free(member->name);
    g_free(member->type);
    g_free(member->dimensions);
}

/* A type's name as a member's declaration needs it: "" if it has none. */
static char *name_of(CXType type)
{
    static const char *const keywords[] = {"const ", "volatile ", "struct ", "union ", "enum "};
    CXString spelling;
    const char *text;
    char *name;

    if (type.kind != CXType_Typedef && clang_getCanonicalType(type).kind == CXType_Record &&
        clang_Cursor_isAnonymous(clang_getTypeDeclaration(type))) {
        return g_strdup("");
    }
    spelling = clang_getTypeSpelling(type);
    text = clang_getCString(spelling);
    for (size_t i = 0; i < G_N_ELEMENTS(keywords); i++) {
        if (g_str_has_prefix(text, keywords[i])) {
            text += strlen(keywords[i]);
        }
    }
    name = g_strdup(text);
    clang_disposeString(spelling);
    return name;
}

static enum CXVisitorResult add_member(CXCursor cursor, CXClientData data)
{
    GArray *members = data;
    CXString spelling = clang_getCursorSpelling(cursor);
    GString *dimensions = g_string_new(NULL);
    CXType type = clang_getCursorType(cursor);
    HeaderMember member = {
        .name = g_strdup(clang_getCString(spelling)),
        .offset = (guint)(clang_Cursor_getOffsetOfField(cursor) / 8),
        .size = (guint)clang_Type_getSizeOf(type),
        .bit_field = clang_Cursor_isBitField(cursor),
    };

    clang_disposeString(spelling);
    /* An array may hide behind a typedef, of the member or of its elements. */
    while (clang_getCanonicalType(type).kind == CXType_ConstantArray) {
        if (type.kind != CXType_ConstantArray) {
            type = clang_getTypedefDeclUnderlyingType(clang_getTypeDeclaration(type));
            continue;
        }
        g_string_append_printf(dimensions, "[%lld]", clang_getArraySize(type));
        type = clang_getArrayElementType(type);
    }
    member.element = type;
    member.type = name_of(type);
    /* libclang gives the member of an anonymous union the union's description as its name. */
    if (*member.type == '\0' && strchr(member.name, '(')) {
        *member.name = '\0';
    }
    member.dimensions = g_string_free(dimensions, FALSE);
    g_array_append_val(members, member);
    return CXVisit_Continue;
}

GArray *header_members(CXType record)
{
    GArray *members = g_array_new(FALSE, FALSE, sizeof(HeaderMember));

    g_array_set_clear_func(members, clear_member);
    clang_Type_visitFields(clang_getCanonicalType(record), add_member, members);
    return members;
}

bool header_is_union(CXType record)
{
    CXCursor declaration = clang_getTypeDeclaration(clang_getCanonicalType(record));

    return clang_getCursorKind(declaration) == CXCursor_UnionDecl;
}

static void clear_row(gpointer data)
{
    AbiFieldRow *row = data;

    g_free(row->path);
    g_free(row->type);
}

/* Appends a record's members; false if it has one that rows cannot express. */
static bool add_rows(GArray *rows, CXType record, const char *prefix, guint base)
{
    g_autoptr(GArray) members = header_members(record);

    for (guint i = 0; i < members->len; i++) {
        const HeaderMember *member = &g_array_index(members, HeaderMember, i);
        bool array = *member->dimensions != '\0', unnamed = *member->type == '\0';
        g_autofree char *inner = *member->name
                                     ? g_strconcat(prefix, member->name, array ? "[]." : ".", NULL)
                                     : g_strdup(prefix);

        if (member->bit_field) {
            return false;
        }
        if (!unnamed || array) {
            AbiFieldRow row = {
                g_strconcat(prefix, member->name, NULL),
                g_strconcat(unnamed ? "struct" : member->type, member->dimensions, NULL),
                base + member->offset,
                member->size,
                NULL,
                NULL};

            g_array_append_val(rows, row);
        }
        if (unnamed && !add_rows(rows, member->element, inner, base + member->offset)) {
            return false;
        }
    }
    return true;
}

GArray *header_tree_rows(const HeaderTree *tree, const char *name, guint *size, const char **why)
{
    const CXType *type = g_hash_table_lookup(tree->structs, name);
    GArray *rows;

    if (!type) {
        *why = "the headers do not declare it";
        return NULL;
    }
    rows = g_array_new(FALSE, FALSE, sizeof(AbiFieldRow));
    g_array_set_clear_func(rows, clear_row);
    if (!add_rows(rows, *type, "", 0)) {
        g_array_unref(rows);
        *why = "it has bit-fields";
        return NULL;
    }
    *size = (guint)clang_Type_getSizeOf(*type);
    return rows;
}
