/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse trace: reads recordings. */
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/trace/trace-query.h"

bool trace_source_open(TraceSource *source, const char *path, GError **error)
{
    *source = (TraceSource){.file = trace_file_open(path, error)};
    if (source->file) {
        source->names = trace_names_new(trace_file_session(source->file), error);
        if (!source->names) {
            g_prefix_error(error, "%s: ", path);
        }
    }
    if (!source->names) {
        trace_source_close(source);
    }
    return source->names != NULL;
}

void trace_source_close(TraceSource *source)
{
    g_clear_pointer(&source->file, trace_file_free);
    g_clear_pointer(&source->names, trace_names_free);
}

TraceAct *trace_source_next(TraceSource *source, GError **error)
{
    g_autoptr(GError) problem = NULL;
    TraceAct *act = trace_file_next(source->file, &problem);

    if (act) {
        trace_names_follow(source->names, act);
    } else if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
    } else if (trace_file_end(source->file) == TRACE_END_LIMIT) {
        g_printerr("nvcuse trace: the recording ends here: it reached --record-limit\n");
    } else if (trace_file_end(source->file) == TRACE_END_CUT) {
        g_printerr("nvcuse trace: the recording ends here without its last record: the instance "
                   "was killed, or the disk was full\n");
    }
    return act;
}

int trace_query_fail(const GError *error)
{
    g_printerr("nvcuse trace: %s\n", error->message);
    return EXIT_FAILED;
}

static const struct {
    const char *name;
    int n_files;
    bool takes_json;
    bool takes_members;
    int (*run)(const TraceQuery *query);
} actions[] = {
    {"show", 1, true, true, trace_show},       {"stats", 1, true, false, trace_stats},
    {"diff", 2, true, false, trace_diff},      {"scrub", 2, false, false, trace_scrub},
    {"replay", 1, false, false, trace_replay},
};

static const char usage[] =
    "show FILE | stats FILE | diff FILE1 FILE2 | scrub FILE NEW-FILE | replay FILE";

static int run_action(int argc, char **argv, TraceQuery *query)
{
    for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(actions); i++) {
        if (!g_str_equal(argv[1], actions[i].name)) {
            continue;
        }
        if (argc - 2 != actions[i].n_files) {
            g_printerr("nvcuse trace %s: expected %d file%s; see nvcuse trace --help\n", argv[1],
                       actions[i].n_files, actions[i].n_files > 1 ? "s" : "");
            return EXIT_USAGE;
        }
        if ((query->members && !actions[i].takes_members) ||
            (query->as_json && !actions[i].takes_json)) {
            g_printerr("nvcuse trace %s: unexpected option %s\n", argv[1],
                       query->members ? "--members" : "--json");
            return EXIT_USAGE;
        }
        query->files = (const char *const *)argv + 2;
        return actions[i].run(query);
    }
    g_printerr("nvcuse trace: expected %s%s%s\n", usage, argc > 1 ? ", not " : "",
               argc > 1 ? argv[1] : "");
    return EXIT_USAGE;
}

int cmd_trace(int argc, char **argv)
{
    TraceQuery query = {0};
    const GOptionEntry entries[] = {
        {"json", 0, 0, G_OPTION_ARG_NONE, &query.as_json, "with show, stats and diff: print JSON",
         NULL},
        {"members", 'm', 0, G_OPTION_ARG_NONE, &query.members,
         "with show: what went in and out, by the members of its structs", NULL},
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) context = g_option_context_new(usage);
    g_autoptr(GError) error = NULL;

    g_option_context_set_summary(
        context,
        "Read what nvcuse run --record and nvcuse serve --record have written, compare it, blank\n"
        "what says where it was made, and play it to the handlers of this nvcuse.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        g_printerr("nvcuse trace: %s\n", error->message);
        return EXIT_USAGE;
    }
    return run_action(argc, argv, &query);
}
