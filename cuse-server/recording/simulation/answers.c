/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/recording/simulation/answers.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "abi/nvos.h"
#include "abi/status.h"
#include "cuse-server/recording/simulation/answers-work.h"

/* Recorded: an op, and the recorded file that it was made on. A file's number is the number of its open, counted
 * from 1; 0: not known. */
typedef struct {
    const TraceOp *op;
    unsigned file;
} Recorded;

/*
 * Place: a file of the host that is open now.
 * @file: the recorded file that it corresponds to, or 0. At first this follows from the order of opens. Later it is
 * the file of the last answer, because programs that run at the same time open their files in any order.
 * @at: GArray of Recorded of one kind -> index after the one that this file was answered with last
 */
typedef struct {
    unsigned file;
    GHashTable *at;
} Place;

static void free_act(gpointer act)
{
    trace_act_free(act);
}

static void free_kind(gpointer kind)
{
    g_array_unref(kind);
}

static void free_place(gpointer data)
{
    Place *place = data;

    g_hash_table_unref(place->at);
    g_free(place);
}

Answers *answers_new(TraceNames *names)
{
    Answers *answers = g_new0(Answers, 1);

    answers->names = names;
    answers->acts = g_ptr_array_new_with_free_func(free_act);
    answers->kinds = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, free_kind);
    answers->places = g_hash_table_new_full(NULL, NULL, NULL, free_place);
    answers->files = g_hash_table_new(NULL, NULL);
    answers->then = g_hash_table_new(NULL, NULL);
    answers->now = g_hash_table_new(NULL, NULL);
    for (unsigned i = 0; i < DEVICES_MAX; i++) {
        answers->opens[i] = g_array_new(FALSE, FALSE, sizeof(Recorded));
    }
    return answers;
}

void answers_free(Answers *answers)
{
    for (unsigned i = 0; i < DEVICES_MAX; i++) {
        g_array_unref(answers->opens[i]);
    }
    g_hash_table_unref(answers->kinds);
    g_hash_table_unref(answers->files);
    g_hash_table_unref(answers->places);
    g_hash_table_unref(answers->then);
    g_hash_table_unref(answers->now);
    g_ptr_array_unref(answers->acts);
    g_free(answers);
}

/* --- what was recorded ------------------------------------------------------------------------ */

static gint64 key_of(const TraceOp *op, const TraceCall *call)
{
    return (gint64)((uint64_t)op->command << 32 | (call->has_detail ? call->detail_number : 0));
}

static void learn_open(Answers *answers, const TraceOp *op)
{
    const Recorded recorded = {op, ++answers->n_opens};

    g_array_append_val(answers->opens[op->device], recorded);
    g_hash_table_insert(answers->files, GUINT_TO_POINTER(op->fd), GUINT_TO_POINTER(recorded.file));
}

static void learn_ioctl(Answers *answers, const TraceOp *op)
{
    const Recorded recorded = {
        op, GPOINTER_TO_UINT(g_hash_table_lookup(answers->files, GUINT_TO_POINTER(op->fd)))};
    TraceCall call;

    trace_names_op(answers->names, op, &call);
    gint64 key = key_of(op, &call);
    GArray *kind = g_hash_table_lookup(answers->kinds, &key);
    if (!kind) {
        kind = g_array_new(FALSE, FALSE, sizeof recorded);
        g_hash_table_insert(answers->kinds, g_memdup2(&key, sizeof key), kind);
    }
    g_array_append_val(kind, recorded);
}

void answers_learn(Answers *answers, TraceAct *act)
{
    g_ptr_array_add(answers->acts, act);
    for (unsigned i = 0; i < act->ops->len; i++) {
        const TraceOp *op = trace_act_op(act, i);
        if (op->kind == TRACE_OP_OPEN && op->device < DEVICES_MAX) {
            learn_open(answers, op);
        } else if (op->kind == TRACE_OP_IOCTL || op->kind == TRACE_OP_IOCTL_IN_GUEST) {
            learn_ioctl(answers, op);
        }
    }
}

static int errno_of(const TraceOp *op)
{
    return op->error < 4096 ? (int)op->error : EIO;
}

int answers_open(Answers *answers, unsigned device, unsigned *file)
{
    const GArray *opens = answers->opens[device];
    unsigned *next = &answers->next_open[device];

    *file = 0;
    if (opens->len == 0) {
        return 0;
    }
    const Recorded *recorded = &g_array_index(opens, Recorded, *next);
    *next = (*next + 1) % opens->len; /* after the last recorded open, begin again with the first */
    *file = recorded->file;
    return errno_of(recorded->op);
}

void answers_opened(Answers *answers, uint32_t fd, unsigned file)
{
    const Place place = {file, g_hash_table_new(NULL, NULL)};

    g_hash_table_insert(answers->places, GUINT_TO_POINTER(fd), g_memdup2(&place, sizeof place));
}

void answers_closed(Answers *answers, uint32_t fd)
{
    g_hash_table_remove(answers->places, GUINT_TO_POINTER(fd));
}

/* --- matching --------------------------------------------------------------------------------- */

/* Match: how well a recorded op fits. @same: how many handles correspond to the recorded ones, plus 1 if the file does
 * @index: its index among the ops of its kind */
typedef struct {
    bool fits;
    unsigned same;
    unsigned index;
} Match;

static void compare_item(Answers *answers, const AnswerItem *item, void *data)
{
    Match *match = data;

    if (item->kind == ANSWER_HANDLE) {
        const uint32_t now = answers_read_handle(item->now);
        match->same += answers_look_up(answers->then, now) == answers_read_handle(item->before);
    } else if (item->kind == ANSWER_VALUE && !answer_item_is_changed(item) &&
               memcmp(item->before, item->now, item->size) != 0) {
        match->fits = false;
    }
}

static void answer_item(Answers *answers, const AnswerItem *item, void *data)
{
    (void)data;
    if (item->kind == ANSWER_HANDLE) {
        answers_give_handle(answers, item);
    } else if (item->kind == ANSWER_STATUS || answer_item_is_changed(item)) {
        memcpy(item->now, item->after, item->size);
    }
}

/* Rank the op with this index of a kind; a higher rank is better. Ops from @place on come first, the nearest one best.
 * Then come those before @place, again the nearest one best. */
static uint64_t nearness(uint64_t index, uint64_t place)
{
    return index >= place ? UINT64_MAX - index : index;
}

static bool is_better(const Match *match, const Match *best, unsigned place)
{
    return match->fits && (!best->fits || match->same > best->same ||
                           (match->same == best->same &&
                            nearness(match->index, place) > nearness(best->index, place)));
}

/* Find the recorded op that fits best, or NULL. @place: the file that the call is made on */
static const TraceOp *find(Answers *answers, GArray *kind, Place *place, const TraceOp *op,
                           const HostBuffers *buffers, const TraceCall *call)
{
    const unsigned at = GPOINTER_TO_UINT(g_hash_table_lookup(place->at, kind));
    Match best = {0};

    for (unsigned i = 0; kind && i < kind->len; i++) {
        const Recorded *recorded = &g_array_index(kind, Recorded, i);
        Match match = {.fits = answers_same_shape(recorded->op, op),
                       .same = recorded->file == place->file,
                       .index = i};
        if (match.fits) {
            answers_visit_op(answers, recorded->op, op, buffers, call, compare_item, &match);
        }
        if (is_better(&match, &best, at)) {
            best = match;
        }
    }
    if (!best.fits) {
        return NULL;
    }
    const Recorded *recorded = &g_array_index(kind, Recorded, best.index);
    g_hash_table_insert(place->at, kind, GUINT_TO_POINTER(best.index + 1));
    place->file = recorded->file;
    return recorded->op;
}

/* Answer as a driver does that does not have the call. Returns an errno, or 0 if the argument got a status. */
static int refuse(const Answers *answers, const TraceOp *op, const HostBuffers *buffers,
                  const TraceCall *call)
{
    const uint32_t status = NV_ERR_NOT_SUPPORTED;
    const GArray *leaves = answers_n_buffers(op)
                               ? trace_names_leaves(answers->names, trace_op_layout(call, op, 0))
                               : NULL;

    for (guint i = 0; leaves && i < leaves->len; i++) {
        const TraceLeaf *leaf = &g_array_index(leaves, TraceLeaf, i);
        if (leaf->role == ABI_ROLE_STATUS) {
            memcpy((uint8_t *)buffers->at[0] + leaf->offset, &status, sizeof status);
            return 0;
        }
    }
    return ENOTTY;
}

/* Forget a handle that is freed: the guest may use it again for another object. */
static void note_free(Answers *answers, const TraceOp *op)
{
    const TraceBuffer *buffer = answers_n_buffers(op) ? trace_op_buffer(op, 0) : NULL;

    if (_IOC_NR(op->command) == NV_ESC_RM_FREE && buffer &&
        buffer->size == sizeof(NVOS00_PARAMETERS)) {
        uint32_t now =
            answers_read_handle(buffer->before + offsetof(NVOS00_PARAMETERS, hObjectOld));
        g_hash_table_remove(answers->then, GUINT_TO_POINTER(now));
    }
}

bool answers_ioctl(Answers *answers, uint32_t fd, const TraceOp *op, const HostBuffers *buffers,
                   int *error)
{
    Place *place = g_hash_table_lookup(answers->places, GUINT_TO_POINTER(fd));
    TraceCall call;

    trace_names_op(answers->names, op, &call);
    gint64 key = key_of(op, &call);
    GArray *kind = g_hash_table_lookup(answers->kinds, &key);
    const TraceOp *recorded = place ? find(answers, kind, place, op, buffers, &call) : NULL;
    if (!recorded) {
        *error = refuse(answers, op, buffers, &call);
        return false;
    }
    answers_visit_op(answers, recorded, op, buffers, &call, answer_item, NULL);
    note_free(answers, op);
    *error = errno_of(recorded);
    return true;
}
