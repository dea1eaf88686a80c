/* SPDX-License-Identifier: Apache-2.0 */
/* Guesses which word a misspelt word stands for. */
#pragma once

#include <glib.h>

/**
 * nearest_word: find the word of a list that is the least number of typing mistakes away.
 * @words: NULL-terminated
 *
 * Returns: one of @words, or NULL if none is near enough. One mistake for every three letters is forgiven, and at
 * least one in all.
 */
const char *nearest_word(const char *word, const char *const *words);

/**
 * nearest_hint: write the end of a message that suggests the nearest word: "; did you mean 'gpus'?". If no word is
 * near, it has the whole list: "; expected one of: name, gpus". The caller frees it.
 */
char *nearest_hint(const char *word, const char *const *words);
