/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a word that is one of a few. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/**
 * choice_parse: find a word in a list.
 * @words: the list, NULL-terminated; at least two words
 * @index: set to the index of the word, or to 0 on failure
 * Returns false with an @error like "'x': expected a, b or c".
 */
bool choice_parse(const char *text, const char *const *words, unsigned *index, GError **error);
