/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Find out how the filters of a process answer system calls, without making the calls.
 *
 * A child adds a filter of its own that sends every call to its tracer. The kernel takes the strictest answer of all
 * filters: a call that the others allow stops at the tracer, which has the kernel skip it; a call that they refuse never
 * gets there; and a call that they send to a listener ends as the listener decides, with the arguments of the probe. So any
 * call can be probed, also those that would end the process or the machine.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef enum { PROBE_X86_64, PROBE_X32, PROBE_I386, PROBE_ABIS } ProbeAbi;

typedef enum {
    PROBE_UNKNOWN,
    PROBE_ALLOWED,
    PROBE_ERROR, /* @error: the filter's, or the listener's */
    PROBE_TRAPPED,
    PROBE_KILLED,
    PROBE_NO_ANSWER,
} ProbeVerdict;

/** Probe: a call, and the answer to it. */
typedef struct {
    ProbeAbi abi;
    long number; /* of the ABI's table; without x32's bit */
    long arguments[6];
    volatile ProbeVerdict verdict;
    volatile long error;
} Probe;

/** probes_run: find out. @probes: in memory that is shared with children. Returns: false with errno if it is not possible. */
bool probes_run(Probe *probes, size_t n);
