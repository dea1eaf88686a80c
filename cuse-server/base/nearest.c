/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/nearest.h"

#include <string.h>

enum { WORD_MAX = 63 }; /* a longer word is not a misspelt option of ours */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    return MIN(MIN(a, b), c);
}

/*
 * Count the letters to insert, delete, replace or swap with their neighbour to turn @a into @b. Computes the
 * restricted Damerau-Levenshtein distance, row by row.
 */
static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned rows[3][WORD_MAX + 1] = {{0}};
    unsigned *before = rows[0]; /* the row above the last one */
    unsigned *last = rows[1];
    unsigned *row = rows[2];

    for (size_t j = 0; j <= b_length; j++) {
        last[j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = least(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = MIN(row[j], before[j - 2] + 1);
            }
        }
        unsigned *oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[b_length];
}

const char *nearest_word(const char *word, const char *const *words)
{
    size_t length = strlen(word);
    unsigned best = (unsigned)MAX(length / 3, 1);
    const char *nearest = NULL;

    for (; length <= WORD_MAX && *words; words++) {
        size_t other = strlen(*words);
        unsigned apart = other <= WORD_MAX ? distance(word, length, *words, other) : G_MAXUINT;
        /* Of equally near words, take the first. A word that has nothing in common is not near. */
        if (apart < MAX(length, other) && (apart < best || (apart == best && !nearest))) {
            best = apart;
            nearest = *words;
        }
    }
    return nearest;
}

char *nearest_hint(const char *word, const char *const *words)
{
    const char *nearest = nearest_word(word, words);
    g_autofree char *list = NULL;

    if (nearest) {
        return g_strdup_printf("; did you mean '%s'?", nearest);
    }
    list = g_strjoinv(", ", (char **)words);
    return g_strdup_printf("; expected one of: %s", list);
}
