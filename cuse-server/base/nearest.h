/* SPDX-License-Identifier: Apache-2.0 */
/* Guessing what somebody meant who misspelt a word. */
#pragma once

#include <glib.h>

/**
 * nearest_word: the word of a list that is the least number of typing mistakes away.
 * @words: NULL-terminated
 *
 * Returns: one of @words, or NULL if none is near enough to be meant: a mistake for every three
 * letters, and one at least, is forgiven.
 */
const char *nearest_word(const char *word, const char *const *words);

/**
 * nearest_hint: the same as the end of a message: "; did you mean 'gpus'?", or, if nothing is near,
 * the whole list: "; there are: name, gpus". The caller frees it.
 */
char *nearest_hint(const char *word, const char *const *words);
