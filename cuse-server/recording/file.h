/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a recording: a magic number, then records: what it is of, and the acts in the order in
 * which they ended. */
#pragma once

#include "cuse-server/recording/act.h"
#include "cuse-server/wire/device.h"
#include "version-tree/driver-version.h"
#include "version-tree/nv-caps.h"

/** TRACE_MAGIC: what a file begins with; the last byte is the format's version. */
#define TRACE_MAGIC "NVTRACE\1"

enum {
    TRACE_MAGIC_SIZE = 8,
    TRACE_HEAD_SIZE = 5, /* of a record: its kind, then the size of what follows in 4 bytes */
};

/** TraceRecordKind: the first byte of a record. */
typedef enum {
    TRACE_RECORD_SESSION = 'S', /* the first one: what was recorded */
    TRACE_RECORD_ACT = 'A',
    TRACE_RECORD_LIMIT = 'L', /* the last one of a recording that grew too large; empty */
    TRACE_RECORD_END = 'E',   /* the last one of a whole recording; empty */
} TraceRecordKind;

/**
 * TraceSession: the instance that was recorded.
 * @started: in microseconds since 1970; 0: blanked
 * @driver: its version, of the form 580.105.08
 * @program: version of nvcuse that recorded
 * @scoped: the host's other GPUs are hidden
 * @share_uvm: see Proxy
 * @scrubbed: see trace_scrub()
 */
typedef struct {
    uint64_t started;
    char *driver;
    char *program;
    NvCaps caps;
    bool scoped;
    bool share_uvm;
    bool scrubbed;
    unsigned n_devices;
    Device devices[DEVICES_MAX];
} TraceSession;

void trace_session_free(TraceSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TraceSession, trace_session_free)

/** trace_session_encode: append what a file begins with: the magic number and the first record. */
void trace_session_encode(const TraceSession *session, GByteArray *bytes);

/** trace_record_encode: append a record. @act: NULL: it has nothing in it */
void trace_record_encode(TraceRecordKind kind, const TraceAct *act, GByteArray *bytes);

/** TraceFile: a recording that is read. */
typedef struct TraceFile TraceFile;

/** trace_file_open: read the file's beginning. @error: names @path and, where it can, the offset */
TraceFile *trace_file_open(const char *path, GError **error);

/** trace_file_new: the same from memory, which outlives it. @name: for messages */
TraceFile *trace_file_new(const void *bytes, size_t size, const char *name, GError **error);

void trace_file_free(TraceFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TraceFile, trace_file_free)

const TraceSession *trace_file_session(const TraceFile *file);

/** TraceEnd: how a recording ends. */
typedef enum {
    TRACE_END_WHOLE,
    TRACE_END_LIMIT, /* it reached its size limit */
    TRACE_END_CUT,   /* whoever recorded was killed, or the disk was full */
} TraceEnd;

/** trace_file_end: how it ended, once trace_file_next() said that it did. */
TraceEnd trace_file_end(const TraceFile *file);

/** trace_file_rewind: begin again at the first act. */
void trace_file_rewind(TraceFile *file);

/** trace_file_next: (transfer full): the next act. NULL without @error: there is none. */
TraceAct *trace_file_next(TraceFile *file, GError **error);
