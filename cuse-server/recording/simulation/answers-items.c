/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers in the buffers of a call, with what their members are. */
#include <string.h>

#include "cuse-server/recording/simulation/answers-work.h"

enum { WORD = 4 }; /* bytes that make one number where members are not known */

/* Pair: a buffer of a recorded op, and the buffer of the call now, which has the same size. @now: the latter's memory */
typedef struct {
    const TraceBuffer *recorded;
    const TraceBuffer *asked;
    uint8_t *now;
} Pair;

bool answer_item_is_changed(const AnswerItem *item)
{
    return memcmp(item->before, item->after, item->size) != 0;
}

/* Check whether bytes of a buffer hold one of the worker's own addresses, which is neither compared nor overwritten. */
static bool has_pointer(const TraceBuffer *buffer, uint32_t offset, uint32_t size)
{
    for (uint32_t i = 0; i < buffer->n_pointers; i++) {
        const uint32_t at = buffer->pointers[i].offset;
        if (offset < at + sizeof(uint64_t) && at < offset + size) {
            return true;
        }
    }
    return false;
}

static void visit(Answers *answers, const Pair *pair, AnswerItem item, uint32_t offset,
                  AnswerItemVisit each, void *data)
{
    if (has_pointer(pair->asked, offset, item.size)) {
        return;
    }
    item.before = pair->recorded->before + offset;
    item.after = pair->recorded->after + offset;
    item.now = pair->now + offset;
    each(answers, &item, data);
}

/* Visit bytes whose members are not known, as words. They begin at @offset. */
static void visit_words(Answers *answers, const Pair *pair, uint32_t offset, uint32_t size,
                        AnswerItemVisit each, void *data)
{
    for (uint32_t at = 0; at < size; at += WORD) {
        visit(answers, pair, (AnswerItem){.size = MIN((uint32_t)WORD, size - at)}, offset + at,
              each, data);
    }
}

static void visit_leaf(Answers *answers, const Pair *pair, const TraceLeaf *leaf,
                       AnswerItemVisit each, void *data)
{
    AnswerItem item = {.path = leaf->path, .size = leaf->type->size};

    if (item.size == 0 || item.size > sizeof(uint64_t) || leaf->type->n_fields > 0) {
        visit_words(answers, pair, leaf->offset, leaf->size, each, data);
        return;
    }
    if (leaf->role == ABI_ROLE_STATUS) {
        item.kind = ANSWER_STATUS;
    } else if (g_str_equal(leaf->type->name, "NvHandle")) {
        item.kind = ANSWER_HANDLE;
    } else if (g_str_equal(leaf->type->name, "NvP64") || trace_leaf_is_incidental(leaf)) {
        item.kind = ANSWER_LOOSE;
    }
    for (uint32_t at = 0; at + item.size <= leaf->size; at += item.size) {
        visit(answers, pair, item, leaf->offset + at, each, data);
    }
}

static void visit_pair(Answers *answers, const Pair *pair, const AbiLayout *layout,
                       AnswerItemVisit each, void *data)
{
    const GArray *leaves = trace_names_leaves(answers->names, layout);

    if (!leaves) {
        visit_words(answers, pair, 0, pair->recorded->size, each, data);
        return;
    }
    for (guint i = 0; i < leaves->len; i++) {
        visit_leaf(answers, pair, &g_array_index(leaves, TraceLeaf, i), each, data);
    }
}

unsigned answers_n_buffers(const TraceOp *op)
{
    return op->buffers ? op->buffers->len : 0;
}

void answers_visit_op(Answers *answers, const TraceOp *recorded, const TraceOp *op,
                      const HostBuffers *buffers, const TraceCall *call, AnswerItemVisit each,
                      void *data)
{
    for (unsigned i = 0; i < answers_n_buffers(op); i++) {
        const Pair pair = {trace_op_buffer(recorded, i), trace_op_buffer(op, i), buffers->at[i]};
        visit_pair(answers, &pair, trace_op_layout(call, op, i), each, data);
    }
}

bool answers_same_shape(const TraceOp *a, const TraceOp *b)
{
    if (answers_n_buffers(a) != answers_n_buffers(b)) {
        return false;
    }
    for (unsigned i = 0; i < answers_n_buffers(a); i++) {
        if (trace_op_buffer(a, i)->size != trace_op_buffer(b, i)->size) {
            return false;
        }
    }
    return true;
}
