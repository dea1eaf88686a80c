/* SPDX-License-Identifier: Apache-2.0 */
/* Types and functions that the actions of `nvcuse trace` share. */
#pragma once

#include "cuse-server/recording/names.h"

/**
 * TraceQuery: the command line.
 * @files: recordings, as many as the action takes
 * @as_json, @members: options
 */
typedef struct {
    const char *const *files;
    gboolean as_json;
    gboolean members;
} TraceQuery;

/** TraceSource: a recording that is being read, with its driver's tables. */
typedef struct {
    TraceFile *file;
    TraceNames *names;
} TraceSource;

/** trace_source_open: open a recording. Returns false with @error. */
bool trace_source_open(TraceSource *source, const char *path, GError **error);
void trace_source_close(TraceSource *source);

/**
 * trace_source_next: (transfer full): read the next act, and update @names with it. Returns NULL without @error at the
 * end of the recording. If the recording is not complete, this is printed on standard error.
 */
TraceAct *trace_source_next(TraceSource *source, GError **error);

/** trace_query_fail: print an error. Returns the exit code. */
int trace_query_fail(const GError *error);

/* The actions. Each returns an exit code. */
int trace_show(const TraceQuery *query);
int trace_stats(const TraceQuery *query);
int trace_diff(const TraceQuery *query);
int trace_scrub(const TraceQuery *query);
int trace_replay(const TraceQuery *query);
