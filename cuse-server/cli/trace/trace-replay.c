/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse trace replay: replays a recording through the handlers of this nvcuse. */
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/trace/trace-query.h"
#include "cuse-server/recording/replay/replay.h"

static void print_difference(const TraceSource *source, const TraceAct *act, uint64_t number,
                             const char *difference)
{
    TraceCall call;

    trace_names_call(source->names, act, &call);
    g_autofree char *name = trace_call_name(&call, act);
    g_autofree char *detail = trace_call_detail(&call);
    g_print("act %" G_GUINT64_FORMAT ", %s%s%s on %s: %s\n", number, name, detail ? " " : "",
            detail ? detail : "", call.device ? call.device->name : "?", difference);
}

int trace_replay(const TraceQuery *query)
{
    g_autofree char *difference = NULL;
    g_autoptr(GError) error = NULL;
    uint64_t n = 0;
    TraceSource source;
    TraceAct *act;

    if (!trace_source_open(&source, query->files[0], &error)) {
        return trace_query_fail(error);
    }
    Replay *replay = replay_new(trace_file_session(source.file), source.names);
    while (!difference && (act = trace_source_next(&source, &error))) {
        n++;
        difference = replay_act(replay, act);
        if (difference) {
            print_difference(&source, act, n, difference);
        }
        trace_act_free(act);
    }
    if (!difference && !error) {
        g_print("%" G_GUINT64_FORMAT " acts, %" G_GUINT64_FORMAT
                " calls to the host: the same as recorded\n",
                n, replay_host_calls(replay));
    }
    replay_free(replay);
    trace_source_close(&source);
    return error ? trace_query_fail(error) : difference ? EXIT_FAILED : EXIT_OK;
}
