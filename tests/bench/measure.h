/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measurements of the benchmark's programs: how long calls take, and why: how often a thread sleeps and is woken for a call,
 * and how many system calls it needs. Both are counted in the whole machine, on which only the guest and nvcuse's processes
 * work.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t nanoseconds;
    uint64_t wake_ups;
    uint64_t system_calls;
} Cost;

/** check: end the program unless @good; the message contains @what, and errno's text. */
void check(bool good, const char *what);

/** cost_now: read all counters. Those of wake-ups and system calls only run during measure(). */
Cost cost_now(void);

/** cost_since: the difference from @start, without the cost of reading the counters. */
Cost cost_since(const Cost *start);

/**
 * measure: take samples, and print a line "NAME NANOSECONDS WAKE-UPS SYSTEM-CALLS", the median of each for one call.
 * @sample: makes @calls calls and returns their cost
 */
void measure(const char *name, Cost (*sample)(void), unsigned calls);
