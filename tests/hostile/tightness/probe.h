/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the filters of a process say to system calls, without a call being made.
 *
 * A child adds a filter of its own that sends every call to its tracer. The kernel goes by the strictest answer of all filters:
 * what the others let through stops at the tracer, which has the kernel leave it out; what they refuse never comes there; and
 * what they ask a listener about ends as the listener likes, with the arguments of the probe. So any call can be probed,
 * those too that would end the process or the machine.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef enum { PROBE_X86_64, PROBE_X32, PROBE_I386, PROBE_ABIS } ProbeAbi;

typedef enum {
    PROBE_UNKNOWN,
    PROBE_ALLOWED,
    PROBE_ERROR, /* @error: the filter's, or what came of asking the listener */
    PROBE_TRAPPED,
    PROBE_KILLED,
    PROBE_NO_ANSWER,
} ProbeVerdict;

/** Probe: a call; and what is said to it. */
typedef struct {
    ProbeAbi abi;
    long number; /* of the ABI's table; without x32's bit */
    long arguments[6];
    volatile ProbeVerdict verdict;
    volatile long error;
} Probe;

/** probes_run: find out. @probes: in memory that is shared with children. Returns false, with errno, if it cannot be done. */
bool probes_run(Probe *probes, size_t n);
