/* SPDX-License-Identifier: Apache-2.0 */
/* What the actions of `nvcuse trace` share. */
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

/** TraceSource: a recording that is read, with its driver's tables. */
typedef struct {
    TraceFile *file;
    TraceNames *names;
} TraceSource;

/** trace_source_open: false with @error. */
bool trace_source_open(TraceSource *source, const char *path, GError **error);
void trace_source_close(TraceSource *source);

/**
 * trace_source_next: (transfer full): the next act, which the names know of. NULL without @error: there
 * is none; standard error says so if the recording is not whole.
 */
TraceAct *trace_source_next(TraceSource *source, GError **error);

/** trace_query_fail: print what is wrong. Returns the exit code. */
int trace_query_fail(const GError *error);

/* The actions. Each returns an exit code. */
int trace_show(const TraceQuery *query);
int trace_stats(const TraceQuery *query);
int trace_diff(const TraceQuery *query);
int trace_scrub(const TraceQuery *query);
int trace_replay(const TraceQuery *query);
