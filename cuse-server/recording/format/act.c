/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/recording/format/act.h"

#include <gio/gio.h>

#include "cuse-server/proxy/call/guest-memory.h"
#include "cuse-server/recording/format/codec.h"

enum { RANGE_ABSENT = 1, RANGE_WRITTEN = 2, RANGE_FLAGS = RANGE_ABSENT | RANGE_WRITTEN };

static const TraceMember act_members[] = {
    TRACE_MEMBER(TraceAct, kind),     TRACE_MEMBER(TraceAct, time),
    TRACE_MEMBER(TraceAct, duration), TRACE_MEMBER(TraceAct, tid),
    TRACE_MEMBER(TraceAct, process),  TRACE_MEMBER(TraceAct, uid),
    TRACE_MEMBER(TraceAct, file),     TRACE_MEMBER(TraceAct, device),
    TRACE_MEMBER(TraceAct, flags),    TRACE_MEMBER(TraceAct, command),
    TRACE_MEMBER(TraceAct, argument), TRACE_MEMBER(TraceAct, length),
    TRACE_MEMBER(TraceAct, offset),   TRACE_MEMBER(TraceAct, committed),
    TRACE_MEMBER(TraceAct, error),    TRACE_MEMBER(TraceAct, status),
    TRACE_MEMBER(TraceAct, refusal),
};

static const TraceMember op_members[] = {
    TRACE_MEMBER(TraceOp, kind),   TRACE_MEMBER(TraceOp, fd),    TRACE_MEMBER(TraceOp, command),
    TRACE_MEMBER(TraceOp, device), TRACE_MEMBER(TraceOp, flags), TRACE_MEMBER(TraceOp, events),
    TRACE_MEMBER(TraceOp, ready),  TRACE_MEMBER(TraceOp, file),  TRACE_MEMBER(TraceOp, process),
    TRACE_MEMBER(TraceOp, uid),    TRACE_MEMBER(TraceOp, error),
};

/* --- the structs ------------------------------------------------------------------------------ */

static void free_buffer(gpointer data)
{
    TraceBuffer *buffer = data;

    g_free(buffer->before);
    g_free(buffer->after);
    g_free(buffer);
}

static void free_op(gpointer data)
{
    trace_op_free(data);
}

TraceAct *trace_act_new(TraceActKind kind)
{
    TraceAct *act = g_new0(TraceAct, 1);

    act->kind = kind;
    act->ops = g_ptr_array_new_with_free_func(free_op);
    return act;
}

void trace_act_free(TraceAct *act)
{
    for (uint32_t i = 0; i < act->n_ranges; i++) {
        g_free(act->ranges[i].in);
        g_free(act->ranges[i].out);
    }
    g_ptr_array_unref(act->ops);
    g_free(act);
}

TraceOp *trace_op_new(TraceAct *act, TraceOpKind kind)
{
    TraceOp *op = g_new0(TraceOp, 1);

    op->kind = kind;
    if (act) {
        g_ptr_array_add(act->ops, op);
    }
    return op;
}

void trace_op_free(TraceOp *op)
{
    g_clear_pointer(&op->buffers, g_ptr_array_unref);
    g_free(op);
}

TraceBuffer *trace_op_buffer(const TraceOp *op, unsigned index)
{
    return op->buffers && index < op->buffers->len ? g_ptr_array_index(op->buffers, index) : NULL;
}

/* Allocate one byte more than @size, so that an empty buffer is not NULL. */
static uint8_t *zeroes(uint32_t size)
{
    return g_malloc0((size_t)size + 1);
}

TraceBuffer *trace_op_add_buffer(TraceOp *op, uint32_t range, uint32_t size)
{
    TraceBuffer *buffer = g_new0(TraceBuffer, 1);

    buffer->range = range;
    buffer->size = size;
    buffer->before = zeroes(size);
    buffer->after = zeroes(size);
    if (!op->buffers) {
        op->buffers = g_ptr_array_new_with_free_func(free_buffer);
    }
    g_ptr_array_add(op->buffers, buffer);
    return buffer;
}

TraceOp *trace_act_op(const TraceAct *act, unsigned index)
{
    return g_ptr_array_index(act->ops, index);
}

/* --- what a reader knows already -------------------------------------------------------------- */

/* Known: the last known contents of each range: first what the guest had, later what the host left there. */
typedef struct {
    const uint8_t *bytes[TRACE_RANGES_MAX];
} Known;

static void know_ranges(Known *known, const TraceAct *act)
{
    *known = (Known){0};
    for (uint32_t i = 0; i < act->n_ranges; i++) {
        known->bytes[i] = act->ranges[i].in;
    }
}

static const uint8_t *known_of(const Known *known, const TraceBuffer *buffer)
{
    return buffer->range == TRACE_NO_RANGE ? NULL : known->bytes[buffer->range];
}

static void know_buffer(Known *known, const TraceBuffer *buffer)
{
    if (buffer->range != TRACE_NO_RANGE) {
        known->bytes[buffer->range] = buffer->after;
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

static void encode_ranges(const TraceAct *act, GByteArray *bytes)
{
    trace_put(bytes, act->n_ranges);
    for (uint32_t i = 0; i < act->n_ranges; i++) {
        const TraceRange *range = &act->ranges[i];
        trace_put(bytes, range->address);
        trace_put(bytes, range->size);
        trace_put(bytes, range->access);
        trace_put(bytes,
                  (range->absent ? RANGE_ABSENT : 0U) | (range->written ? RANGE_WRITTEN : 0U));
        if (range->in) {
            trace_put_changes(bytes, NULL, range->in, range->size);
        }
    }
}

static void encode_buffer(const TraceBuffer *buffer, Known *known, GByteArray *bytes)
{
    trace_put(bytes, buffer->range == TRACE_NO_RANGE ? 0 : buffer->range + 1);
    if (buffer->range == TRACE_NO_RANGE) {
        trace_put(bytes, buffer->size);
    }
    trace_put(bytes, buffer->n_pointers);
    for (uint32_t i = 0; i < buffer->n_pointers; i++) {
        trace_put(bytes, buffer->pointers[i].offset);
        trace_put(bytes, buffer->pointers[i].target);
    }
    trace_put_changes(bytes, known_of(known, buffer), buffer->before, buffer->size);
    trace_put_changes(bytes, buffer->before, buffer->after, buffer->size);
    know_buffer(known, buffer);
}

static void encode_op(const TraceOp *op, Known *known, GByteArray *bytes)
{
    const unsigned n = op->buffers ? op->buffers->len : 0;

    trace_put_members(bytes, op, op_members, G_N_ELEMENTS(op_members));
    trace_put(bytes, n);
    for (unsigned i = 0; i < n; i++) {
        encode_buffer(trace_op_buffer(op, i), known, bytes);
    }
}

void trace_act_encode(const TraceAct *act, GByteArray *bytes)
{
    Known known;

    trace_put_members(bytes, act, act_members, G_N_ELEMENTS(act_members));
    encode_ranges(act, bytes);
    know_ranges(&known, act);
    trace_put(bytes, act->ops->len);
    for (unsigned i = 0; i < act->ops->len; i++) {
        encode_op(trace_act_op(act, i), &known, bytes);
    }
    for (uint32_t i = 0; i < act->n_ranges; i++) {
        if (act->ranges[i].written) {
            trace_put_changes(bytes, known.bytes[i], act->ranges[i].out, act->ranges[i].size);
        }
    }
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Read a size, and subtract it from @left, the number of bytes that the act may still have. */
static uint32_t get_size(TraceCursor *cursor, size_t *left)
{
    uint32_t size = (uint32_t)trace_get(cursor, *left);

    *left -= size;
    return size;
}

static void decode_range(TraceCursor *cursor, TraceRange *range, size_t *left)
{
    range->address = trace_get(cursor, UINT64_MAX);
    range->size = get_size(cursor, left);
    range->access = (uint32_t)trace_get(cursor, GUEST_INOUT);
    uint64_t flags = trace_get(cursor, RANGE_FLAGS);
    range->absent = flags & RANGE_ABSENT;
    range->written = flags & RANGE_WRITTEN;
    if ((range->access & GUEST_IN) && !range->absent && !cursor->problem) {
        range->in = zeroes(range->size);
        trace_get_changes(cursor, NULL, range->in, range->size);
    }
}

static void decode_pointers(TraceCursor *cursor, TraceBuffer *buffer, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        TracePointer *pointer = &buffer->pointers[i];
        pointer->offset = (uint32_t)trace_get(cursor, buffer->size);
        pointer->target = (uint32_t)trace_get(cursor, TRACE_BUFFERS_MAX - 1);
        if (buffer->size - pointer->offset < sizeof(uint64_t)) {
            trace_fail(cursor, "a pointer lies outside its buffer");
        }
    }
    buffer->n_pointers = n;
}

static void decode_buffer(TraceCursor *cursor, const TraceAct *act, TraceOp *op, Known *known,
                          size_t *left)
{
    /* TRACE_NO_RANGE is written as 0, other ranges as their index + 1. */
    uint32_t range = (uint32_t)trace_get(cursor, act->n_ranges) - 1;
    uint32_t size = range == TRACE_NO_RANGE ? get_size(cursor, left) : act->ranges[range].size;
    uint32_t n_pointers = (uint32_t)trace_get(cursor, TRACE_POINTERS_MAX);

    if (size > *left) {
        trace_fail(cursor, "an act has more memory contents than the format allows");
    }
    if (cursor->problem) {
        return;
    }
    *left -= size;
    TraceBuffer *buffer = trace_op_add_buffer(op, range, size);
    decode_pointers(cursor, buffer, n_pointers);
    trace_get_changes(cursor, known_of(known, buffer), buffer->before, size);
    trace_get_changes(cursor, buffer->before, buffer->after, size);
    know_buffer(known, buffer);
}

/* Check that all pointers lead to buffers that exist. */
static void check_pointers(TraceCursor *cursor, const TraceOp *op)
{
    for (unsigned i = 0; op->buffers && i < op->buffers->len; i++) {
        const TraceBuffer *buffer = trace_op_buffer(op, i);
        for (uint32_t k = 0; k < buffer->n_pointers; k++) {
            if (buffer->pointers[k].target >= op->buffers->len) {
                trace_fail(cursor, "a pointer leads to a buffer that the op does not have");
            }
        }
    }
}

static void decode_op(TraceCursor *cursor, TraceAct *act, Known *known, size_t *left)
{
    TraceOp *op = trace_op_new(act, TRACE_OP_OPEN);

    trace_get_members(cursor, op, op_members, G_N_ELEMENTS(op_members));
    if (op->kind == 0 || op->kind >= TRACE_OP_END) {
        trace_fail(cursor, "unknown kind of op");
    }
    uint64_t n = trace_get(cursor, TRACE_BUFFERS_MAX);
    for (uint64_t i = 0; i < n && !cursor->problem; i++) {
        decode_buffer(cursor, act, op, known, left);
    }
    check_pointers(cursor, op);
}

static void decode(TraceCursor *cursor, TraceAct *act)
{
    size_t left = TRACE_ACT_BYTES_MAX;
    Known known;

    trace_get_members(cursor, act, act_members, G_N_ELEMENTS(act_members));
    if (act->kind == 0 || act->kind >= TRACE_ACT_END) {
        trace_fail(cursor, "unknown kind of act");
    }
    uint32_t n_ranges = (uint32_t)trace_get(cursor, TRACE_RANGES_MAX);
    for (; act->n_ranges < n_ranges && !cursor->problem; act->n_ranges++) {
        decode_range(cursor, &act->ranges[act->n_ranges], &left);
    }
    know_ranges(&known, act);
    uint64_t n_ops = trace_get(cursor, TRACE_OPS_MAX);
    for (uint64_t i = 0; i < n_ops && !cursor->problem; i++) {
        decode_op(cursor, act, &known, &left);
    }
    for (uint32_t i = 0; i < act->n_ranges && !cursor->problem; i++) {
        TraceRange *range = &act->ranges[i];
        if (range->written) {
            range->out = zeroes(range->size);
            trace_get_changes(cursor, known.bytes[i], range->out, range->size);
        }
    }
    if (cursor->at != cursor->size) {
        trace_fail(cursor, "the record has bytes behind its contents");
    }
}

TraceAct *trace_act_decode(const uint8_t *bytes, size_t size, uint64_t where, GError **error)
{
    g_autoptr(TraceAct) act = trace_act_new(TRACE_HOST);
    TraceCursor cursor = {.bytes = bytes, .size = size};

    decode(&cursor, act);
    if (cursor.problem) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "at offset %" G_GUINT64_FORMAT ": %s", where + cursor.at, cursor.problem);
        return NULL;
    }
    return g_steal_pointer(&act);
}
