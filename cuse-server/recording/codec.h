/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and bytes as a recording has them. A cursor that failed once reads zeroes from then on. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/** TraceCursor: what is still to be read. @problem: NULL, or what is wrong at @at */
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

/** trace_put_changes: @size bytes as they differ from @base; NULL: from zeroes. */
void trace_put_changes(GByteArray *bytes, const uint8_t *base, const uint8_t *data, size_t size);

/** trace_fail: @problem: static; the first one counts. Returns 0. */
uint64_t trace_fail(TraceCursor *cursor, const char *problem);

/** trace_get: a number of at most @max. */
uint64_t trace_get(TraceCursor *cursor, uint64_t max);
void trace_get_members(TraceCursor *cursor, void *data, const TraceMember *members, size_t n);

/** trace_get_text: (transfer full): at most @max bytes of printable ASCII; never NULL. */
char *trace_get_text(TraceCursor *cursor, size_t max);

/** trace_get_changes: the counterpart of trace_put_changes(), into @data, which may not overlap. */
void trace_get_changes(TraceCursor *cursor, const uint8_t *base, uint8_t *data, size_t size);
