/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, and the numbers in the buffers of calls. Internal to the files answers*.c. */
#pragma once

#include "cuse-server/recording/simulation/answers.h"

/*
 * Answers: "then" is the time of the recording, "now" the time of the answer.
 * @acts: own the ops below
 * @kinds: key of a call -> GArray of Recorded, in recorded order
 * @opens: the opens of each device, in recorded order
 * @next_open: index of the open that answers the next one, for each device
 * @n_opens: number of recorded opens; used while learning
 * @files: descriptor then -> number of the open that returned it last; used while learning
 * @places: descriptor now -> Place
 * @then: handle now -> handle then
 * @now: handle then -> handle now
 */
struct Answers {
    TraceNames *names;
    GPtrArray *acts;
    GHashTable *kinds;
    GArray *opens[DEVICES_MAX];
    unsigned next_open[DEVICES_MAX];
    unsigned n_opens;
    GHashTable *files;
    GHashTable *places;
    GHashTable *then;
    GHashTable *now;
};

/* AnswerItemKind: how an item is compared. ANSWER_LOOSE: a number that means nothing in another run. ANSWER_STATUS: the driver
 * only writes it, never reads it. */
typedef enum { ANSWER_VALUE, ANSWER_HANDLE, ANSWER_LOOSE, ANSWER_STATUS } AnswerItemKind;

/* AnswerItem: a number in a buffer: as recorded before and after the call, and its place in the buffer now. */
typedef struct {
    AnswerItemKind kind;
    const char *path; /* of the member; NULL: not known */
    uint32_t size;
    const uint8_t *before;
    const uint8_t *after;
    uint8_t *now;
} AnswerItem;

typedef void (*AnswerItemVisit)(Answers *answers, const AnswerItem *item, void *data);

/** answers_visit_op: visit the numbers of a call, each with the recorded ones. Numbers that are addresses of the worker's own
 * memory are left out.
 * @recorded: an op of the same shape as @op, the call
 * @buffers: the call's memory */
void answers_visit_op(Answers *answers, const TraceOp *recorded, const TraceOp *op,
                      const HostBuffers *buffers, const TraceCall *call, AnswerItemVisit each,
                      void *data);

/** answers_same_shape: check whether two calls have the same number of buffers, of the same sizes. */
bool answers_same_shape(const TraceOp *a, const TraceOp *b);

/** answers_n_buffers: return how many buffers a call has. */
unsigned answers_n_buffers(const TraceOp *op);

/** answer_item_is_changed: check whether the recorded host changed a number. */
bool answer_item_is_changed(const AnswerItem *item);

/** answers_read_handle: read a handle from a buffer. */
uint32_t answers_read_handle(const uint8_t *at);

/** answers_look_up: get the handle that corresponds to another, by Answers.then or Answers.now. A handle that the table does not
 * have corresponds to itself. */
uint32_t answers_look_up(GHashTable *table, uint32_t handle);

/** answers_give_handle: write the handle that corresponds to the recorded answer, and remember which handles correspond. */
void answers_give_handle(Answers *answers, const AnswerItem *item);
