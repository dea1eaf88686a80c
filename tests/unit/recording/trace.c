/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings: what they contain of a guest's calls, and how readers treat files that are not recordings. */
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/control/ctrl0000.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "abi/uvm.h"
#include "tests/unit/recording/finished.h"

static int answer(Fake *fake, uint32_t command, void *argument)
{
    NVOS54_PARAMETERS *control = argument;

    (void)fake;
    (void)command;
    control->status = NV_ERR_BUSY_RETRY;
    memset((void *)(uintptr_t)control->params, 0x5a, control->paramsSize);
    return 0;
}

Recording record(uint64_t limit)
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

TraceFile *finish(Recording *r)
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

/* These parameters go to the driver in a block of the proxy's (driver-block.h). */
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

/* Read all acts; a fault must be reported with its offset. */
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
