/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry's effect says to the pipeline, for an auditor to read. */
#pragma once

#include "version-tree/abi-entry.h"

enum { EFFECT_LINES_MAX = 4 };

/** EffectLine: one word on what it is about, and one phrase. Both are static. */
typedef struct {
    const char *name;
    const char *text;
} EffectLine;

/** effect_lines: Returns: how many there are. */
size_t effect_lines(const AbiEntry *entry, EffectLine lines[EFFECT_LINES_MAX]);
