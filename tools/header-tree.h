/* SPDX-License-Identifier: Apache-2.0 */
/* An unpacked source tree of NVIDIA's open kernel modules: what its headers declare. */
#pragma once

#include <stdbool.h>

#include <clang-c/Index.h>
#include <glib.h>

/**
 * HeaderTree: the parsed headers of one driver version.
 * @version: from the tree's version.mk, or NULL
 * @errors: what the compiler found wrong with the headers, as text; a struct may be missing because
 * of it
 * @structs: name -> CXType of every struct and union
 * @numbers: name -> guint64 of the macros asked for, and of every command and ioctl
 * @classes: name -> guint64 of every class
 */
typedef struct {
    char *version;
    GPtrArray *errors;
    GHashTable *structs;
    GHashTable *numbers;
    GHashTable *classes;
    CXIndex index;
    CXTranslationUnit unit;
} HeaderTree;

/** header_tree_version: (transfer full): what version.mk says ("NVIDIA_VERSION = 580.95.05"), or
 * NULL. */
char *header_tree_version(const char *path);

/**
 * header_tree_open: parse a tree's interface headers: the resource manager's SDK, the kernel
 * interface layer, UVM.
 * @path: the tree's root, the directory that holds version.mk
 * @wanted: a set of names: the macros whose values are wanted in @numbers
 * @error: if there is nothing to parse
 */
HeaderTree *header_tree_open(const char *path, GHashTable *wanted, GError **error);

void header_tree_free(HeaderTree *tree);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HeaderTree, header_tree_free)

/**
 * header_tree_rows: the members of a struct, in the form of abi_layout_rows().
 * @size: set to the struct's size in bytes
 * @why: (out): set to the reason if there is no answer
 *
 * Returns: (transfer full): array of AbiFieldRow, or NULL with @why set.
 */
GArray *header_tree_rows(const HeaderTree *tree, const char *name, guint *size, const char **why);

/**
 * HeaderMember: one member as declared.
 * @name: "" for an anonymous union
 * @type: the spelling without `struct`, of an element if it is an array; "" if the type has no name
 * @dimensions: "" or "[32]", "[8][2]"
 * @element: the type, of an element if it is an array
 */
typedef struct {
    char *name;
    char *type;
    char *dimensions;
    CXType element;
    guint offset;
    guint size;
    bool bit_field;
} HeaderMember;

/** header_members: (transfer full): the members of a record, in order, as an array of HeaderMember.
 */
GArray *header_members(CXType record);

/** header_is_union: whether a record is a union. */
bool header_is_union(CXType record);
