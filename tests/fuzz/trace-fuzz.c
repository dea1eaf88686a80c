/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz the reader of recordings: the input is a file from outside. It is read, named, scrubbed, replayed to the handlers,
 * and asked for its own answers. Half of the inputs follow a valid beginning, so that the reader reaches acts.
 *
 * Beside the findings of the sanitizers: an error names its place, an act that is accepted is the same when it is written
 * and read again, and every recorded call is answered.
 */
#include <stdint.h>
#include <string.h>

#include "cuse-server/recording/replay/replay.h"
#include "cuse-server/recording/scrub/scrub.h"
#include "cuse-server/recording/simulation/answers.h"

enum { FILE_MAX = 4096 };

/* The beginning of a file. */
static void begin(GByteArray *file)
{
    TraceSession session = {
        .driver = (char[]){"580.105.08"}, .program = (char[]){"0"}, .caps = NV_CAPS_DEFAULT};

    session.devices[session.n_devices++] = (Device){DEVICE_FRONTEND, "nvidiactl", 0xc3ff};
    session.devices[session.n_devices++] = (Device){DEVICE_FRONTEND, "nvidia0", 0xc300};
    session.devices[session.n_devices++] = (Device){DEVICE_UVM, "nvidia-uvm", 0xf000};
    session.devices[session.n_devices++] = (Device){DEVICE_DMA_BUF, "nvidia-dmabuf", 0};
    trace_session_encode(&session, file);
}

/* Written again the act has at most the same number of bytes, and the same meaning. */
static void check_round_trip(const TraceAct *act)
{
    g_autoptr(GByteArray) once = g_byte_array_new();
    g_autoptr(GByteArray) twice = g_byte_array_new();

    trace_act_encode(act, once);
    g_autoptr(TraceAct) again = trace_act_decode(once->data, once->len, 0, NULL);
    g_assert_nonnull(again);
    trace_act_encode(again, twice);
    g_assert_cmpuint(once->len, ==, twice->len);
    g_assert_true(memcmp(once->data, twice->data, once->len) == 0);
}

static void play(TraceFile *file, TraceNames *names)
{
    Replay *replay = replay_new(trace_file_session(file), names);
    Scrubber *scrubber = scrubber_new(names);
    g_autoptr(GError) error = NULL;
    TraceAct *act;

    while ((act = trace_file_next(file, &error))) {
        trace_names_follow(names, act);
        check_round_trip(act);
        g_autofree char *difference = replay_act(replay, act);
        scrubber_learn(scrubber, act);
        scrubber_act(scrubber, act);
        check_round_trip(act);
        trace_act_free(act);
    }
    g_assert_true(!error || strstr(error->message, "at offset"));
    scrubber_free(scrubber);
    replay_free(replay);
}

/* Make the recorded call again, in memory of the size that the act tells. */
static void ask(Answers *answers, const TraceOp *op)
{
    HostBuffers buffers = {.n = op->buffers ? op->buffers->len : 0};
    int error;

    for (unsigned i = 0; i < buffers.n; i++) {
        const TraceBuffer *buffer = trace_op_buffer(op, i);
        buffers.at[i] = g_memdup2(buffer->before, buffer->size);
    }
    answers_opened(answers, op->fd, 0);
    g_assert_true(answers_ioctl(answers, op->fd, op, &buffers, &error));
    g_assert_true(error >= 0 && error < 4096);
    for (unsigned i = 0; i < buffers.n; i++) {
        g_free(buffers.at[i]);
    }
}

static void simulate(TraceFile *file, TraceNames *names)
{
    g_autoptr(Answers) answers = answers_new(names);
    g_autoptr(GPtrArray) acts = g_ptr_array_new(); /* the answers' */
    TraceAct *act;

    trace_file_rewind(file);
    while ((act = trace_file_next(file, NULL))) {
        answers_learn(answers, act);
        g_ptr_array_add(acts, act);
    }
    for (guint i = 0; i < acts->len; i++) {
        act = g_ptr_array_index(acts, i);
        for (unsigned k = 0; k < act->ops->len; k++) {
            const TraceOp *op = trace_act_op(act, k);
            if (op->kind == TRACE_OP_IOCTL || op->kind == TRACE_OP_IOCTL_IN_GUEST) {
                ask(answers, op);
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GError) error = NULL;

    if (size == 0 || size > FILE_MAX) {
        return 0;
    }
    if (data[0] & 1) {
        begin(bytes);
    }
    g_byte_array_append(bytes, data + 1, (guint)size - 1);
    g_autoptr(TraceFile) file = trace_file_new(bytes->data, bytes->len, "input", &error);
    g_autoptr(TraceNames) names = file ? trace_names_new(trace_file_session(file), &error) : NULL;
    if (names) {
        play(file, names);
        simulate(file, names);
    } else {
        g_assert_nonnull(error);
    }
    return 0;
}
