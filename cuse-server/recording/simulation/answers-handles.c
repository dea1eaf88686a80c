/* SPDX-License-Identifier: Apache-2.0 */
/* Which handles of the program that runs now correspond to the recorded program's. */
#include <string.h>

#include "cuse-server/recording/simulation/answers-work.h"

enum {
    HANDLES_MAX = 256 * 1024
}; /* handles of guests, so bounded: at the limit, all are forgotten */

uint32_t answers_read_handle(const uint8_t *at)
{
    uint32_t handle;

    memcpy(&handle, at, sizeof handle);
    return handle;
}

uint32_t answers_look_up(GHashTable *table, uint32_t handle)
{
    gpointer value;

    return g_hash_table_lookup_extended(table, GUINT_TO_POINTER(handle), NULL, &value)
               ? GPOINTER_TO_UINT(value)
               : handle;
}

static void pair_handles(Answers *answers, uint32_t now, uint32_t then)
{
    if (g_hash_table_size(answers->then) >= HANDLES_MAX) {
        g_hash_table_remove_all(answers->then);
        g_hash_table_remove_all(answers->now);
    }
    g_hash_table_insert(answers->then, GUINT_TO_POINTER(now), GUINT_TO_POINTER(then));
    g_hash_table_insert(answers->now, GUINT_TO_POINTER(then), GUINT_TO_POINTER(now));
}

/* Choose the handle of a new object: the one that the recorded driver chose, or the next one that is not used now. */
static uint32_t choose_handle(const Answers *answers, uint32_t then)
{
    uint32_t handle = then;

    while (handle == 0 || g_hash_table_contains(answers->then, GUINT_TO_POINTER(handle))) {
        handle++;
    }
    return handle;
}

static bool is_new_object(const AnswerItem *item)
{
    return item->path && g_str_has_suffix(item->path, "hObjectNew");
}

void answers_give_handle(Answers *answers, const AnswerItem *item)
{
    const uint32_t then = answers_read_handle(item->after);
    uint32_t now = answers_read_handle(item->now);

    if (answer_item_is_changed(item)) {
        now = is_new_object(item) ? choose_handle(answers, then)
                                  : answers_look_up(answers->now, then);
        memcpy(item->now, &now, sizeof now);
    }
    if (now && then &&
        (is_new_object(item) || !g_hash_table_contains(answers->then, GUINT_TO_POINTER(now)))) {
        pair_handles(answers, now, then);
    }
}
