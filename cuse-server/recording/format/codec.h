/* SPDX-License-Identifier: Apache-2.0 */
/* Writes and reads numbers and bytes in the format of recordings. After a failure, a cursor only reads zeroes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/** TraceCursor: a reading position in some bytes. @problem: NULL, or what is wrong at @at; static */
typedef struct {
    const uint8_t *bytes;
    size_t size;
    size_t at;
    const char *problem;
} TraceCursor;

/** TraceMember: a number in a struct, of 4 or 8 bytes. */
typedef struct {
    size_t offset;
    size_t size;
} TraceMember;

#define TRACE_MEMBER(STRUCT, MEMBER)                            \
    {                                                           \
        offsetof(STRUCT, MEMBER), sizeof(((STRUCT *)0)->MEMBER) \
    }

void trace_put(GByteArray *bytes, uint64_t number);
void trace_put_members(GByteArray *bytes, const void *data, const TraceMember *members, size_t n);
void trace_put_text(GByteArray *bytes, const char *text);

/** trace_put_changes: write @size bytes as differences from @base. @base: NULL: zeroes */
void trace_put_changes(GByteArray *bytes, const uint8_t *base, const uint8_t *data, size_t size);

/** trace_fail: make the cursor fail. Only the first problem is kept. @problem: static. Returns 0. */
uint64_t trace_fail(TraceCursor *cursor, const char *problem);

/** trace_get: read a number. The cursor fails if it is greater than @max. */
uint64_t trace_get(TraceCursor *cursor, uint64_t max);
void trace_get_members(TraceCursor *cursor, void *data, const TraceMember *members, size_t n);

/** trace_get_text: (transfer full): read at most @max bytes of printable ASCII. Never returns NULL. */
char *trace_get_text(TraceCursor *cursor, size_t max);

/** trace_get_changes: read what trace_put_changes() has written into @data, which must not overlap @base. Bytes that
 * are the same as in @base NULL are not written, so @data must then be zeroed. */
void trace_get_changes(TraceCursor *cursor, const uint8_t *base, uint8_t *data, size_t size);
