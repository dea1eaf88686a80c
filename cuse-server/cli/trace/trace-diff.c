/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nvcuse trace diff: shows what two recordings did differently. Calls are paired by name. The two calls of a pair are
 * compared by their outcomes and by the parameters that went in. Handles are compared by the order in which they
 * appear. Addresses and descriptors are not compared.
 */
#include <string.h>

#include "cuse-server/base/json/json-output.h"
#include "cuse-server/cli/command.h"
#include "cuse-server/cli/trace/trace-query.h"
#include "cuse-server/proxy/call/guest-memory.h"
#include "cuse-server/wire/refusal.h"

enum {
    WINDOW = 512,  /* how many calls to look ahead for one that both recordings have */
    AGREE = 3,     /* how many calls in a row must then have the same names */
    TOLD_MAX = 16, /* how many differences to show for one call */
};

/* Call: one act. @members: one "path=value" for each member; equal structs have lists of equal length */
typedef struct {
    char *name;
    char *outcome;
    char **members;
} Call;

/* Side: a recording. @handles: the handles that it has used so far, numbered in the order in which they appeared */
typedef struct {
    TraceSource source;
    GPtrArray *calls;
    GHashTable *handles;
} Side;

static void free_call(gpointer data)
{
    Call *call = data;

    g_free(call->name);
    g_free(call->outcome);
    g_strfreev(call->members);
    g_free(call);
}

static void clear_side(Side *side)
{
    trace_source_close(&side->source);
    g_clear_pointer(&side->calls, g_ptr_array_unref);
    g_clear_pointer(&side->handles, g_hash_table_unref);
}

/* --- reading calls ---------------------------------------------------------------------------- */

static guint name_handle(Side *side, uint32_t handle)
{
    gpointer key = GUINT_TO_POINTER(handle);
    guint known = GPOINTER_TO_UINT(g_hash_table_lookup(side->handles, key));

    if (!known) {
        known = g_hash_table_size(side->handles) + 1;
        g_hash_table_insert(side->handles, key, GUINT_TO_POINTER(known));
    }
    return known;
}

static void append_leaf(Side *side, GString *text, const TraceLeaf *leaf, const uint8_t *bytes)
{
    const char *type = leaf->type->name;
    uint32_t handle;

    g_string_append_printf(text, "%s=", leaf->path);
    if (g_str_equal(type, "NvHandle") && leaf->size == sizeof handle) {
        memcpy(&handle, bytes + leaf->offset, sizeof handle);
        g_string_append_printf(text, handle ? "handle %u" : "none",
                               handle ? name_handle(side, handle) : 0);
    } else if (g_str_equal(type, "NvP64")) {
        bool set = false;
        for (uint32_t i = 0; i < leaf->size; i++) {
            set |= bytes[leaf->offset + i] != 0;
        }
        g_string_append(text, set ? "an address" : "none");
    } else if (!trace_leaf_is_incidental(leaf)) {
        for (uint32_t i = 0; i < leaf->size; i++) {
            g_string_append_printf(text, "%02x", bytes[leaf->offset + i]);
        }
    }
    g_string_append_c(text, '\n');
}

static void append_range(Side *side, GString *text, const TraceCall *call, const TraceAct *act,
                         uint32_t index)
{
    const TraceRange *range = &act->ranges[index];
    const GArray *leaves =
        trace_names_leaves(side->source.names, trace_call_layout(call, act, index));

    if (!range->in) {
        return;
    }
    if (!leaves) {
        g_string_append_printf(text, "bytes %u=", index);
        for (uint32_t i = 0; i < range->size; i++) {
            g_string_append_printf(text, "%02x", range->in[i]);
        }
        g_string_append_c(text, '\n');
        return;
    }
    for (guint i = 0; i < leaves->len; i++) {
        append_leaf(side, text, &g_array_index(leaves, TraceLeaf, i), range->in);
    }
}

/* Number the handles that the driver chose, when they appear in its answer. */
static void note_answers(Side *side, const TraceCall *call, const TraceAct *act)
{
    const TraceRange *range = &act->ranges[0];
    const GArray *leaves =
        act->n_ranges ? trace_names_leaves(side->source.names, trace_call_layout(call, act, 0))
                      : NULL;

    for (guint i = 0; leaves && range->out && i < leaves->len; i++) {
        const TraceLeaf *leaf = &g_array_index(leaves, TraceLeaf, i);
        uint32_t handle;
        if (g_str_equal(leaf->type->name, "NvHandle") && leaf->size == sizeof handle) {
            memcpy(&handle, range->out + leaf->offset, sizeof handle);
            (void)(handle && name_handle(side, handle));
        }
    }
}

static char *format_outcome(const TraceAct *act)
{
    g_autofree char *status = trace_status_name(act->status);

    if (act->refusal > REFUSAL_NONE && act->refusal < REFUSAL_COUNT) {
        return g_strdup_printf("%s %s, refused: %s", trace_error_name(act->error), status,
                               refusal_name((Refusal)act->refusal));
    }
    return g_strdup_printf("%s %s", trace_error_name(act->error), status);
}

static Call *make_call(Side *side, const TraceAct *act)
{
    g_autoptr(GString) members = g_string_new(NULL);
    TraceCall named;
    Call *call = g_new0(Call, 1);

    trace_names_call(side->source.names, act, &named);
    g_autofree char *name = trace_call_name(&named, act);
    g_autofree char *detail = trace_call_detail(&named);
    call->name = g_strdup_printf("%s%s%s on %s", name, detail ? " " : "", detail ? detail : "",
                                 named.device ? named.device->name : "?");
    call->outcome = format_outcome(act);
    for (uint32_t i = 0; i < act->n_ranges; i++) {
        append_range(side, members, &named, act, i);
    }
    note_answers(side, &named, act);
    call->members = g_strsplit(members->str, "\n", -1);
    return call;
}

/* Read the calls that guests made. Leaves out calls that only went to the host. */
static bool read_side(Side *side, const char *path, GError **error)
{
    g_autoptr(GError) problem = NULL;
    TraceAct *act;

    side->calls = g_ptr_array_new_with_free_func(free_call);
    side->handles = g_hash_table_new(NULL, NULL);
    if (!trace_source_open(&side->source, path, error)) {
        return false;
    }
    while ((act = trace_source_next(&side->source, &problem))) {
        if (act->kind != TRACE_HOST) {
            g_ptr_array_add(side->calls, make_call(side, act));
        }
        trace_act_free(act);
    }
    if (problem) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    return true;
}

/* --- comparing -------------------------------------------------------------------------------- */

static const Call *call_at(const Side *side, guint i)
{
    return i < side->calls->len ? g_ptr_array_index(side->calls, i) : NULL;
}

static bool same_name(const Side *a, guint i, const Side *b, guint j)
{
    const Call *x = call_at(a, i);
    const Call *y = call_at(b, j);

    return x && y ? g_str_equal(x->name, y->name) : !x && !y;
}

static bool agree(const Side *a, guint i, const Side *b, guint j)
{
    for (guint n = 0; n < AGREE && (call_at(a, i + n) || call_at(b, j + n)); n++) {
        if (!same_name(a, i + n, b, j + n)) {
            return false;
        }
    }
    return true;
}

/* Move @i and @j to the nearest place from which both sides go on with the same calls; to the ends if there is none near. */
static void find_agreement(const Side *a, guint *i, const Side *b, guint *j)
{
    for (guint ahead = 1; ahead < WINDOW; ahead++) {
        for (guint n = 0; n <= ahead; n++) {
            if (*i + n <= a->calls->len && *j + ahead - n <= b->calls->len &&
                agree(a, *i + n, b, *j + ahead - n)) {
                *i += n;
                *j += ahead - n;
                return;
            }
        }
    }
    *i = a->calls->len;
    *j = b->calls->len;
}

/* Show a difference, as text or as JSON. Returns 1, the number of differences shown. */
static guint tell(JsonBuilder *json, const char *sign, guint index, const Call *call,
                  const char *text)
{
    if (json) {
        json_builder_begin_object(json);
        json_member_string(json, "what", sign);
        json_member_int(json, "act", index + 1);
        json_member_string(json, "call", call->name);
        json_member_string(json, "difference", text);
        json_builder_end_object(json);
    } else {
        g_print("%s %6u  %s%s%s\n", sign, index + 1, call->name, text ? ": " : "",
                text ? text : "");
    }
    return 1;
}

static guint compare_calls(JsonBuilder *json, guint index, const Call *a, const Call *b)
{
    const guint n_a = g_strv_length(a->members);
    const guint n_b = g_strv_length(b->members);
    guint told = 0;

    if (!g_str_equal(a->outcome, b->outcome)) {
        g_autofree char *text = g_strdup_printf("%s, then %s", a->outcome, b->outcome);
        told += tell(json, "~", index, a, text);
    }
    if (n_a != n_b) {
        return told + tell(json, "~", index, a, "other memory is asked for");
    }
    for (guint i = 0; i < n_a && told < TOLD_MAX; i++) {
        if (!g_str_equal(a->members[i], b->members[i])) {
            g_autofree char *text =
                g_strdup_printf("%.120s, then %.120s", a->members[i], b->members[i]);
            told += tell(json, "~", index, a, text);
        }
    }
    return told;
}

static guint compare(JsonBuilder *json, const Side *a, const Side *b)
{
    guint i = 0, j = 0, told = 0;

    while (i < a->calls->len || j < b->calls->len) {
        if (same_name(a, i, b, j)) {
            told += compare_calls(json, i, call_at(a, i), call_at(b, j));
            i++;
            j++;
            continue;
        }
        guint next_i = i, next_j = j;
        find_agreement(a, &next_i, b, &next_j);
        for (; i < next_i; i++) {
            told += tell(json, "-", i, call_at(a, i), NULL);
        }
        for (; j < next_j; j++) {
            told += tell(json, "+", j, call_at(b, j), NULL);
        }
    }
    return told;
}

int trace_diff(const TraceQuery *query)
{
    g_autoptr(JsonBuilder) json = query->as_json ? json_builder_new_immutable() : NULL;
    g_autoptr(GError) error = NULL;
    Side a = {0}, b = {0};
    guint told = 0;

    if (read_side(&a, query->files[0], &error) && read_side(&b, query->files[1], &error)) {
        if (json) {
            json_builder_begin_array(json);
        }
        told = compare(json, &a, &b);
        if (json) {
            json_builder_end_array(json);
            json_print(json);
        }
    }
    clear_side(&a);
    clear_side(&b);
    return error ? trace_query_fail(error) : told ? EXIT_FAILED : EXIT_OK;
}
