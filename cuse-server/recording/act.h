/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a recording consists of: what guests did (acts), what their memory held, and what was asked of
 * the host for it (ops). The same structs are filled by who records and by who reads.
 *
 * Written down an act is a list of numbers, 7 bits a byte, the low ones first, the top bit set in all
 * but the last; bytes are written as the differences from what the reader knows already: guest memory
 * from zeroes, what the host gets from the guest memory that it is a copy of, what it answers from what
 * it got, what is written back from that. nvcuse-trace(5) has the whole.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <glib.h>

/** TraceActKind: what a guest did. TRACE_HOST: nothing; the host was asked all the same. */
typedef enum {
    TRACE_OPEN = 1,
    TRACE_RELEASE,
    TRACE_IOCTL,
    TRACE_MAP,
    TRACE_HOST,
    TRACE_ACT_END,
} TraceActKind;

/** TraceOpKind: what the host was asked, as in HostOps. */
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

/** TRACE_NO_RANGE: a buffer that is no copy of guest memory. */
#define TRACE_NO_RANGE UINT32_MAX

/**
 * TraceRange: guest memory that a call was about, in the order it was asked for.
 * @access: GUEST_IN, GUEST_OUT
 * @absent: it could not be read: there is no @in
 * @written: it was written back: @out
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

/** TracePointer: at @offset of a buffer is the address of buffer @target of the same op; the eight bytes
 * themselves are recorded as zeroes. */
typedef struct {
    uint32_t offset;
    uint32_t target;
} TracePointer;

/**
 * TraceBuffer: memory that the host was given: the argument itself first, then what it points at.
 * @range: the act's range that it is the copy of, or TRACE_NO_RANGE
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
 * @fd: the host's descriptor (open: the answer); identify and install: the guest's
 * @command: of an ioctl
 * @device, @flags: of open; @device of install
 * @events, @ready: of poll
 * @file: the file's id, as answered by identify and install; the number that number answered
 * @process, @uid: as answered by process; @process: whom number asked about
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
 * @time: when it began, in nanoseconds since the recording did; @duration: of an ioctl
 * @tid, @process, @uid: who; 0: not known
 * @file: the file's id
 * @device, @flags: of open
 * @command, @argument: of an ioctl
 * @length, @offset: of a mapping
 * @committed: of an ioctl: its handler had all its memory
 * @error: errno that the guest got; @status: NvStatus, or CALL_NO_STATUS
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

/** trace_op_new: @act: gets it; NULL: the caller owns it. */
TraceOp *trace_op_new(TraceAct *act, TraceOpKind kind);
void trace_op_free(TraceOp *op);

/** trace_op_buffer: the buffer of this index, or NULL. */
TraceBuffer *trace_op_buffer(const TraceOp *op, unsigned index);

/** trace_op_add_buffer: a new buffer of @size zeroes, before and after. */
TraceBuffer *trace_op_add_buffer(TraceOp *op, uint32_t range, uint32_t size);

/** trace_act_op: the op of this index. */
TraceOp *trace_act_op(const TraceAct *act, unsigned index);

/** trace_act_encode: append @act to @bytes. */
void trace_act_encode(const TraceAct *act, GByteArray *bytes);

/**
 * trace_act_decode: (transfer full): read an act.
 * @where: offset of @bytes in the file, for @error
 */
TraceAct *trace_act_decode(const uint8_t *bytes, size_t size, uint64_t where, GError **error);
