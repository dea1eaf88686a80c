/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contents of a recording: what guests did (acts), what their memory held, and what the host was asked for
 * each act (ops). The recorder and the readers of recordings fill the same structs.
 *
 * In the file, an act is a list of numbers. A number has 7 bits in each byte, the low bits first, and the top
 * bit is set in all bytes but the last. Memory contents are written as differences from contents that the reader
 * knows already:
 * - guest memory, as read: from zeroes;
 * - what the host gets (before): from the last known contents of the range that the buffer is a copy of, or from
 *   zeroes;
 * - what the host answers (after): from what it got;
 * - what is written back to the guest: from the last known contents of the range.
 * nvcuse-trace(5) describes the whole format.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/** TraceActKind: what a guest did. TRACE_HOST: the host was asked although no guest acted. */
typedef enum {
    TRACE_OPEN = 1,
    TRACE_RELEASE,
    TRACE_IOCTL,
    TRACE_MAP,
    TRACE_HOST,
    TRACE_ACT_END,
} TraceActKind;

/** TraceOpKind: what the host was asked: a function of HostOps. */
typedef enum {
    TRACE_OP_OPEN = 1,
    TRACE_OP_CLOSE,
    TRACE_OP_IOCTL,
    TRACE_OP_IOCTL_IN_GUEST,
    TRACE_OP_POLL,
    TRACE_OP_IDENTIFY,
    TRACE_OP_PROCESS,
    TRACE_OP_INSTALL,
    TRACE_OP_NUMBER,
    TRACE_OP_END,
} TraceOpKind;

enum {
    TRACE_RANGES_MAX = 16,                 /* of guest memory, in one call */
    TRACE_OPS_MAX = 1024,                  /* in one act */
    TRACE_BUFFERS_MAX = 24,                /* in one op */
    TRACE_POINTERS_MAX = 64,               /* in one buffer */
    TRACE_ACT_BYTES_MAX = 32 * 1024 * 1024 /* all bytes of one act */
};

/** TRACE_NO_RANGE: the range of a buffer that is not a copy of guest memory. */
#define TRACE_NO_RANGE UINT32_MAX

/**
 * TraceRange: a range of guest memory that a handler asked for. An act has its ranges in the order in which the
 * handler asked.
 * @access: GUEST_IN, GUEST_OUT or both
 * @absent: the memory could not be read; @in is NULL
 * @written: the range was written back
 * @in: what the memory held at first, or NULL
 * @out: what was written back, or NULL
 */
typedef struct {
    uint64_t address;
    uint32_t size;
    uint32_t access;
    bool absent;
    bool written;
    uint8_t *in;
    uint8_t *out;
} TraceRange;

/** TracePointer: the buffer holds, at @offset, the address of buffer @target of the same op. The eight bytes of the
 * address itself are recorded as zeroes. */
typedef struct {
    uint32_t offset;
    uint32_t target;
} TracePointer;

/**
 * TraceBuffer: memory that the host was given. An op's first buffer is the argument itself. The others are what it
 * points at.
 * @range: the act's range that the buffer is a copy of, or TRACE_NO_RANGE
 * @before: what the host got
 * @after: what the host left there
 */
typedef struct {
    uint32_t range;
    uint32_t size;
    uint8_t *before;
    uint8_t *after;
    uint32_t n_pointers;
    TracePointer pointers[TRACE_POINTERS_MAX];
} TraceBuffer;

/**
 * TraceOp: one call of a HostOps function.
 * @fd: the host's descriptor (open: the one that was returned); identify and install: the guest's descriptor
 * @command: of an ioctl
 * @device: of open and install
 * @flags: of open
 * @events, @ready: of poll
 * @file: identify and install: the file's id that was returned; number: the process id that was returned
 * @process: process: the id that was returned; number: the process that was asked about
 * @uid: process: the user that was returned
 * @error: 0 or an errno
 */
typedef struct {
    uint32_t kind;
    uint32_t fd;
    uint32_t command;
    uint32_t device;
    uint32_t flags;
    uint32_t events;
    uint32_t ready;
    uint32_t file;
    uint64_t process;
    uint32_t uid;
    uint32_t error;
    GPtrArray *buffers; /* TraceBuffer; NULL: none */
} TraceOp;

/**
 * TraceAct: what a guest did.
 * @time: when it began, in nanoseconds since the recording began
 * @duration: of an ioctl, in nanoseconds
 * @tid, @process, @uid: the thread, process and user that acted; 0: not known
 * @file: the file's id
 * @device, @flags: of open
 * @command, @argument: of an ioctl
 * @length, @offset: of a mapping
 * @committed: of an ioctl: guest_commit() succeeded, so its handler had all the memory that it asked for
 * @error: errno that the guest got
 * @status: NvStatus, or CALL_NO_STATUS
 * @refusal: see Refusal
 */
typedef struct {
    uint32_t kind;
    uint64_t time;
    uint64_t duration;
    uint32_t tid;
    uint64_t process;
    uint32_t uid;
    uint32_t file;
    uint32_t device;
    uint32_t flags;
    uint32_t command;
    uint64_t argument;
    uint64_t length;
    uint64_t offset;
    uint32_t committed;
    uint32_t error;
    uint32_t status;
    uint32_t refusal;
    uint32_t n_ranges;
    TraceRange ranges[TRACE_RANGES_MAX];
    GPtrArray *ops; /* TraceOp */
} TraceAct;

TraceAct *trace_act_new(TraceActKind kind);
void trace_act_free(TraceAct *act);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TraceAct, trace_act_free)

/** trace_op_new: make an op. @act: the act that it is added to, which then owns it; NULL: the caller owns it */
TraceOp *trace_op_new(TraceAct *act, TraceOpKind kind);
void trace_op_free(TraceOp *op);

/** trace_op_buffer: get the buffer with this index, or NULL. */
TraceBuffer *trace_op_buffer(const TraceOp *op, unsigned index);

/** trace_op_add_buffer: add a buffer of @size bytes, all zero before and after. */
TraceBuffer *trace_op_add_buffer(TraceOp *op, uint32_t range, uint32_t size);

/** trace_act_op: get the op with this index, which must exist. */
TraceOp *trace_act_op(const TraceAct *act, unsigned index);

/** trace_act_encode: append @act to @bytes. */
void trace_act_encode(const TraceAct *act, GByteArray *bytes);

/**
 * trace_act_decode: (transfer full): read an act. Returns NULL with @error set if the bytes are invalid.
 * @where: offset of @bytes in the file, for @error
 */
TraceAct *trace_act_decode(const uint8_t *bytes, size_t size, uint64_t where, GError **error);
