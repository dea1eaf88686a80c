/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the longest common sequence of lines, with the usual table of lengths. Configurations are short enough for it. */
#include "cuse-server/cli/install/text-diff.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

enum { CONTEXT = 3, CELLS_MAX = 16 * 1024 * 1024 };

/* The lines of a text. */
typedef struct {
    char **line;
    guint count;
} Lines;

/* One line of the comparison. @mark: ' ', '-' or '+'; @old, @new_number: how many lines of the texts come before it */
typedef struct {
    char mark;
    const char *line;
    guint old;
    guint new_number;
} Step;

static Lines lines_of(const char *text)
{
    Lines lines = {.line = g_strsplit(text, "\n", -1)};

    lines.count = g_strv_length(lines.line);
    /* What follows the last line end is no line. */
    if (lines.count > 0 && *lines.line[lines.count - 1] == '\0') {
        lines.count--;
    }
    return lines;
}

/* Make a table of (@a->count + 1) * (@b->count + 1): the length of the longest common sequence from a line of each text
 * on. Texts that are too long for it count as having nothing in common. */
static guint *lengths_of(const Lines *a, const Lines *b)
{
    const gsize width = (gsize)b->count + 1;
    guint *lengths = g_new0(guint, ((gsize)a->count + 1) * width);

    for (guint i = a->count; i-- > 0;) {
        for (guint k = b->count; k-- > 0;) {
            lengths[i * width + k] =
                strcmp(a->line[i], b->line[k]) == 0
                    ? lengths[(i + 1) * width + k + 1] + 1
                    : MAX(lengths[(i + 1) * width + k], lengths[i * width + k + 1]);
        }
    }
    return lengths;
}

static GArray *compare(const Lines *a, const Lines *b)
{
    GArray *steps = g_array_new(FALSE, FALSE, sizeof(Step));
    const gsize width = (gsize)b->count + 1;
    const bool fits = ((gsize)a->count + 1) * width <= CELLS_MAX;
    g_autofree guint *lengths = fits ? lengths_of(a, b) : NULL;
    guint i = 0;
    guint k = 0;

    while (i < a->count || k < b->count) {
        Step step = {.old = i, .new_number = k};
        if (lengths && i < a->count && k < b->count && strcmp(a->line[i], b->line[k]) == 0) {
            step.mark = ' ';
            step.line = a->line[i++];
            k++;
        } else if (i < a->count && (k == b->count || !lengths ||
                                    lengths[(i + 1) * width + k] >= lengths[i * width + k + 1])) {
            step.mark = '-';
            step.line = a->line[i++];
        } else {
            step.mark = '+';
            step.line = b->line[k++];
        }
        g_array_append_val(steps, step);
    }
    return steps;
}

static bool is_change(const GArray *steps, guint i)
{
    return g_array_index(steps, Step, i).mark != ' ';
}

/* Returns behind which step a group of changes ends that starts with the change @first, with the lines around it. */
static guint end_of_group(const GArray *steps, guint first)
{
    guint last = first;

    for (guint i = first; i < steps->len && i <= last + 2 * CONTEXT + 1; i++) {
        last = is_change(steps, i) ? i : last;
    }
    return MIN(last + CONTEXT + 1, steps->len);
}

static void append_group(GString *text, const GArray *steps, guint start, guint end)
{
    const Step *first = &g_array_index(steps, Step, start);
    guint old = 0;
    guint added = 0;

    for (guint i = start; i < end; i++) {
        old += g_array_index(steps, Step, i).mark != '+';
        added += g_array_index(steps, Step, i).mark != '-';
    }
    g_string_append_printf(text, "@@ -%u,%u +%u,%u @@\n", first->old + (old > 0), old,
                           first->new_number + (added > 0), added);
    for (guint i = start; i < end; i++) {
        const Step *step = &g_array_index(steps, Step, i);
        g_string_append_printf(text, "%c%s\n", step->mark, step->line);
    }
}

char *text_diff(const char *old, const char *new_text)
{
    Lines a = lines_of(old);
    Lines b = lines_of(new_text);
    g_autoptr(GArray) steps = compare(&a, &b);
    GString *text = g_string_new(NULL);
    guint shown = 0;

    for (guint i = 0; i < steps->len; i++) {
        if (is_change(steps, i)) {
            const guint start = MAX(shown, i - MIN(i, CONTEXT));
            shown = end_of_group(steps, i);
            append_group(text, steps, start, shown);
            i = shown - 1;
        }
    }
    g_strfreev(a.line);
    g_strfreev(b.line);
    return g_string_free(text, FALSE);
}
