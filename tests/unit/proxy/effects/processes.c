/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of processes: which ones a guest sees, with which numbers and how much memory. */
#include <string.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/control/ctrl2080-gpu.h"
#include "abi/control/ctrl2080-perf.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "tests/unit/support/fake-host.h"

enum {
    CLIENT = 0xc1d00001,
    DEVICE = 0x5c000001,
    SUBDEVICE,
    CHANNEL,
    ENGINE,
    VIDEO,
    SYSTEM,
    COPY,
    PARAMS = GUEST_BASE + 0x1000,
    FOREIGN = 4242, /* a process outside the instance */
};

static Fake *fake;
static NvFile *ctl;
static NvU32 driver_status;
static NV2080_CTRL_GPU_GET_PIDS_PARAMS host_pids;
static NV2080_CTRL_GPU_GET_PID_INFO_PARAMS host_info;

/* The driver: it names another process, with memory. */
static int answer(Fake *f, uint32_t command, void *argument)
{
    NVOS54_PARAMETERS *outer = argument;
    void *params = (void *)(uintptr_t)outer->params;

    (void)f;
    (void)command;
    outer->status = driver_status;
    if (outer->cmd == NV2080_CTRL_CMD_GPU_GET_PIDS) {
        NV2080_CTRL_GPU_GET_PIDS_PARAMS *pids = params;
        host_pids = *pids;
        pids->pidTblCount = 2;
        pids->pidTbl[0] = pids->pidTbl[1] = FOREIGN;
    } else if (outer->cmd == NV2080_CTRL_CMD_GPU_GET_PID_INFO) {
        NV2080_CTRL_GPU_GET_PID_INFO_PARAMS *info = params;
        host_info = *info;
        for (int i = 0; i < 200; i++) {
            info->pidInfoList[i].data.vidMemUsage.memPrivate = FOREIGN;
            info->pidInfoList[i].smcSubscription.gpuInstanceId = 5;
        }
    } else {
        memset(params, 0xa5, outer->paramsSize);
        ((NV2080_CTRL_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2_PARAMS *)params)->count = 3;
    }
    return 0;
}

static void add(Client *client, NvHandle handle, NvU32 class, NvHandle parent, NvU64 bytes)
{
    client_add(client, handle, class, &parent, 1);
    if (bytes) {
        client_set_charge(client, handle, charge_new(&fake->proxy.budgets.any_gpu, bytes));
    }
}

/* Make a client of a process, with all the objects that a program has on a GPU. */
static void add_program(NvHandle handle, uint64_t process, uint32_t gpu, NvU64 bytes)
{
    const GuestProcess owner = {process, 1000};
    Client *client;

    object_tree_add_client(fake->proxy.objects, handle, ctl->id, &owner);
    client = object_tree_lock(fake->proxy.objects, handle);
    add(client, DEVICE, NV01_DEVICE_0, handle, 0);
    client_set_gpu(client, DEVICE, gpu, NO_GPU);
    add(client, SUBDEVICE, NV20_SUBDEVICE_0, DEVICE, 0);
    add(client, CHANNEL, AMPERE_CHANNEL_GPFIFO_A, DEVICE, 0);
    add(client, ENGINE, AMPERE_COMPUTE_A, CHANNEL, 0);
    add(client, VIDEO, NV01_MEMORY_LOCAL_USER, DEVICE, bytes);
    add(client, SYSTEM, NV01_MEMORY_SYSTEM, DEVICE, 1 << 30);
    object_tree_unlock(client);
}

static void knows(uint64_t process, unsigned number)
{
    g_hash_table_insert(fake->numbers, GSIZE_TO_POINTER(process), GUINT_TO_POINTER(number));
}

static void setup(void)
{
    fake = fake_new("580.105.08", NV_CAPS_ALL);
    ctl = fake_open(fake, FAKE_CTL, 3);
    fake->answer = answer;
    driver_status = NV_OK;
    add_program(CLIENT, 101, 0, 4096);
    add_program(CLIENT + 1, 102, 0, 8192);
    knows(101, 12);
    knows(102, 7);
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(processes, .init = setup, .fini = teardown);

static NvU32 control(NvV32 command, void *params, size_t size)
{
    NVOS54_PARAMETERS p = {.hClient = CLIENT,
                           .hObject = SUBDEVICE,
                           .cmd = command,
                           .params = PARAMS,
                           .paramsSize = (NvU32)size};

    memcpy(fake_at(fake, PARAMS), params, size);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_CONTROL, &p, sizeof p), 0);
    memcpy(params, fake_at(fake, PARAMS), size);
    return p.status;
}

/* The processes with an object of a class, as "7 12". */
static char *pids_with(NvU32 type, NvU32 class)
{
    NV2080_CTRL_GPU_GET_PIDS_PARAMS pids = {.idType = type, .id = class};
    GString *text = g_string_new(NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(pids.pidTbl); i++) {
        pids.pidTbl[i] = 0xabcd;
    }
    cr_assert_eq(control(NV2080_CTRL_CMD_GPU_GET_PIDS, &pids, sizeof pids), NV_OK);
    for (NvU32 i = 0; i < pids.pidTblCount; i++) {
        g_string_append_printf(text, "%s%u", i ? " " : "", pids.pidTbl[i]);
    }
    for (size_t i = pids.pidTblCount; i < G_N_ELEMENTS(pids.pidTbl); i++) {
        cr_assert_eq(pids.pidTbl[i], 0xabcd, "what the driver wrote got out");
    }
    return g_string_free(text, FALSE);
}

static void expect_pids(NvU32 type, NvU32 class, const char *wanted)
{
    g_autofree char *pids = pids_with(type, class);

    cr_expect_str_eq(pids, wanted, "type %u class 0x%x", type, class);
}

Test(processes, are_the_guests_own_by_its_own_numbers)
{
    expect_pids(0, NV20_SUBDEVICE_0, "7 12");
    expect_pids(0, AMPERE_COMPUTE_A, "7 12");
    expect_pids(0, TURING_COMPUTE_A, "");
    expect_pids(1, NV20_SUBDEVICE_0, "");
}

Test(processes, on_another_gpu_are_not_listed)
{
    add_program(CLIENT + 2, 103, 1, 4096);
    knows(103, 99);
    expect_pids(0, NV20_SUBDEVICE_0, "7 12");
}

Test(processes, that_the_caller_cannot_see_are_not_listed)
{
    g_hash_table_remove(fake->numbers, GSIZE_TO_POINTER(101));
    expect_pids(0, NV20_SUBDEVICE_0, "7");
}

Test(processes, that_are_gone_from_the_driver_are_not_listed)
{
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT + 1);
    client_free(client, CLIENT + 1);
    object_tree_unlock(client);
    expect_pids(0, NV20_SUBDEVICE_0, "12");
}

Test(processes, with_a_class_of_no_gpu_are_on_this_one)
{
    add_program(CLIENT + 2, 103, 1, 4096);
    knows(103, 99);
    for (NvHandle handle = CLIENT + 1; handle <= CLIENT + 2; handle++) {
        Client *client = object_tree_lock(fake->proxy.objects, handle);
        add(client, COPY, MPS_COMPUTE, handle, 0);
        object_tree_unlock(client);
    }
    expect_pids(0, MPS_COMPUTE, "7");
}

Test(processes, what_the_driver_refuses_lists_nobody)
{
    NV2080_CTRL_GPU_GET_PIDS_PARAMS pids = {.pidTblCount = 77};

    driver_status = NV_ERR_INVALID_ARGUMENT;
    cr_expect_eq(control(NV2080_CTRL_CMD_GPU_GET_PIDS, &pids, sizeof pids),
                 NV_ERR_INVALID_ARGUMENT);
    cr_expect_eq(pids.pidTblCount, 77);
    cr_expect_eq(pids.pidTbl[0], 0);
}

static NV2080_CTRL_GPU_GET_PID_INFO_PARAMS info_of(NvU32 pid, NvU32 index)
{
    NV2080_CTRL_GPU_GET_PID_INFO_PARAMS info = {.pidInfoListCount = 1};

    info.pidInfoList[0] = (NV2080_CTRL_GPU_PID_INFO){.pid = pid, .index = index, .result = 9};
    cr_assert_eq(control(NV2080_CTRL_CMD_GPU_GET_PID_INFO, &info, sizeof info), NV_OK);
    cr_expect_eq(info.pidInfoList[0].pid, pid);
    cr_expect_eq(info.pidInfoList[1].data.vidMemUsage.memPrivate, 0,
                 "what the driver wrote got out");
    return info;
}

static NV2080_CTRL_GPU_PID_INFO_VIDEO_MEMORY_USAGE_DATA memory_of(NvU32 pid)
{
    return info_of(pid, 0).pidInfoList[0].data.vidMemUsage;
}

Test(processes, have_the_memory_that_is_theirs)
{
    cr_expect_eq(memory_of(12).memPrivate, 4096);
    cr_expect_eq(memory_of(7).memPrivate, 8192);
    cr_expect_eq(info_of(12, 0).pidInfoList[0].smcSubscription.gpuInstanceId, 5);
}

Test(processes, that_are_not_the_guests_have_none)
{
    static const NvU32 others[] = {1, FOREIGN, 101, 102, UINT32_MAX};

    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        cr_expect_eq(memory_of(others[i]).memPrivate, 0);
        for (size_t n = 0; n < G_N_ELEMENTS(host_info.pidInfoList); n++) {
            cr_assert_eq(host_info.pidInfoList[n].pid, 1, "the driver was asked about others");
        }
    }
    cr_expect_eq(info_of(0, 0).pidInfoList[0].result, NV_ERR_INVALID_ARGUMENT);
}

Test(processes, share_memory_that_is_duplicated)
{
    ClientPair pair;

    cr_assert(object_tree_lock_pair(fake->proxy.objects, CLIENT + 1, CLIENT, &pair));
    client_copy(pair.first, COPY, DEVICE, pair.second, VIDEO);
    object_tree_unlock_pair(&pair);
    cr_expect_eq(memory_of(12).memPrivate, 0);
    cr_expect_eq(memory_of(12).memSharedOwned, 4096);
    cr_expect_eq(memory_of(7).memPrivate, 8192);
    cr_expect_eq(memory_of(7).memSharedDuped, 4096);

    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    client_free(client, VIDEO);
    object_tree_unlock(client);
    cr_expect_eq(memory_of(7).memPrivate, 8192 + 4096, "the last that has it has it alone");
}

Test(processes, have_sums_that_do_not_wrap)
{
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    static Budget others[2];
    for (int i = 0; i < 2; i++) {
        add(client, COPY + (NvHandle)i, NV01_MEMORY_LOCAL_USER, DEVICE, 0);
        client_set_charge(client, COPY + (NvHandle)i, charge_new(&others[i], INT64_MAX));
    }
    object_tree_unlock(client);
    cr_expect_eq(memory_of(12).memPrivate, UINT64_MAX);
}

Test(processes, more_entries_than_there_is_room_for_are_not_looked_at)
{
    NV2080_CTRL_GPU_GET_PID_INFO_PARAMS info = {.pidInfoListCount = UINT32_MAX};

    control(NV2080_CTRL_CMD_GPU_GET_PID_INFO, &info, sizeof info);
    cr_expect_eq(info.pidInfoList[199].result, NV_ERR_INVALID_ARGUMENT, "pid 0");
}

/* --- samples ---------------------------------------------------------------------------------- */

static const char *const engines[] = {"fb", "gr", "nvenc", "nvdec", "nvjpg", "nvofa"};

static const AbiField *field_of(const AbiLayout *layout, const char *name)
{
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        if (g_str_equal(layout->fields[i].name, name)) {
            return &layout->fields[i];
        }
    }
    return NULL;
}

static bool is_filled_with(const uint8_t *at, const AbiField *field, uint8_t byte)
{
    for (uint32_t i = 0; i < field->size; i++) {
        if (at[field->offset + i] != byte) {
            return false;
        }
    }
    return true;
}

/* A sample of an engine: how busy it was, without the process that used it. */
static void expect_nobody(const uint8_t *sample, const AbiLayout *layout)
{
    cr_expect(is_filled_with(sample, field_of(layout, "util"), 0xa5));
    cr_expect(is_filled_with(sample, field_of(layout, "procId"), 0xff));
    cr_expect(is_filled_with(sample, field_of(layout, "subProcessID"), 0xff));
    cr_expect(is_filled_with(sample, field_of(layout, "subProcessName"), 0));
    const AbiField *pointer = field_of(layout, "pOsPidInfo");
    cr_expect(!pointer || is_filled_with(sample, pointer, 0), "an address of the kernel's");
}

static void check_samples(const char *version)
{
    const AbiEntry *entry;
    g_autofree uint8_t *params = NULL;

    teardown();
    setup();
    fake_free(fake);
    fake = fake_new(version, NV_CAPS_ALL);
    ctl = fake_open(fake, FAKE_CTL, 3);
    fake->answer = answer;
    entry = driver_abi_lookup(fake->abi, ABI_CONTROL,
                              NV2080_CTRL_CMD_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2);
    params = g_malloc0(entry->layout->size);
    cr_expect_eq(control(entry->number, params, entry->layout->size), NV_OK);
    const AbiField *samples = field_of(entry->layout, "samples");
    for (uint32_t i = 0; i < samples->size / samples->type->size; i++) {
        const uint8_t *sample = params + samples->offset + (size_t)i * samples->type->size;
        for (size_t e = 0; i < 3 && e < G_N_ELEMENTS(engines); e++) {
            const AbiField *engine = field_of(samples->type, engines[e]);
            if (engine) {
                expect_nobody(sample + engine->offset, engine->type);
            }
        }
        for (uint32_t b = 0; i >= 3 && b < samples->type->size; b++) {
            cr_assert_eq(sample[b], 0, "%s: left over", version);
        }
    }
}

Test(processes, samples_name_nobody_in_any_shape)
{
    check_samples("535.309.01");
    check_samples("550.90.07");
    check_samples("580.105.08");
}
