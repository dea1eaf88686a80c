/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/recording/host-buffers.h"

#include <string.h>

G_STATIC_ASSERT((int)HOST_BUFFERS_MAX <= (int)TRACE_BUFFERS_MAX);

/* Find the range that a buffer is a copy of. Returns TRACE_NO_RANGE if there is none, also if the buffer is a copy of
 * only a part of a range. */
static uint32_t range_of(const HostCopies *copies, const HostBuffer *buffer)
{
    for (unsigned i = 0; i < copies->n; i++) {
        if (buffer->copy && copies->at[i] == buffer->copy && copies->size[i] == buffer->size) {
            return i;
        }
    }
    return TRACE_NO_RANGE;
}

/* Blank the worker's own addresses, which a recording must not contain. */
static void blank_pointers(const TraceBuffer *buffer, uint8_t *bytes)
{
    for (uint32_t i = 0; i < buffer->n_pointers; i++) {
        memset(bytes + buffer->pointers[i].offset, 0, sizeof(uint64_t));
    }
}

void host_buffers_take(HostBuffers *buffers, TraceOp *op, HostCopies *copies, const HostCall *call)
{
    unsigned index[HOST_BUFFERS_MAX]; /* in the op; TRACE_BUFFERS_MAX: the buffer did not fit */

    op->fd = (uint32_t)call->fd;
    op->command = call->command;
    buffers->n = 0;
    for (unsigned i = 0; i < call->n_buffers; i++) {
        const HostBuffer *from = &call->buffers[i];
        index[i] = TRACE_BUFFERS_MAX;
        if (from->size > copies->left || (i > 0 && index[from->from] == TRACE_BUFFERS_MAX)) {
            continue;
        }
        TraceBuffer *buffer = trace_op_add_buffer(op, range_of(copies, from), (uint32_t)from->size);
        memcpy(buffer->before, from->at, from->size);
        copies->left -= from->size;
        index[i] = buffers->n;
        buffers->at[buffers->n++] = from->at;
        if (i > 0) {
            TraceBuffer *parent = trace_op_buffer(op, index[from->from]);
            parent->pointers[parent->n_pointers++] =
                (TracePointer){(uint32_t)from->offset, index[i]};
        }
    }
    for (unsigned i = 0; i < buffers->n; i++) {
        blank_pointers(trace_op_buffer(op, i), trace_op_buffer(op, i)->before);
    }
}

void host_buffers_answer(const HostBuffers *buffers, TraceOp *op)
{
    for (unsigned i = 0; i < buffers->n; i++) {
        TraceBuffer *buffer = trace_op_buffer(op, i);
        memcpy(buffer->after, buffers->at[i], buffer->size);
        blank_pointers(buffer, buffer->after);
    }
}
