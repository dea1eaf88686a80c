/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/recording/format/codec.h"

#include <string.h>

enum {
    NUMBER_BITS = 7,
    NUMBER_MORE = 0x80,
    SAME_MIN = 4, /* writing fewer equal bytes again is cheaper than a new run */
};

void trace_put(GByteArray *bytes, uint64_t number)
{
    uint8_t text[10];
    guint n = 0;

    while (number >= NUMBER_MORE) {
        text[n++] = (uint8_t)(number | NUMBER_MORE);
        number >>= NUMBER_BITS;
    }
    text[n++] = (uint8_t)number;
    g_byte_array_append(bytes, text, n);
}

static uint64_t member_get(const void *data, const TraceMember *member)
{
    const char *at = (const char *)data + member->offset;
    uint64_t wide;
    uint32_t narrow;

    if (member->size == sizeof wide) {
        memcpy(&wide, at, sizeof wide);
        return wide;
    }
    memcpy(&narrow, at, sizeof narrow);
    return narrow;
}

void trace_put_members(GByteArray *bytes, const void *data, const TraceMember *members, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        trace_put(bytes, member_get(data, &members[i]));
    }
}

void trace_put_text(GByteArray *bytes, const char *text)
{
    size_t size = strlen(text);

    trace_put(bytes, size);
    g_byte_array_append(bytes, (const guint8 *)text, (guint)size);
}

static bool is_same(const uint8_t *base, const uint8_t *data, size_t i)
{
    return data[i] == (base ? base[i] : 0);
}

/* Count how many bytes from @at on are the same, up to @most. */
static size_t count_same(const uint8_t *base, const uint8_t *data, size_t at, size_t most)
{
    size_t n = 0;

    while (n < most && is_same(base, data, at + n)) {
        n++;
    }
    return n;
}

void trace_put_changes(GByteArray *bytes, const uint8_t *base, const uint8_t *data, size_t size)
{
    size_t at = 0;

    while (at < size) {
        size_t same = count_same(base, data, at, size - at);
        size_t begin = at + same;
        size_t end = begin;
        while (end < size && count_same(base, data, end, MIN(SAME_MIN, size - end)) <
                                 MIN((size_t)SAME_MIN, size - end)) {
            end++;
        }
        trace_put(bytes, same);
        trace_put(bytes, end - begin);
        g_byte_array_append(bytes, data + begin, (guint)(end - begin));
        at = end;
    }
}

uint64_t trace_fail(TraceCursor *cursor, const char *problem)
{
    if (!cursor->problem) {
        cursor->problem = problem;
    }
    return 0;
}

uint64_t trace_get(TraceCursor *cursor, uint64_t max)
{
    uint64_t number = 0;

    for (unsigned shift = 0; !cursor->problem && shift < 64; shift += NUMBER_BITS) {
        if (cursor->at == cursor->size) {
            return trace_fail(cursor, "the record ends in the middle of a number");
        }
        uint64_t byte = cursor->bytes[cursor->at++];
        number |= (byte & (NUMBER_MORE - 1)) << shift;
        if (!(byte & NUMBER_MORE)) {
            return number <= max
                       ? number
                       : trace_fail(cursor, "a number is larger than the format allows here");
        }
    }
    return trace_fail(cursor, "a number has more than 64 bits");
}

void trace_get_members(TraceCursor *cursor, void *data, const TraceMember *members, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const bool wide = members[i].size == sizeof(uint64_t);
        uint64_t number = trace_get(cursor, wide ? UINT64_MAX : UINT32_MAX);
        uint32_t narrow = (uint32_t)number;
        memcpy((char *)data + members[i].offset, wide ? (void *)&number : (void *)&narrow,
               members[i].size);
    }
}

/* Take the next @n bytes. Returns NULL, and the cursor fails, if there are fewer. */
static const uint8_t *take(TraceCursor *cursor, size_t n)
{
    if (cursor->problem || n > cursor->size - cursor->at) {
        trace_fail(cursor, "the record ends in the middle of a text or of memory contents");
        return NULL;
    }
    cursor->at += n;
    return cursor->bytes + cursor->at - n;
}

/* Check that a text is printable ASCII. Names of versions and devices are, and it is safe to show on a terminal. */
static bool is_name(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!g_ascii_isprint(bytes[i])) {
            return false;
        }
    }
    return true;
}

char *trace_get_text(TraceCursor *cursor, size_t max)
{
    size_t size = trace_get(cursor, max);
    const uint8_t *bytes = take(cursor, size);

    if (bytes && !is_name(bytes, size)) {
        trace_fail(cursor, "a name has characters other than printable ASCII");
    }
    return bytes && !cursor->problem ? g_strndup((const char *)bytes, size) : g_strdup("");
}

void trace_get_changes(TraceCursor *cursor, const uint8_t *base, uint8_t *data, size_t size)
{
    size_t at = 0;

    while (at < size && !cursor->problem) {
        size_t same = trace_get(cursor, size - at);
        size_t changed = trace_get(cursor, size - at - same);
        const uint8_t *bytes = take(cursor, changed);
        if (!bytes) {
            return;
        }
        if (base && same > 0) {
            memcpy(data + at, base + at, same);
        }
        at += same;
        if (changed == 0 && at < size) {
            trace_fail(cursor, "a run of changed bytes is empty");
        }
        if (changed > 0) {
            memcpy(data + at, bytes, changed);
        }
        at += changed;
    }
}
