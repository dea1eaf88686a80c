/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the statements of a TOML document, and where they stand in its text: headers of tables, and keys with their
 * values. An editor that keeps everybody else's text needs no more.
 *
 * The reader checks names, strings and brackets. It does not look into values, and does not compare names with one
 * another: the program that the document is for does that.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * TomlKind: the kinds of statements.
 * @TABLE: [name]
 * @ARRAY: [[name]]
 * @KEY: name = value
 */
typedef enum { TOML_KIND_TABLE, TOML_KIND_ARRAY, TOML_KIND_KEY } TomlKind;

/**
 * TomlItem: a statement.
 * @path: its whole name (for a key: behind the name of its table), as toml_path() writes it
 * @parts: number of parts of the name as it stands there; more than one for a dotted name
 * @line: its first line, counted from 1
 * @start, @end: its text in the document, without the space around it and without the comment behind it
 * @value: where the text of a key's value starts; it ends at @end
 */
typedef struct {
    TomlKind kind;
    char *path;
    guint parts;
    guint line;
    gsize start;
    gsize value;
    gsize end;
} TomlItem;

/** toml_read: find all statements (TomlItem). Returns the array, which the caller unrefs, or NULL with an @error that
 * names the line. */
GPtrArray *toml_read(const char *text, GError **error);

/** toml_path: get the one spelling of a name that has many: a.b, "a".b, a . 'b'. @name: a name as in a header, without
 * brackets; it has to be valid. Names with escape sequences keep them. The caller frees it. */
char *toml_path(const char *name);

/** toml_is_within: check whether a path (see toml_path()) is @outer, or a name in @outer. */
bool toml_is_within(const char *path, const char *outer);

/** toml_find: find a statement by its kind and by its name (as for toml_path()). Returns NULL if there is none. */
const TomlItem *toml_find(const GPtrArray *items, TomlKind kind, const char *name);

/** toml_value: get the text of a key's value, for example "runc" with its quotes. The caller frees it. */
char *toml_value(const char *text, const TomlItem *item);

/** toml_quote: write a string as a value. The caller frees it. */
char *toml_quote(const char *text);
