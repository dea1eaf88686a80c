/* SPDX-License-Identifier: Apache-2.0 */
/* Edits a file in TOML that an engine reads beside its own configuration, so that it may hold nothing but nvcuse's block. */
#pragma once

#include "cuse-server/cli/install/engine.h"
#include "cuse-server/cli/install/toml-block.h"

/**
 * drop_in_edit: put the block in, or take it out, as @edit of Engine does.
 * @table: the name of the table that the block adds
 * @lines: the lines of this table, each of which ends with \n
 */
char *drop_in_edit(const char *text, const InstallWish *wish, const TomlDefault *engine_default,
                   const char *table, const char *lines, GError **error);
