/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives the pipeline private copies of guest memory. Each range is copied once; all decisions are made on the copy, and the
 * copy is written back at the end.
 *
 * The pipeline asks for ranges from its first step on. If the transport has to fetch a range first, map() returns NULL. The
 * pipeline then returns REQUEST_RETRY, and the transport runs the request again from the top when it has the ranges. So a request
 * must not have side effects before guest_commit() has returned true. An application that changes its memory meanwhile cannot
 * change the copies.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** GUEST_CALL_BYTES_MAX: the most bytes that a transport carries for one call, all copies together. */
enum { GUEST_CALL_BYTES_MAX = 4 * 1024 * 1024 };

/** GuestAccess: how a range is copied: in at the start, out at the end, or both. */
typedef enum {
    GUEST_IN = 1,
    GUEST_OUT = 2,
    GUEST_INOUT = GUEST_IN | GUEST_OUT,
} GuestAccess;

typedef struct GuestMemory GuestMemory;

/** GuestMemoryOps: what a transport implements. */
typedef struct {
    /**
     * map: get the private copy of @len bytes at guest address @addr. It is writable, and valid until
     * the call ends. With GUEST_OUT alone it starts as zeroes. Ranges are written back in the order in
     * which they were asked for. Returns NULL if the transport has to fetch the range first, or can never
     * get it (then commit() fails for good).
     */
    void *(*map)(GuestMemory *memory, uint64_t addr, size_t len, GuestAccess access);
    /** commit: whether all ranges asked for are here. If so, the caller may block and act from now on. */
    bool (*commit)(GuestMemory *memory);
} GuestMemoryOps;

struct GuestMemory {
    const GuestMemoryOps *ops;
};
