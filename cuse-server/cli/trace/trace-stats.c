/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse trace stats: counts a recording's calls, with their results and durations. */
#include "abi/status.h"
#include "cuse-server/base/json/json-output.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/trace/trace-query.h"
#include "cuse-server/observe/call-log.h"

static const char row_format[] = "%8s %8s %8s %8s %12s %10s %10s  %s\n";

/* All calls of one name. @failed: how many failed at the host, with an errno or an NvStatus */
typedef struct {
    char *name;
    uint64_t calls;
    uint64_t refused;
    uint64_t failed;
    uint64_t bytes;
    uint64_t total;
    uint64_t longest;
} Row;

static void free_row(gpointer data)
{
    Row *row = data;

    g_free(row->name);
    g_free(row);
}

static char *key_of(const TraceNames *names, const TraceAct *act)
{
    TraceCall call;

    trace_names_call(names, act, &call);
    char *detail = trace_call_detail(&call);
    return detail ? detail : trace_call_name(&call, act);
}

static void add(GHashTable *rows, const TraceNames *names, const TraceAct *act)
{
    g_autofree char *key = key_of(names, act);
    Row *row = g_hash_table_lookup(rows, key);

    if (!row) {
        row = g_new0(Row, 1);
        row->name = g_strdup(key);
        g_hash_table_insert(rows, row->name, row);
    }
    bool bad = act->error ||
               (act->kind == TRACE_IOCTL && act->status != NV_OK && act->status != CALL_NO_STATUS);
    row->calls++;
    row->refused += act->refusal != REFUSAL_NONE;
    row->failed += bad && act->refusal == REFUSAL_NONE;
    for (uint32_t i = 0; i < act->n_ranges; i++) {
        row->bytes += act->ranges[i].size;
    }
    row->total += act->duration;
    row->longest = MAX(row->longest, act->duration);
}

static gint by_total(gconstpointer a, gconstpointer b)
{
    const Row *const *x = a;
    const Row *const *y = b;

    if ((*x)->total != (*y)->total) {
        return (*x)->total < (*y)->total ? 1 : -1;
    }
    return g_strcmp0((*x)->name, (*y)->name);
}

static void print_row(const Row *row)
{
    const uint64_t numbers[] = {row->calls,         row->refused,
                                row->failed,        row->bytes,
                                row->total / 1000,  row->total / 1000 / row->calls,
                                row->longest / 1000};
    char texts[G_N_ELEMENTS(numbers)][24];

    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        g_snprintf(texts[i], sizeof texts[i], "%" G_GUINT64_FORMAT, numbers[i]);
    }
    g_print(row_format, texts[0], texts[1], texts[2], texts[3], texts[4], texts[5], texts[6],
            row->name);
}

static void add_json(JsonBuilder *json, const Row *row)
{
    json_builder_begin_object(json);
    json_member_string(json, "name", row->name);
    json_member_int(json, "calls", (gint64)row->calls);
    json_member_int(json, "refused", (gint64)row->refused);
    json_member_int(json, "failed", (gint64)row->failed);
    json_member_int(json, "bytes", (gint64)row->bytes);
    json_member_int(json, "total", (gint64)row->total);
    json_member_int(json, "longest", (gint64)row->longest);
    json_builder_end_object(json);
}

static void print_rows(GHashTable *rows, bool as_json)
{
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    GHashTableIter iter;
    gpointer row;

    g_hash_table_iter_init(&iter, rows);
    while (g_hash_table_iter_next(&iter, NULL, &row)) {
        g_ptr_array_add(sorted, row);
    }
    g_ptr_array_sort(sorted, by_total);
    if (as_json) {
        g_autoptr(JsonBuilder) json = json_builder_new_immutable();
        json_builder_begin_array(json);
        for (guint i = 0; i < sorted->len; i++) {
            add_json(json, g_ptr_array_index(sorted, i));
        }
        json_builder_end_array(json);
        json_print(json);
        return;
    }
    g_print(row_format, "CALLS", "REFUSED", "FAILED", "BYTES", "TOTAL (us)", "MEAN", "LONGEST",
            "CALL, COMMAND OR CLASS");
    for (guint i = 0; i < sorted->len; i++) {
        print_row(g_ptr_array_index(sorted, i));
    }
}

int trace_stats(const TraceQuery *query)
{
    g_autoptr(GHashTable) rows = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_row);
    g_autoptr(GError) error = NULL;
    TraceSource source;
    TraceAct *act;

    if (!trace_source_open(&source, query->files[0], &error)) {
        return trace_query_fail(error);
    }
    while ((act = trace_source_next(&source, &error))) {
        add(rows, source.names, act);
        trace_act_free(act);
    }
    trace_source_close(&source);
    if (error) {
        return trace_query_fail(error);
    }
    print_rows(rows, query->as_json);
    return EXIT_OK;
}
