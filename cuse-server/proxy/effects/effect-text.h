/* SPDX-License-Identifier: Apache-2.0 */
/* Describes an entry's effect in words, for an auditor. */
#pragma once

#include "version-tree/abi-entry.h"

enum { EFFECT_LINES_MAX = 5 };

/** EffectLine: one property of an effect. @name: one word; @text: one phrase. Both strings are static. */
typedef struct {
    const char *name;
    const char *text;
} EffectLine;

/** effect_lines: describe an entry's effect. @lines: filled in. Returns: the number of lines. */
size_t effect_lines(const AbiEntry *entry, EffectLine lines[EFFECT_LINES_MAX]);
