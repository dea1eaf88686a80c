/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/trace/host-buffers.h"

#include <string.h>
#include <sys/ioctl.h>

#include "abi/alloc.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "cuse-server/proxy/driver-block.h"

/* What the capture of one call needs at every step. */
typedef struct {
    HostBuffers *buffers;
    TraceOp *op;
    const DriverAbi *abi;
    HostCopies *copies;
    const void *block; /* what the driver gets in place of @origin (driver-block.h) */
    const void *origin;
} Capture;

static bool is_frontend(uint32_t command)
{
    return _IOC_TYPE(command) == NV_IOCTL_MAGIC;
}

static size_t argument_size(const DriverAbi *abi, uint32_t command)
{
    if (is_frontend(command)) {
        return _IOC_SIZE(command);
    }
    const AbiEntry *entry = driver_abi_lookup(abi, ABI_UVM, command);
    return entry && entry->layout ? entry->layout->size : 0;
}

/* The range whose copy begins here, or TRACE_NO_RANGE. */
static uint32_t find_copy(const Capture *capture, const void *at)
{
    const HostCopies *copies = capture->copies;
    const void *copy = at && at == capture->block ? capture->origin : at;

    for (unsigned i = 0; i < copies->n; i++) {
        if (copies->at[i] == copy && copy && copies->size[i] > 0) {
            return i;
        }
    }
    return TRACE_NO_RANGE;
}

/* Add a buffer, if it is not there already. Returns its index, or TRACE_BUFFERS_MAX: there is no room. */
static unsigned add_buffer(const Capture *capture, void *at, size_t size)
{
    HostBuffers *buffers = capture->buffers;

    for (unsigned i = 0; i < buffers->n; i++) {
        if (buffers->at[i] == at) {
            return i;
        }
    }
    if (buffers->n == TRACE_BUFFERS_MAX || size > capture->copies->left) {
        return TRACE_BUFFERS_MAX;
    }
    uint32_t range = find_copy(capture, at);
    if (range != TRACE_NO_RANGE && capture->copies->size[range] != size) {
        range = TRACE_NO_RANGE; /* a part of it */
    }
    TraceBuffer *buffer = trace_op_add_buffer(capture->op, range, (uint32_t)size);
    memcpy(buffer->before, at, size);
    capture->copies->left -= size;
    buffers->at[buffers->n] = at;
    return buffers->n++;
}

/* How much the frontend reads at the pointer that @offset of its struct holds; 0: that is none. */
static size_t pointed_size(const Capture *capture, size_t offset)
{
    const TraceBuffer *root = trace_op_buffer(capture->op, 0);
    const uint32_t number = _IOC_NR(capture->op->command);

    if (!is_frontend(capture->op->command)) {
        return 0;
    }
    if (number == NV_ESC_RM_CONTROL && root->size == sizeof(NVOS54_PARAMETERS)) {
        const NVOS54_PARAMETERS *control = (const void *)root->before;
        return offset == offsetof(NVOS54_PARAMETERS, params) ? control->paramsSize : 0;
    }
    if (number == NV_ESC_RM_ALLOC && root->size == sizeof(NVOS64_PARAMETERS)) {
        const NVOS64_PARAMETERS *alloc = (const void *)root->before;
        const AbiEntry *entry = driver_abi_lookup(capture->abi, ABI_ALLOC, alloc->hClass);
        if (offset == offsetof(NVOS64_PARAMETERS, pAllocParms)) {
            return entry && entry->layout ? entry->layout->size : 0;
        }
        return offset == offsetof(NVOS64_PARAMETERS, pRightsRequested) ? sizeof(RS_ACCESS_MASK) : 0;
    }
    return 0;
}

static void add_pointer(const Capture *capture, unsigned index, size_t offset)
{
    TraceBuffer *buffer = trace_op_buffer(capture->op, index);
    void *at;

    memcpy(&at, buffer->before + offset, sizeof at);
    uint32_t range = find_copy(capture, at);
    size_t size = range != TRACE_NO_RANGE ? capture->copies->size[range]
                  : at && index == 0      ? pointed_size(capture, offset)
                                          : 0;
    if (size == 0 || buffer->n_pointers == TRACE_POINTERS_MAX) {
        return;
    }
    unsigned target = add_buffer(capture, at, size);
    if (target < TRACE_BUFFERS_MAX) {
        buffer->pointers[buffer->n_pointers++] = (TracePointer){(uint32_t)offset, target};
    }
}

/* Addresses of ours are nobody's business. */
static void blank_pointers(const TraceBuffer *buffer, uint8_t *bytes)
{
    for (uint32_t i = 0; i < buffer->n_pointers; i++) {
        memset(bytes + buffer->pointers[i].offset, 0, sizeof(uint64_t));
    }
}

void host_buffers_take(HostBuffers *buffers, TraceOp *op, const DriverAbi *abi, HostCopies *copies,
                       void *argument, size_t size)
{
    Capture capture = {.buffers = buffers, .op = op, .abi = abi, .copies = copies};

    capture.block = driver_block_now(&capture.origin);
    *buffers = (HostBuffers){0};
    size = size ? size : argument_size(abi, op->command);
    if (!argument || size == 0) {
        return;
    }
    add_buffer(&capture, argument, size);
    for (unsigned i = 0; i < buffers->n; i++) {
        for (size_t at = 0; at + sizeof(uint64_t) <= trace_op_buffer(op, i)->size;
             at += sizeof(uint64_t)) {
            add_pointer(&capture, i, at);
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
