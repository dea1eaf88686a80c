/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/base/pool/look.h"

#include <sched.h>

#include <glib.h>

/* #syscalls:worker sched_yield */

/* How many times to execute "pause" between two tries: half a microsecond in all. */
enum { PAUSES = 8 };

/*
 * @taken: atomic: a thread looks now. Only that thread uses the members that follow @lost.
 * @lost: atomic: number of looks in a row that found nothing
 * @allowance: nanoseconds that looks may take now; @counted: when @allowance was last increased
 * @rest: no look begins before this time
 */
struct Look {
    uint64_t (*clock)(void);
    gint taken;
    gint lost;
    uint64_t allowance;
    uint64_t counted;
    uint64_t rest;
};

Look *look_new_for(unsigned processors, uint64_t (*clock)(void))
{
    if (processors < 2) {
        return NULL;
    }
    Look *look = g_new0(Look, 1);
    *look = (Look){.clock = clock, .allowance = LOOK_BURST_NS, .counted = clock()};
    return look;
}

Look *look_new(uint64_t (*clock)(void))
{
    return look_new_for(g_get_num_processors(), clock);
}

/* Update the allowance, and check whether a look may begin. The calling thread has set @taken. */
static bool is_allowed(Look *look, uint64_t now)
{
    look->allowance = MIN(look->allowance + (now - look->counted) / LOOK_SHARE, LOOK_BURST_NS);
    look->counted = now;
    return look->allowance >= LOOK_NS && now >= look->rest;
}

bool look_begin(Look *look, LookTurn *turn)
{
    if (turn->look) {
        return true;
    }
    if (!look || g_atomic_int_get(&look->lost) >= LOOK_LOST_MAX ||
        !g_atomic_int_compare_and_exchange(&look->taken, false, true)) {
        return false;
    }
    const uint64_t now = look->clock();
    *turn = (LookTurn){look, now, now};
    if (is_allowed(look, now)) {
        return true;
    }
    look_cancel(turn);
    return false;
}

bool look_goes_on(Look *look, LookTurn *turn)
{
    if (!look_begin(look, turn)) {
        return false;
    }
    for (int i = 0; i < PAUSES; i++) {
        __builtin_ia32_pause();
    }
    sched_yield();
    const uint64_t before = turn->now;
    turn->now = look->clock();
    if (turn->now - before > LOOK_JUMP_NS) {
        look->rest = turn->now + LOOK_REST_NS;
        return false;
    }
    return turn->now - turn->began < LOOK_NS;
}

static void end_turn(LookTurn *turn)
{
    g_atomic_int_set(&turn->look->taken, false);
    turn->look = NULL;
}

void look_cancel(LookTurn *turn)
{
    if (turn->look) {
        end_turn(turn);
        turn->began = 0;
    }
}

void look_end(LookTurn *turn, bool found)
{
    Look *look = turn->look;

    if (look) {
        look->allowance -= MIN(look->allowance, turn->now - turn->began);
        g_atomic_int_set(&look->lost, found ? 0 : g_atomic_int_get(&look->lost) + 1);
        end_turn(turn);
        turn->began = found ? 0 : turn->began;
    }
}

uint64_t look_sleeps(const Look *look, LookTurn *turn)
{
    const uint64_t looked = turn->began;

    turn->began = 0;
    return !look ? 0 : looked ? looked : look->clock();
}

void look_woken(Look *look, uint64_t since)
{
    /* While threads still look, look_end() keeps @lost up to date. */
    if (look && g_atomic_int_get(&look->lost) >= LOOK_LOST_MAX && look->clock() - since < LOOK_NS) {
        g_atomic_int_set(&look->lost, 0);
    }
}
