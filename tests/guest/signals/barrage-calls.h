/* SPDX-License-Identifier: Apache-2.0 */
/* Kinds of call that can be repeated, and end in the same way each time. */
#pragma once

#include "tests/guest/rm.h"

enum { BARRAGE_PARAMS_MAX = 4096 };

/*
 * A kind of call.
 * @issue: make it; returns a status, or minus an errno value
 * @undo: undo what @issue and @prepare did, whatever their result; returns success
 * @hide: hide the parts of the answer that differ from call to call
 * @late: the call fails if a handler has no SA_RESTART and the signal arrives before the broker has the call (README.md)
 * @waits: the call fails if a signal ends its wait: natively unless it is made again, through nvcuse always
 */
typedef struct {
    const char *name;
    void (*prepare)(void *params);
    int64_t (*issue)(void *params);
    bool (*undo)(const void *params);
    void (*hide)(void *params);
    bool late;
    bool waits;
} BarrageCall;

extern const BarrageCall barrage_calls[];
extern const size_t barrage_calls_count;

/** barrage_setup: prepare what the calls need. Returns: the tree of objects that they use. */
const Tree *barrage_setup(void);
