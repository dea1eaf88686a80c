/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the benchmark's programs measure: how long calls take, and what instructions hide: how often somebody sleeps
 * and is woken for a call, and how many system calls it takes. Both are counted in the whole machine, whose programs
 * are the guest, nvcuse's processes and nothing else that does anything.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t nanoseconds;
    uint64_t wake_ups;
    uint64_t system_calls;
} Cost;

/** check: end the program unless @good; @what was tried, and errno says what came of it. */
void check(bool good, const char *what);

/** cost_now: all counters. Those of wake-ups and system calls stand still unless measure() lets them run. */
Cost cost_now(void);

/** cost_since: what there was since @start, without what it takes to look at the counters. */
Cost cost_since(const Cost *start);

/**
 * measure: take samples, and print a line "NAME NANOSECONDS WAKE-UPS SYSTEM-CALLS", the median of each for one call.
 * @sample: makes @calls calls and says what they cost
 */
void measure(const char *name, Cost (*sample)(void), unsigned calls);
