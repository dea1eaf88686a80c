/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory as a handler sees it: private copies, made once, decided upon, written back at the
 * end.
 *
 * A handler asks for ranges from its first line on. A transport that has to fetch them answers "not
 * here yet", and the handler returns REQUEST_RETRY and is run again from the top when they are. So
 * a handler has no side effect before guest_commit() said yes, and what it decides on is one copy,
 * taken once: an application that changes its memory meanwhile changes nothing here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** GUEST_CALL_BYTES_MAX: no transport carries more for one call, all its copies together. */
enum { GUEST_CALL_BYTES_MAX = 4 * 1024 * 1024 };

/** GuestAccess: what happens to a range: copied in at the start, copied out at the end, or both. */
typedef enum {
    GUEST_IN = 1,
    GUEST_OUT = 2,
    GUEST_INOUT = GUEST_IN | GUEST_OUT,
} GuestAccess;

typedef struct GuestMemory GuestMemory;

/** GuestMemoryOps: what a transport implements. */
typedef struct {
    /**
     * map: the private copy of @len bytes at guest address @addr, writable, valid until the call
     * ends. GUEST_OUT alone starts as zeroes. Ranges are written back in the order they were asked
     * for. Returns NULL if it is not here yet, or never will be (then commit() fails for good).
     */
    void *(*map)(GuestMemory *memory, uint64_t addr, size_t len, GuestAccess access);
    /** commit: true once everything asked for is here and the caller may block and act. */
    bool (*commit)(GuestMemory *memory);
} GuestMemoryOps;

struct GuestMemory {
    const GuestMemoryOps *ops;
};
