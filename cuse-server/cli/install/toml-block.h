/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts a block of whole tables into a configuration in TOML, and takes it out again. All other text stays as it is.
 *
 * Comments mark where the block begins and ends. A table may stand only once in a document, so a default runtime that
 * other people's text names, or a table of theirs in which it belongs, is changed there. The block then has a comment
 * with what was there before.
 */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * TomlDefault: where a configuration names its default runtime.
 * @table: the name of the table, for example "engine"
 * @key: the name of the key in this table
 */
typedef struct {
    const char *table;
    const char *key;
} TomlDefault;

/**
 * TomlBase: a configuration without the block.
 * @text: the configuration as it was before the block came
 * @at: where in @text the block was, or its end
 * @items: the statements of @text (TomlItem)
 * @has_block: there was a block
 * @has_default: the block made nvcuse the default runtime
 */
typedef struct {
    GString *text;
    gsize at;
    GPtrArray *items;
    bool has_block;
    bool has_default;
} TomlBase;

/**
 * toml_block_take_out: take the block out of a configuration, and restore the default runtime, unless another one than
 * nvcuse is the default now.
 * @text: NULL counts as empty
 * Returns NULL with an @error that names the line: this is not TOML, a mark is missing, or keys behind the block would
 * end up in another table.
 */
TomlBase *toml_block_take_out(const char *text, const TomlDefault *engine_default, GError **error);

/**
 * toml_block_put_in: put a block in, and free the base.
 * @make_default: make nvcuse the default runtime
 * @tables: the tables of the block; each line ends with \n
 * Returns: the new text, which the caller frees; NULL with an @error that names the line.
 */
char *toml_block_put_in(TomlBase *base, const TomlDefault *engine_default, bool make_default,
                        const char *tables, GError **error);

/**
 * toml_block_check_free: check that a new table can be added to a configuration.
 * @table: its name
 * Returns false with an @error that names the line: the table is there already, or something in the way that only an
 * editor with hands can change (an inline table, a dotted key, an array of tables).
 */
bool toml_block_check_free(const TomlBase *base, const char *table, GError **error);

/** toml_block_check_removable: check that nothing but the block makes nvcuse the default runtime. Returns false with an
 * @error that names the line. */
bool toml_block_check_removable(const TomlBase *base, const TomlDefault *engine_default,
                                GError **error);

/** toml_block_default: get the text of the value that names the default runtime, without quotes. The caller frees it.
 * Returns NULL if nothing names one. */
char *toml_block_default(const TomlBase *base, const TomlDefault *engine_default);

void toml_base_free(TomlBase *base);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TomlBase, toml_base_free)
