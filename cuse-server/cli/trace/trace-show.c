/* SPDX-License-Identifier: Apache-2.0 */
/* nvcuse trace show: prints a recording, act by act. */
#include <string.h>

#include "cuse-server/base/json/json-output.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/trace/trace-query.h"
#include "cuse-server/proxy/call/guest-memory.h"
#include "cuse-server/wire/refusal.h"

enum { BYTES_SHOWN = 32, ELEMENTS_SHOWN = 8, NANOSECONDS = 1000000000 };

static const char line_format[] = "%14s %10s  %-16s %5s  %-26s  %-50s  %-9s  %-24s %10s\n";

/* --- values ----------------------------------------------------------------------------------- */

static bool is_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i]) {
            return false;
        }
    }
    return true;
}

/* Check whether bytes are printable text that ends with a zero byte, with only zeroes behind it. */
static bool is_text(const uint8_t *bytes, size_t size)
{
    size_t n = strnlen((const char *)bytes, size);

    for (size_t i = 0; i < n; i++) {
        if (!g_ascii_isprint((char)bytes[i])) {
            return false;
        }
    }
    return n > 3 && n < size && is_zero(bytes + n, size - n);
}

static void append_bytes(GString *text, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < MIN(size, BYTES_SHOWN); i++) {
        g_string_append_printf(text, "%02x", bytes[i]);
    }
    if (size > BYTES_SHOWN) {
        g_string_append(text, "...");
    }
}

static void append_numbers(GString *text, const uint8_t *bytes, size_t size, size_t element)
{
    for (size_t i = 0; i * element < size && i < ELEMENTS_SHOWN; i++) {
        uint64_t number = 0;
        memcpy(&number, bytes + i * element, element); /* the low bytes come first */
        g_string_append_printf(text, "%s0x%" G_GINT64_MODIFIER "x", i ? " " : "", number);
    }
    if (size > ELEMENTS_SHOWN * element) {
        g_string_append(text, " ...");
    }
}

/* Format the value of a member. @element: bytes of a number, or 0 if it is not a number. Returns: (transfer full). */
static char *format_value(const uint8_t *bytes, size_t size, size_t element)
{
    GString *text = g_string_new(NULL);

    if (size > element && is_text(bytes, size)) {
        g_string_append_printf(text, "\"%.*s\"", (int)strnlen((const char *)bytes, size), bytes);
    } else if (element == 0 || element > sizeof(uint64_t) || (element == 1 && size > element)) {
        append_bytes(text, bytes, size);
    } else {
        append_numbers(text, bytes, size, element);
    }
    return g_string_free(text, FALSE);
}

/* --- members ---------------------------------------------------------------------------------- */

/* Gets a member's name, the value that was put in and the value that came back; NULL: no value. */
typedef void (*MemberFunc)(gpointer data, const char *path, const char *in, const char *out);

static void show_member(const TraceRange *range, const char *path, uint32_t offset, uint32_t size,
                        size_t element, MemberFunc func, gpointer data)
{
    const uint8_t *in = range->in ? range->in + offset : NULL;
    const uint8_t *out = range->out ? range->out + offset : NULL;
    bool same = in && out && memcmp(in, out, size) == 0;

    if ((!in || is_zero(in, size)) && (!out || is_zero(out, size))) {
        return;
    }
    g_autofree char *before = in ? format_value(in, size, element) : NULL;
    g_autofree char *after = out && !same ? format_value(out, size, element) : NULL;
    func(data, path, before, after);
}

static void show_range(TraceNames *names, const TraceRange *range, const AbiLayout *layout,
                       MemberFunc func, gpointer data)
{
    const GArray *leaves = trace_names_leaves(names, layout);

    if (!leaves) {
        show_member(range, "bytes", 0, range->size, 0, func, data);
        return;
    }
    for (guint i = 0; i < leaves->len; i++) {
        const TraceLeaf *leaf = &g_array_index(leaves, TraceLeaf, i);
        const size_t element = leaf->type->n_fields ? 0 : leaf->type->size;
        show_member(range, leaf->path, leaf->offset, leaf->size, element, func, data);
    }
}

/* --- lines ------------------------------------------------------------------------------------ */

static char *format_time(uint64_t nanoseconds)
{
    return g_strdup_printf("%" G_GUINT64_FORMAT ".%09" G_GUINT64_FORMAT, nanoseconds / NANOSECONDS,
                           nanoseconds % NANOSECONDS);
}

/* Format the details of an act that its name does not have. */
static char *format_detail(const TraceCall *call, const TraceAct *act)
{
    switch (act->kind) {
    case TRACE_MAP:
        return g_strdup_printf("0x%" G_GINT64_MODIFIER "x bytes at 0x%" G_GINT64_MODIFIER "x",
                               act->length, act->offset);
    case TRACE_HOST:
        return g_strdup(act->ops->len ? trace_op_name(trace_act_op(act, 0)->kind) : "-");
    case TRACE_IOCTL: {
        char *detail = trace_call_detail(call);
        return detail ? detail : g_strdup("-");
    }
    default:
        return g_strdup("-");
    }
}

static char *format_outcome(const TraceAct *act)
{
    return act->refusal > REFUSAL_NONE && act->refusal < REFUSAL_COUNT
               ? g_strconcat("refused: ", refusal_name((Refusal)act->refusal), NULL)
               : trace_status_name(act->kind == TRACE_IOCTL ? act->status : UINT32_MAX);
}

static void print_line(const TraceNames *names, const TraceAct *act)
{
    TraceCall call;

    trace_names_call(names, act, &call);
    g_autofree char *time = format_time(act->time);
    g_autofree char *process = g_strdup_printf("%" G_GUINT64_FORMAT, act->process);
    g_autofree char *file = g_strdup_printf("%u", act->file);
    g_autofree char *name = trace_call_name(&call, act);
    g_autofree char *detail = format_detail(&call, act);
    g_autofree char *outcome = format_outcome(act);
    g_autofree char *took = g_strdup_printf("%" G_GUINT64_FORMAT, act->duration / 1000);
    g_print(line_format, time, act->process ? process : "-", call.device ? call.device->name : "-",
            act->file ? file : "-", name, detail, trace_error_name(act->error), outcome,
            act->duration ? took : "-");
}

static void print_member(gpointer data, const char *path, const char *in, const char *out)
{
    (void)data;
    g_print("        %-44s %s%s%s\n", path, in ? in : "", out ? " -> " : "", out ? out : "");
}

/* Describe in a few words an operation that the host was asked for. */
static char *format_op(const TraceOp *op)
{
    switch (op->kind) {
    case TRACE_OP_IOCTL:
    case TRACE_OP_IOCTL_IN_GUEST:
        return g_strdup_printf("0x%x on %u, %u buffers", op->command, op->fd,
                               op->buffers ? op->buffers->len : 0);
    case TRACE_OP_POLL:
        return g_strdup_printf("0x%x of %u: 0x%x", op->events, op->fd, op->ready);
    case TRACE_OP_IDENTIFY:
        return g_strdup_printf("descriptor %u: file %u", op->fd, op->file);
    case TRACE_OP_PROCESS:
        return g_strdup_printf("%" G_GUINT64_FORMAT ", user %u", op->process, op->uid);
    case TRACE_OP_NUMBER:
        return g_strdup_printf("%" G_GUINT64_FORMAT ": %u", op->process, op->file);
    default:
        return g_strdup_printf("%u", op->fd);
    }
}

static void print_members(TraceNames *names, const TraceAct *act)
{
    TraceCall call;

    trace_names_call(names, act, &call);
    for (uint32_t i = 0; i < act->n_ranges; i++) {
        const TraceRange *range = &act->ranges[i];
        const AbiLayout *layout = trace_call_layout(&call, act, i);
        g_print("    %s, %u bytes at 0x%" G_GINT64_MODIFIER "x%s\n",
                layout ? layout->name : "memory", range->size, range->address,
                range->absent ? ", not readable" : "");
        show_range(names, range, layout, print_member, NULL);
    }
    for (unsigned i = 0; i < act->ops->len; i++) {
        const TraceOp *op = trace_act_op(act, i);
        g_autofree char *what = format_op(op);
        g_print("    host: %s %s%s%s\n", trace_op_name(op->kind), what, op->error ? ": " : "",
                op->error ? trace_error_name(op->error) : "");
    }
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_member(gpointer data, const char *path, const char *in, const char *out)
{
    json_builder_begin_object(data);
    json_member_string(data, "member", path);
    json_member_string(data, "in", in);
    json_member_string(data, "out", out ? out : in);
    json_builder_end_object(data);
}

static void json_ranges(TraceNames *names, const TraceCall *call, const TraceAct *act,
                        JsonBuilder *json)
{
    json_builder_set_member_name(json, "memory");
    json_builder_begin_array(json);
    for (uint32_t i = 0; i < act->n_ranges; i++) {
        const AbiLayout *layout = trace_call_layout(call, act, i);
        json_builder_begin_object(json);
        json_member_string(json, "struct", layout ? layout->name : NULL);
        json_member_int(json, "size", act->ranges[i].size);
        json_builder_set_member_name(json, "members");
        json_builder_begin_array(json);
        show_range(names, &act->ranges[i], layout, json_member, json);
        json_builder_end_array(json);
        json_builder_end_object(json);
    }
    json_builder_end_array(json);
}

static void add_json(TraceNames *names, const TraceAct *act, bool members, JsonBuilder *json)
{
    TraceCall call;

    trace_names_call(names, act, &call);
    g_autofree char *name = trace_call_name(&call, act);
    g_autofree char *detail = format_detail(&call, act);
    g_autofree char *status =
        trace_status_name(act->kind == TRACE_IOCTL ? act->status : UINT32_MAX);
    json_builder_begin_object(json);
    json_member_int(json, "time", (gint64)act->time);
    json_member_int(json, "duration", (gint64)act->duration);
    json_member_int(json, "process", (gint64)act->process);
    json_member_int(json, "thread", act->tid);
    json_member_string(json, "device", call.device ? call.device->name : NULL);
    json_member_int(json, "file", act->file);
    json_member_string(json, "call", name);
    json_member_string(json, "detail", g_str_equal(detail, "-") ? NULL : detail);
    json_member_string(json, "errno", trace_error_name(act->error));
    json_member_string(json, "status", g_str_equal(status, "-") ? NULL : status);
    json_member_string(json, "refusal",
                       act->refusal > REFUSAL_NONE && act->refusal < REFUSAL_COUNT
                           ? refusal_name((Refusal)act->refusal)
                           : NULL);
    json_member_int(json, "host_calls", act->ops->len);
    if (members) {
        json_ranges(names, &call, act, json);
    }
    json_builder_end_object(json);
}

/* --- the action ------------------------------------------------------------------------------- */

static void print_heading(const TraceSession *session)
{
    g_autoptr(GDateTime) started =
        g_date_time_new_from_unix_utc((gint64)(session->started / G_TIME_SPAN_SECOND));
    g_autofree char *when =
        started && session->started ? g_date_time_format_iso8601(started) : g_strdup("-");
    g_autofree char *caps = nv_caps_format(session->caps, ",");

    g_print("# driver %s, nvcuse %s, recorded %s, capabilities %s%s\n", session->driver,
            session->program, when, caps, session->scrubbed ? ", scrubbed" : "");
    g_print(line_format, "TIME", "PROCESS", "DEVICE", "FILE", "CALL", "COMMAND OR CLASS", "ERRNO",
            "STATUS", "TOOK (us)");
}

/* Print an act as a JSON object on one line. */
static void print_json(TraceNames *names, const TraceAct *act, bool members)
{
    g_autoptr(JsonBuilder) json = json_builder_new_immutable();

    add_json(names, act, members, json);
    g_autoptr(JsonNode) root = json_builder_get_root(json);
    g_autofree char *text = json_to_string(root, FALSE);
    g_print("%s\n", text);
}

int trace_show(const TraceQuery *query)
{
    g_autoptr(GError) error = NULL;
    TraceSource source;
    TraceAct *act;

    if (!trace_source_open(&source, query->files[0], &error)) {
        return trace_query_fail(error);
    }
    if (!query->as_json) {
        print_heading(trace_file_session(source.file));
    }
    while ((act = trace_source_next(&source, &error))) {
        if (query->as_json) {
            print_json(source.names, act, query->members);
        } else {
            print_line(source.names, act);
            if (query->members) {
                print_members(source.names, act);
            }
        }
        trace_act_free(act);
    }
    trace_source_close(&source);
    return error ? trace_query_fail(error) : EXIT_OK;
}
