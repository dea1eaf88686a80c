/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking for the next request for a short time before sleeping.
 *
 * To wake a thread that sleeps on another processor costs 13 to 16 us, more than most calls take; a thread
 * that is looking has the request in less than 2 us. Programs make their calls in bursts: cudaMalloc() is
 * several ioctls in a row, a wait for an event a poll of eight files one after the other. So after each
 * request the reader looks for another for LOOK_NS, which is longer than most programs think between two
 * calls of a burst.
 *
 * What that may cost is bounded:
 * - One thread of the process looks at a time, and only after a request: an instance that nobody uses does nothing.
 * - All looks together take at most a LOOK_SHAREth of one processor's time, but for a burst of LOOK_BURST_NS.
 * - After LOOK_LOST_MAX looks in a row that found nothing there are no more, until a request comes that a
 *   look would have found.
 * - Between two tries others may have the processor (sched_yield(), and the instruction "pause" for the other
 *   thread of a core). If somebody took it, it is wanted: the look ends, and there are none for LOOK_REST_NS.
 *   Where all processors are busy, caller and server share one, and a wake-up costs 2 us.
 * - There are none on a machine with one processor.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    LOOK_NS = 90 * 1000,
    LOOK_SHARE = 2,
    LOOK_BURST_NS = 2 * 1000 * 1000,
    LOOK_LOST_MAX = 4,
    LOOK_JUMP_NS = 20 * 1000, /* between two tries: one takes 1 to 2 us */
    LOOK_REST_NS = 10 * 1000 * 1000,
};

typedef struct Look Look;

/**
 * LookTurn: one look, of one thread. Zero it.
 * @look: whose, while it lasts; else NULL
 * @began, @now: as of its last try; @began is 0 once a request was found
 */
typedef struct {
    Look *look;
    uint64_t began;
    uint64_t now;
} LookTurn;

/**
 * look_new: for a process; lives as long as it. Asks how many processors there are, so it comes before the filter of
 * system calls.
 * @clock: nanoseconds that never go back
 * Returns: NULL if it has one processor only. All functions take NULL: then nobody ever looks.
 */
Look *look_new(uint64_t (*clock)(void));

/** look_new_for: as look_new(), for so many processors. */
Look *look_new_for(unsigned processors, uint64_t (*clock)(void));

/** look_begin: may this thread look now? It may if @turn has begun already. If so, look_end() or look_cancel()
 * follows. */
bool look_begin(Look *look, LookTurn *turn);

/**
 * look_goes_on: begin a look if that has not been done, and wait a moment.
 * Returns: false if the thread is not to look, or no longer.
 */
bool look_goes_on(Look *look, LookTurn *turn);

/** look_end: @found: a request. Does nothing if @turn has not begun. */
void look_end(LookTurn *turn, bool found);

/** look_cancel: as if it had not begun. */
void look_cancel(LookTurn *turn);

/** look_sleeps: before a thread goes to sleep, perhaps after looking in vain. Returns since when it has no request. */
uint64_t look_sleeps(const Look *look, LookTurn *turn);

/** look_woken: a request has woken a thread that had none since @since. */
void look_woken(Look *look, uint64_t since);
