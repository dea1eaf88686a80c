/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/files/opens.h"

#include <string.h>

/* WINDOW_BITS: of so many numbers, up to the highest that was spent, the broker remembers which are spent. Numbers of opens
 * that overlap are spent in any order. */
enum { WINDOW_BITS = 4096, WORD_BITS = 64 };

typedef struct {
    pid_t tid;
    unsigned device;
    uint32_t file;
} Open;

struct Opens {
    GMutex lock; /* guards all members below; held only for short look-ups */
    GArray *open;
    uint64_t space;
    uint64_t highest;
    uint64_t spent[WINDOW_BITS / WORD_BITS]; /* a bit for each number, modulo WINDOW_BITS */
};

Opens *opens_new(void)
{
    Opens *opens = g_new0(Opens, 1);

    g_mutex_init(&opens->lock);
    opens->open = g_array_new(FALSE, FALSE, sizeof(Open));
    return opens;
}

void opens_free(Opens *opens)
{
    if (opens) {
        g_array_unref(opens->open);
        g_mutex_clear(&opens->lock);
        g_free(opens);
    }
}

/* --- opens in progress ------------------------------------------------------------------------ */

void opens_begin(Opens *opens, pid_t tid, unsigned device, uint32_t file)
{
    const Open open = {tid, device, file};
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&opens->lock);

    g_array_append_val(opens->open, open);
}

void opens_end(Opens *opens, pid_t tid)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&opens->lock);

    for (guint i = opens->open->len; i-- > 0;) {
        if (g_array_index(opens->open, Open, i).tid == tid) {
            g_array_remove_index_fast(opens->open, i);
        }
    }
}

uint32_t opens_find(Opens *opens, pid_t tid, unsigned device)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&opens->lock);

    for (guint i = 0; i < opens->open->len; i++) {
        const Open *open = &g_array_index(opens->open, Open, i);
        if (open->tid == tid && open->device == device) {
            return open->file;
        }
    }
    return 0;
}

/* --- spent numbers ---------------------------------------------------------------------------- */

static uint64_t *word_of(Opens *opens, uint64_t file)
{
    return &opens->spent[file % WINDOW_BITS / WORD_BITS];
}

static uint64_t bit_of(uint64_t file)
{
    return UINT64_C(1) << file % WORD_BITS;
}

/* Move the window up, so that @file is its highest number. Mark the numbers that enter the window as unspent. */
static void advance(Opens *opens, uint64_t file)
{
    if (file - opens->highest >= WINDOW_BITS) {
        memset(opens->spent, 0, sizeof opens->spent);
    } else {
        for (uint64_t i = opens->highest + 1; i <= file; i++) {
            *word_of(opens, i) &= ~bit_of(i);
        }
    }
    opens->highest = file;
}

bool opens_spend(Opens *opens, uint64_t space, uint64_t file)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&opens->lock);

    if (space != opens->space || file == 0 ||
        file > INT32_MAX) { /* the range that nv_file_table_new_id() uses */
        return false;
    }
    if (file > opens->highest) {
        advance(opens, file);
    } else if (opens->highest - file >= WINDOW_BITS || (*word_of(opens, file) & bit_of(file))) {
        return false;
    }
    *word_of(opens, file) |= bit_of(file);
    return true;
}

void opens_renew(Opens *opens, uint64_t space)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&opens->lock);

    memset(opens->spent, 0, sizeof opens->spent);
    opens->highest = 0;
    opens->space = space;
}
