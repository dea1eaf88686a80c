/* SPDX-License-Identifier: Apache-2.0 */
/* Replaying recordings, with and without differences, and scrubbing them. */
#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl2080-gpu.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "cuse-server/recording/replay/replay.h"
#include "cuse-server/recording/scrub/scrub.h"
#include "tests/unit/recording/finished.h"

/* --- playing ---------------------------------------------------------------------------------- */

static const uint8_t secret_uuid[] = {0x9a, 0x01, 0xc3, 0x55, 0x7e, 0x10, 0x42, 0x88,
                                      0xb1, 0x0f, 0x66, 0x2d, 0x91, 0x04, 0xe8, 0x37};
static const char secret_text[] = "GPU-9a01c355-7e10-4288-b10f-662d9104e837";

/* Another identity of the GPU, in two halves of a list. */
static const uint32_t secret_pdi[] = {0x5ec1d001, 0x5ec1d002};

static void answer_uuid(const Fake *fake, NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS *p)
{
    memcpy(p->gpuUuid, fake->n_calls & 1 ? (const void *)secret_uuid : secret_text,
           fake->n_calls & 1 ? sizeof secret_uuid : sizeof secret_text);
    p->uuidStrLen = fake->n_calls & 1 ? sizeof secret_uuid : sizeof secret_text;
}

static void answer_info(NV2080_CTRL_GPU_GET_INFO_V2_PARAMS_V580 *p)
{
    p->gpuInfoListSize = G_N_ELEMENTS(secret_pdi);
    for (unsigned i = 0; i < G_N_ELEMENTS(secret_pdi); i++) {
        p->gpuInfoList[i] = (NV2080_CTRL_GPU_INFO){.index = 0x23 + i, .data = secret_pdi[i]};
    }
}

/* A driver that makes a client, and identifies its GPU in every way. */
static int answer_session(Fake *fake, uint32_t command, void *argument)
{
    NVOS54_PARAMETERS *control = argument;
    NVOS64_PARAMETERS *alloc = argument;

    if (command == NV_FRONTEND_WORD(NV_ESC_RM_ALLOC, sizeof *alloc)) {
        alloc->hObjectNew = CLIENT;
        alloc->status = NV_OK;
    } else if (command == NV_FRONTEND_WORD(NV_ESC_RM_CONTROL, sizeof *control)) {
        void *params = (void *)(uintptr_t)control->params;
        if (control->cmd == NV2080_CTRL_CMD_GPU_GET_INFO_V2) {
            answer_info(params);
        } else {
            answer_uuid(fake, params);
        }
        control->status = NV_OK;
    }
    return 0;
}

/* Record a file, a client, all identities of its GPU, a descriptor, and the end of the file. */
static TraceFile *record_session(Recording *r)
{
    static const struct {
        uint32_t cmd;
        uint32_t size;
    } questions[] = {
        {NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID,
         sizeof(NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS)},
        {NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID,
         sizeof(NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS)},
        {NV2080_CTRL_CMD_GPU_GET_INFO_V2, sizeof(NV2080_CTRL_GPU_GET_INFO_V2_PARAMS_V580)},
    };
    NvFile *file = fake_open(r->fake, FAKE_CTL, 3);
    const uint32_t id = file->id;
    NvFile *gpu = fake_open(r->fake, FAKE_GPU, 4);
    NVOS64_PARAMETERS alloc = {.hClass = NV01_ROOT_CLIENT};
    nv_ioctl_register_fd_t tie = {.ctl_fd = 3};

    r->fake->answer = answer_session;
    cr_assert_eq(fake_frontend(r->fake, gpu, NV_ESC_REGISTER_FD, &tie, sizeof tie), 0);
    cr_assert_eq(fake_frontend(r->fake, file, NV_ESC_RM_ALLOC, &alloc, sizeof alloc), 0);
    for (unsigned i = 0; i < G_N_ELEMENTS(questions); i++) {
        NVOS54_PARAMETERS control = {.hClient = CLIENT,
                                     .hObject = CLIENT,
                                     .cmd = questions[i].cmd,
                                     .params = PARAMS,
                                     .paramsSize = questions[i].size};
        memset(fake_at(r->fake, PARAMS), 0, control.paramsSize);
        cr_assert_eq(fake_frontend(r->fake, file, NV_ESC_RM_CONTROL, &control, sizeof control), 0);
    }
    proxy_release(&r->fake->proxy, id);
    return finish(r);
}

/* Changes an act before it is played. */
typedef void (*Change)(TraceAct *act, gpointer data);

/* (transfer full): the first difference; NULL: there is none. */
static char *play(TraceFile *trace, Change change, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TraceNames) names = trace_names_new(trace_file_session(trace), &error);
    cr_assert_not_null(names, "%s", error ? error->message : "");
    g_autoptr(Replay) replay = replay_new(trace_file_session(trace), names);
    char *difference = NULL;
    TraceAct *act;

    trace_file_rewind(trace);
    while (!difference && (act = trace_file_next(trace, &error))) {
        trace_names_follow(names, act);
        if (change) {
            change(act, data);
        }
        difference = replay_act(replay, act);
        trace_act_free(act);
    }
    cr_assert_null(error);
    return difference;
}

Test(trace, a_recording_plays_the_same)
{
    Recording r = record(RECORDING_LIMIT);
    g_autoptr(TraceFile) trace = record_session(&r);
    g_autofree char *difference = play(trace, NULL, NULL);

    cr_assert_null(difference, "%s", difference);
    recording_clear(&r);
}

/* A change in the recording shows as a difference, as a change in a handler would. */
static void change_host_bytes(TraceAct *act, gpointer data)
{
    (void)data;
    if (act->command == NV_FRONTEND_WORD(NV_ESC_RM_CONTROL, sizeof(NVOS54_PARAMETERS))) {
        trace_op_buffer(trace_act_op(act, 0), 1)->before[0] ^= 1;
    }
}

static void change_host_file(TraceAct *act, gpointer data)
{
    (void)data;
    if (act->command == NV_FRONTEND_WORD(NV_ESC_REGISTER_FD, sizeof(nv_ioctl_register_fd_t))) {
        trace_op_buffer(trace_act_op(act, 1), 0)->before[0] ^= 1;
    }
}

static void forget_host_call(TraceAct *act, gpointer data)
{
    (void)data;
    if (act->kind == TRACE_IOCTL) {
        g_ptr_array_set_size(act->ops, 0);
    }
}

static void add_host_call(TraceAct *act, gpointer data)
{
    (void)data;
    trace_op_new(act, TRACE_OP_IOCTL);
}

static void change_answer(TraceAct *act, gpointer data)
{
    (void)data;
    if (act->n_ranges == 2) {
        act->ranges[1].out[0] ^= 1;
    }
}

Test(trace, what_is_different_is_told)
{
    static const struct {
        Change change;
        const char *told;
    } cases[] = {
        {change_host_bytes, "NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS, member gpuId"},
        {change_host_file, "nv_ioctl_register_fd_t, member ctl_fd"},
        {forget_host_call, "call of the host: recorded none, now "},
        {add_host_call, "call of the host: recorded ioctl, now none"},
        {change_answer, "other bytes are written than recorded"},
    };
    Recording r = record(RECORDING_LIMIT);
    g_autoptr(TraceFile) trace = record_session(&r);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *difference = play(trace, cases[i].change, NULL);
        cr_assert_not_null(difference);
        cr_assert_not_null(strstr(difference, cases[i].told), "%s", difference);
    }
    recording_clear(&r);
}

/* --- scrubbing -------------------------------------------------------------------------------- */

static bool holds(const GByteArray *bytes, const void *what, size_t size)
{
    return memmem(bytes->data, bytes->len, what, size) != NULL;
}

/* Collect all bytes of a recorded act. */
static void gather(const TraceAct *act, GByteArray *bytes)
{
    for (uint32_t i = 0; i < act->n_ranges; i++) {
        if (act->ranges[i].in) {
            g_byte_array_append(bytes, act->ranges[i].in, act->ranges[i].size);
        }
        if (act->ranges[i].out) {
            g_byte_array_append(bytes, act->ranges[i].out, act->ranges[i].size);
        }
    }
    for (unsigned i = 0; i < act->ops->len; i++) {
        const TraceBuffer *buffer;
        for (unsigned k = 0; (buffer = trace_op_buffer(trace_act_op(act, i), k)); k++) {
            g_byte_array_append(bytes, buffer->before, buffer->size);
            g_byte_array_append(bytes, buffer->after, buffer->size);
        }
    }
}

/* The data of scrub(). */
typedef struct {
    Scrubber *scrubber;
    GByteArray *bytes;
} Scrubbing;

static void scrub(TraceAct *act, gpointer data)
{
    const Scrubbing *scrubbing = data;

    scrubber_act(scrubbing->scrubber, act);
    cr_assert_neq(act->process, FAKE_PROCESS);
    for (uint32_t i = 0; i < act->n_ranges; i++) {
        cr_assert_neq(act->ranges[i].address, PARAMS);
    }
    gather(act, scrubbing->bytes);
}

Test(trace, a_scrubbed_recording_plays_the_same_and_tells_nothing)
{
    const uint64_t address = PARAMS;
    Recording r = record(RECORDING_LIMIT);
    g_autoptr(TraceFile) trace = record_session(&r);
    g_autoptr(TraceNames) names = trace_names_new(trace_file_session(trace), NULL);
    g_autoptr(Scrubber) scrubber = scrubber_new(names);
    g_autoptr(GByteArray) before = g_byte_array_new();
    g_autoptr(GByteArray) after = g_byte_array_new();
    Scrubbing scrubbing = {scrubber, after};
    TraceAct *act;

    while ((act = trace_file_next(trace, NULL))) {
        trace_names_follow(names, act);
        scrubber_learn(scrubber, act);
        gather(act, before);
        trace_act_free(act);
    }
    g_autofree char *difference = play(trace, scrub, &scrubbing);
    cr_assert_null(difference, "%s", difference);
    cr_assert(holds(before, secret_uuid, sizeof secret_uuid));
    cr_assert(holds(before, secret_text, sizeof secret_text));
    cr_assert(holds(before, &address, sizeof address));
    for (unsigned i = 0; i < G_N_ELEMENTS(secret_pdi); i++) {
        cr_assert(holds(before, &secret_pdi[i], sizeof secret_pdi[i]));
        cr_assert_not(holds(after, &secret_pdi[i], sizeof secret_pdi[i]));
    }
    cr_assert_not(holds(after, secret_uuid, sizeof secret_uuid));
    cr_assert_not(holds(after, secret_text + 4, 8));
    cr_assert(holds(after, "GPU-eeeeeeee-eeee-eeee-eeee-eeeeeeee0001", sizeof secret_text));
    cr_assert_not(holds(after, &address, sizeof address));
    recording_clear(&r);
}
