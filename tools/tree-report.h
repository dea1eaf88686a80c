/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison of two trees in words, as JSON, and as the rows that a maintainer adds. */
#pragma once

#include "tools/tree-diff.h"

/** tree_report_text: print what changed, what is new and what could not be resolved. */
void tree_report_text(const TreeDiff *diff);

/** tree_report_json: print the same as one JSON object. */
void tree_report_json(const TreeDiff *diff, const char *before, const char *after);

/**
 * tree_report_rows: print the new shapes for abi/ and the release for version-tree/.
 * @parent: the release that the new one derives from
 * @version: of the new release
 * @after: where the new shapes are declared
 */
void tree_report_rows(const TreeDiff *diff, const HeaderTree *after, const DriverRelease *parent,
                      DriverVersion version);

/**
 * tree_diff_is_empty: whether nothing changed and every struct was found. Numbers that neither tree
 * names do not count: user space sends a few commands that no header has.
 */
bool tree_diff_is_empty(const TreeDiff *diff);
