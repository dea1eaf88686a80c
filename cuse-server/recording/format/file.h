/* SPDX-License-Identifier: Apache-2.0 */
/* The file of a recording: a magic number, a record that describes the recorded instance, then the acts in the
 * order in which they ended. */
#pragma once

#include "cuse-server/recording/format/act.h"
#include "cuse-server/wire/device.h"
#include "version-tree/driver-version.h"
#include "version-tree/nv-caps.h"

/** TRACE_MAGIC: the first bytes of a file. The last byte is the version of the format. */
#define TRACE_MAGIC "NVTRACE\1"

enum {
    TRACE_MAGIC_SIZE = 8,
    TRACE_HEAD_SIZE = 5, /* of a record: its kind, then the size of what follows in 4 bytes */
};

/** TraceRecordKind: the first byte of a record. */
typedef enum {
    TRACE_RECORD_SESSION = 'S', /* the first record: which instance was recorded */
    TRACE_RECORD_ACT = 'A',
    TRACE_RECORD_LIMIT = 'L', /* the last record if the size limit was reached; empty */
    TRACE_RECORD_END = 'E',   /* the last record of a whole recording; empty */
} TraceRecordKind;

/**
 * TraceSession: the instance that was recorded.
 * @started: when the recording began, in microseconds since 1970; 0: blanked
 * @driver: the driver's version, of the form 580.105.08
 * @program: the version of nvcuse that recorded
 * @scoped: the host's other GPUs are hidden
 * @share_uvm: see Proxy
 * @scrubbed: a scrubber has replaced what identifies the machine; see scrub/scrub.h
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

/** trace_session_encode: append the beginning of a file: the magic number and the first record. */
void trace_session_encode(const TraceSession *session, GByteArray *bytes);

/** trace_record_encode: append a record. @act: its contents; NULL: the record is empty */
void trace_record_encode(TraceRecordKind kind, const TraceAct *act, GByteArray *bytes);

/** TraceFile: a recording that is being read. */
typedef struct TraceFile TraceFile;

/** trace_file_open: open a recording and read its beginning. @error: names @path and, if it is known, the offset */
TraceFile *trace_file_open(const char *path, GError **error);

/** trace_file_new: do the same for a recording in memory, which outlives the TraceFile. @name: for messages */
TraceFile *trace_file_new(const void *bytes, size_t size, const char *name, GError **error);

void trace_file_free(TraceFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TraceFile, trace_file_free)

const TraceSession *trace_file_session(const TraceFile *file);

/** TraceEnd: how a recording ends. */
typedef enum {
    TRACE_END_WHOLE,
    TRACE_END_LIMIT, /* the recording reached its size limit */
    TRACE_END_CUT,   /* the recording process was killed, or the disk was full */
} TraceEnd;

/** trace_file_end: tell how the recording ends. Valid once trace_file_next() has returned NULL without an error. */
TraceEnd trace_file_end(const TraceFile *file);

/** trace_file_rewind: go back to the first act. */
void trace_file_rewind(TraceFile *file);

/** trace_file_next: (transfer full): read the next act. Returns NULL without @error at the end. */
TraceAct *trace_file_next(TraceFile *file, GError **error);
