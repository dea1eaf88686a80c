/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for the next request for a short time before the thread sleeps.
 *
 * Waking a thread that sleeps on another processor costs 13 to 16 us, which is more than most calls take. A thread
 * that looks gets the request in less than 2 us. Programs make their calls in bursts: cudaMalloc() makes several
 * ioctls in a row, and a wait for an event polls eight files one after the other. So after each request the reader
 * looks for another one for LOOK_NS. Most programs need less time than that between two calls of a burst.
 *
 * The cost is bounded:
 * - Only one thread of the process looks at a time, and only after a request. An instance that nobody uses does nothing.
 * - All looks together take at most one LOOK_SHAREth of one processor's time, except for a burst of LOOK_BURST_NS.
 * - After LOOK_LOST_MAX looks in a row that found nothing, looks stop until a request comes that a look would have
 *   found.
 * - Between two tries the thread offers the processor to others: with sched_yield(), and with the instruction "pause"
 *   for the other thread of the core. If another thread took the processor, the processor is needed: the look ends,
 *   and no look begins for LOOK_REST_NS. Where all processors are busy, caller and server share a processor, and a
 *   wake-up costs 2 us.
 * - There are no looks on a machine with one processor.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {
    LOOK_NS = 90 * 1000,
    LOOK_SHARE = 2,
    LOOK_BURST_NS = 2 * 1000 * 1000,
    LOOK_LOST_MAX = 4,
    LOOK_JUMP_NS = 20 * 1000, /* between two tries: another thread ran; a try takes 1 to 2 us */
    LOOK_REST_NS = 10 * 1000 * 1000,
};

typedef struct Look Look;

/**
 * LookTurn: one look of one thread. Zero it before the first use.
 * @look: the process's Look while the look lasts; else NULL
 * @began: when the look began; 0 once it found a request; @now: time of the last try
 */
typedef struct {
    Look *look;
    uint64_t began;
    uint64_t now;
} LookTurn;

/**
 * look_new: make the Look of a process. It lives as long as the process. Call this before the filter of system calls
 * is installed, because it asks how many processors there are.
 * @clock: returns nanoseconds that never go back
 * Returns: NULL if there is only one processor. All functions accept NULL; then no thread ever looks.
 */
Look *look_new(uint64_t (*clock)(void));

/** look_new_for: as look_new(), for a given number of processors. */
Look *look_new_for(unsigned processors, uint64_t (*clock)(void));

/** look_begin: begin a look, if this thread may look now. Returns true if it may, or if @turn has begun already. The
 * caller then has to call look_end() or look_cancel(). */
bool look_begin(Look *look, LookTurn *turn);

/**
 * look_goes_on: begin a look if @turn has not begun, and wait a moment.
 * Returns: false if the thread must not look, or must stop looking.
 */
bool look_goes_on(Look *look, LookTurn *turn);

/** look_end: end a look. Does nothing if @turn has not begun. @found: whether it found a request. */
void look_end(LookTurn *turn, bool found);

/** look_cancel: end a look as if it had not begun. */
void look_cancel(LookTurn *turn);

/** look_sleeps: call it before a thread goes to sleep. Returns the time since which the thread has no request: when its
 * look began if it looked in vain, else now. */
uint64_t look_sleeps(const Look *look, LookTurn *turn);

/** look_woken: call it when a request has woken a thread. If a look would have found the request, looks may begin again.
 * @since: from look_sleeps() */
void look_woken(Look *look, uint64_t since);
