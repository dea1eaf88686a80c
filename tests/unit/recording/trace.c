/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings: what a guest's calls leave in them, what readers make of files that are none, and what
 * becomes of them when they are played and scrubbed. */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl2080-gpu.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "abi/uvm.h"
#include "cuse-server/recording/replay/replay.h"
#include "cuse-server/recording/scrub/scrub.h"
#include "tests/unit/support/recording.h"

enum { PARAMS = GUEST_BASE + 0x1000, CLIENT = 0xc1d00001 };

static int answer(Fake *fake, uint32_t command, void *argument)
{
    NVOS54_PARAMETERS *control = argument;

    (void)fake;
    (void)command;
    control->status = NV_ERR_BUSY_RETRY;
    memset((void *)(uintptr_t)control->params, 0x5a, control->paramsSize);
    return 0;
}

static Recording record(uint64_t limit)
{
    return recording_new(limit, answer);
}

/* One control command; its parameters are all ones. */
static void call_control(Fake *fake, NvFile *file)
{
    NVOS54_PARAMETERS control = {.hClient = CLIENT,
                                 .hObject = CLIENT,
                                 .cmd = NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2,
                                 .params = PARAMS,
                                 .paramsSize = sizeof(NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS)};

    memset(fake_at(fake, PARAMS), 1, control.paramsSize);
    cr_assert_eq(fake_frontend(fake, file, NV_ESC_RM_CONTROL, &control, sizeof control), 0);
}

static TraceFile *finish(Recording *r)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = recording_finish(r);

    TraceFile *file = trace_file_open(path, &error);
    cr_assert_not_null(file, "%s", error ? error->message : "");
    return file;
}

static TraceAct *next(TraceFile *file, TraceActKind kind)
{
    g_autoptr(GError) error = NULL;
    TraceAct *act = trace_file_next(file, &error);

    cr_assert_not_null(act, "%s", error ? error->message : "the recording ends");
    cr_assert_eq(act->kind, (uint32_t)kind);
    return act;
}

Test(trace, a_call_is_recorded_on_both_sides)
{
    Recording r = record(RECORDING_LIMIT);
    NvFile *file = fake_open(r.fake, FAKE_CTL, 3);

    call_control(r.fake, file);
    g_autoptr(TraceFile) trace = finish(&r);
    cr_assert_str_eq(trace_file_session(trace)->driver, RECORDING_DRIVER);
    cr_assert_str_eq(trace_file_session(trace)->devices[FAKE_UVM].name, "nvidia-uvm");

    g_autoptr(TraceAct) open = next(trace, TRACE_OPEN);
    cr_assert_eq(open->file, file->id);
    cr_assert_eq(trace_act_op(open, 0)->fd, (uint32_t)file->fd);

    g_autoptr(TraceAct) act = next(trace, TRACE_IOCTL);
    cr_assert_eq(act->process, FAKE_PROCESS);
    cr_assert_eq(act->status, NV_ERR_BUSY_RETRY);
    cr_assert_eq(act->n_ranges, 2);
    cr_assert_eq(act->ranges[1].address, PARAMS);
    const NVOS54_PARAMETERS *in = (const void *)act->ranges[0].in;
    const NVOS54_PARAMETERS *out = (const void *)act->ranges[0].out;
    cr_assert_eq(in->params, PARAMS);
    cr_assert_eq(out->params, PARAMS);
    cr_assert_eq(out->status, NV_ERR_BUSY_RETRY);
    cr_assert_eq(act->ranges[1].in[5], 1);
    cr_assert_eq(act->ranges[1].out[5], 0x5a);

    cr_assert_eq(act->ops->len, 1);
    const TraceOp *op = trace_act_op(act, 0);
    const TraceBuffer *argument = trace_op_buffer(op, 0);
    const TraceBuffer *params = trace_op_buffer(op, 1);
    const NVOS54_PARAMETERS *host = (const void *)argument->before;
    cr_assert_eq(op->kind, TRACE_OP_IOCTL);
    cr_assert_eq(argument->n_pointers, 1);
    cr_assert_eq(argument->pointers[0].offset, offsetof(NVOS54_PARAMETERS, params));
    cr_assert_eq(argument->pointers[0].target, 1);
    cr_assert_eq(host->params, 0, "an address of the worker's got into the recording");
    cr_assert_eq(host->hClient, CLIENT);
    cr_assert_eq(params->before[5], 1);
    cr_assert_eq(params->after[5], 0x5a);

    g_autoptr(GError) error = NULL;
    cr_assert_null(trace_file_next(trace, &error));
    cr_assert_null(error);
    cr_assert_eq(trace_file_end(trace), TRACE_END_WHOLE);
    recording_clear(&r);
}

static int answer_alloc(Fake *fake, uint32_t command, void *argument)
{
    NVOS64_PARAMETERS *alloc = argument;

    (void)fake;
    if (_IOC_NR(command) == NV_ESC_RM_ALLOC) {
        alloc->hObjectNew = alloc->hObjectNew ? alloc->hObjectNew : CLIENT;
    }
    return 0;
}

static void call_alloc(Fake *fake, NvFile *ctl)
{
    NVOS64_PARAMETERS root = {.hClass = NV01_ROOT};
    NVOS64_PARAMETERS device = {.hRoot = CLIENT,
                                .hObjectParent = CLIENT,
                                .hObjectNew = CLIENT + 1,
                                .hClass = NV01_DEVICE_0,
                                .pAllocParms = PARAMS};

    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &root, sizeof root), 0);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &device, sizeof device), 0);
}

/* They go to the driver in a block of ours (driver-block.h). */
Test(trace, parameters_whose_size_nobody_tells_are_known_as_the_guests)
{
    Recording r = recording_new(RECORDING_LIMIT, answer_alloc);
    NvFile *ctl = fake_open(r.fake, FAKE_CTL, 3);
    NvFile *uvm = fake_open(r.fake, FAKE_UVM, 4);

    call_alloc(r.fake, ctl);
    cr_assert_eq(fake_ioctl(r.fake, uvm, UVM_PAGEABLE_MEM_ACCESS, GUEST_BASE), 0);
    g_autoptr(TraceFile) trace = finish(&r);
    g_autoptr(TraceAct) open_ctl = next(trace, TRACE_OPEN);
    g_autoptr(TraceAct) open_uvm = next(trace, TRACE_OPEN);
    g_autoptr(TraceAct) root = next(trace, TRACE_IOCTL);
    g_autoptr(TraceAct) device = next(trace, TRACE_IOCTL);
    const TraceOp *op = trace_act_op(device, 0);
    cr_assert_eq(trace_op_buffer(op, 0)->n_pointers, 1);
    cr_assert_eq(trace_op_buffer(op, 1)->range, 1);
    cr_assert_eq(device->ranges[1].address, PARAMS);
    g_autoptr(TraceAct) call = next(trace, TRACE_IOCTL);
    cr_assert_eq(trace_op_buffer(trace_act_op(call, 0), 0)->range, 0);
    cr_assert(open_ctl && open_uvm && root);
    recording_clear(&r);
}

Test(trace, a_closed_file_is_recorded)
{
    Recording r = record(RECORDING_LIMIT);
    const uint32_t id = fake_open(r.fake, FAKE_CTL, 3)->id;

    proxy_release(&r.fake->proxy, id);
    g_autoptr(TraceFile) trace = finish(&r);
    g_autoptr(TraceAct) open = next(trace, TRACE_OPEN);
    g_autoptr(TraceAct) act = next(trace, TRACE_RELEASE);
    cr_assert_eq(act->file, id);
    cr_assert_eq(trace_act_op(act, 0)->kind, TRACE_OP_CLOSE);
    cr_assert_eq(trace_act_op(act, 0)->fd, trace_act_op(open, 0)->fd);
    recording_clear(&r);
}

Test(trace, the_limit_ends_the_recording_and_nothing_else)
{
    enum { SMALL = 1024, CALLS = 100 };
    Recording r = record(SMALL);
    NvFile *file = fake_open(r.fake, FAKE_CTL, 3);
    g_autoptr(GError) error = NULL;
    TraceAct *act;

    for (unsigned i = 0; i < CALLS; i++) {
        call_control(r.fake, file);
    }
    cr_assert_eq(r.fake->n_calls, CALLS);
    cr_assert_leq(lseek(r.fd, 0, SEEK_END), SMALL);
    g_autoptr(TraceFile) trace = finish(&r);
    while ((act = trace_file_next(trace, &error))) {
        trace_act_free(act);
    }
    cr_assert_null(error);
    cr_assert_eq(trace_file_end(trace), TRACE_END_LIMIT);
    recording_clear(&r);
}

Test(trace, a_full_disk_is_not_the_guests_business)
{
    Recording r = record(RECORDING_LIMIT);
    NvFile *file = fake_open(r.fake, FAKE_CTL, 3);

    cr_assert_eq(fcntl(r.fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW), 0);
    call_control(r.fake, file);
    call_control(r.fake, file);
    cr_assert_eq(r.fake->n_calls, 2);
    g_autoptr(TraceFile) trace = finish(&r);
    g_autoptr(TraceAct) open = next(trace, TRACE_OPEN);
    cr_assert_null(trace_file_next(trace, NULL));
    cr_assert_eq(trace_file_end(trace), TRACE_END_CUT);
    recording_clear(&r);
}

/* Read all of it; what is wrong must be said. */
static void read_all(const uint8_t *bytes, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(TraceFile) trace = trace_file_new(bytes, size, "mutant", &error);
    TraceAct *act;

    while (trace && (act = trace_file_next(trace, &error))) {
        g_autoptr(GByteArray) again = g_byte_array_new();
        trace_act_encode(act, again);
        trace_act_free(act);
    }
    if (error) {
        cr_assert_not_null(strstr(error->message, "mutant: at offset"), "%s", error->message);
    } else {
        cr_assert_not_null(trace);
    }
}

Test(trace, files_that_are_no_recordings_are_read_safely)
{
    Recording r = record(RECORDING_LIMIT);
    NvFile *file = fake_open(r.fake, FAKE_CTL, 3);
    uint8_t bytes[4096];

    call_control(r.fake, file);
    recorder_finish(r.recorder);
    const ssize_t n = pread(r.fd, bytes, sizeof bytes, 0);
    cr_assert_gt(n, 0);
    cr_assert_lt((size_t)n, sizeof bytes);
    for (size_t cut = 0; cut < (size_t)n; cut++) {
        g_autofree uint8_t *copy = g_memdup2(bytes, cut + 1);
        read_all(copy, cut);
    }
    for (size_t i = 0; i < (size_t)n; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1U << bit);
            read_all(bytes, (size_t)n);
            bytes[i] ^= (uint8_t)(1U << bit);
        }
    }
    recording_clear(&r);
}

/* --- playing ---------------------------------------------------------------------------------- */

static const uint8_t secret_uuid[] = {0x9a, 0x01, 0xc3, 0x55, 0x7e, 0x10, 0x42, 0x88,
                                      0xb1, 0x0f, 0x66, 0x2d, 0x91, 0x04, 0xe8, 0x37};
static const char secret_text[] = "GPU-9a01c355-7e10-4288-b10f-662d9104e837";

/* What the driver knows a GPU by besides, in two halves of a list. */
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

/* A driver that makes a client, and says which GPU there is in all ways. */
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

/* A file, a client, what its GPU is known by, a descriptor, and the end of the file. */
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

/* Takes an act before it is played. */
typedef void (*Change)(TraceAct *act, gpointer data);

/* (transfer full): the first difference, or NULL. */
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

/* What a handler of another day would do differently shows as what the recording has differently. */
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

/* Everything of a recording that bytes may be in. */
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

/* What a scrubber and a gatherer need. */
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
