/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/proxy/shares/one-gpu.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "abi/alloc-channel.h"
#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/control/ctrl-channel.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl2080-gr.h"
#include "abi/nv-ioctl.h"
#include "abi/status.h"

enum { PARAMS = GUEST_BASE + 0x1000, GPU_ID = 0x5a5a0300, FIRST_CLIENT = 0xc1d00001 };

Fake *fake;
NvFile *ctl;
QuotaPage page;
NV2080_CTRL_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2_PARAMS_V570 samples;
unsigned n_slices, n_switches, n_schedules, freed_off, n_mixed, n_started;
gint64 ran_us;
bool refuses_to_switch;

static Thing things[THINGS_MAX];
static unsigned n_things;
static unsigned n_clients;
static int owners[THINGS_MAX]; /* of clients: the host file */

void reset_counts(void)
{
    n_slices = n_switches = n_schedules = freed_off = n_mixed = n_started = 0;
    ran_us = 0;
}

static Thing *find(NvHandle of, NvHandle handle)
{
    for (unsigned i = 0; i < n_things; i++) {
        if (things[i].client == of && things[i].handle == handle) {
            return &things[i];
        }
    }
    return NULL;
}

NvHandle client(void)
{
    return FIRST_CLIENT;
}

Thing *thing(NvHandle handle)
{
    return find(client(), handle);
}

unsigned n_running(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < n_things; i++) {
        n += !things[i].is_group && things[i].scheduled && !things[i].off;
    }
    return n;
}

/* --- the driver ------------------------------------------------------------------------------------ */

static void take_out(Thing *gone)
{
    freed_off += gone->off;
    *gone = things[--n_things];
}

/* Free a thing and its children. The handle of a device or a client stands for all. */
static void free_tree(NvHandle of, NvHandle handle)
{
    for (unsigned i = 0; i < n_things;) {
        const Thing *it = &things[i];
        const bool goes = it->client == of && (it->handle == handle || it->parent == handle ||
                                               handle == of || handle == DEVICE);
        if (goes) {
            take_out(&things[i]);
        } else {
            i++;
        }
    }
}

static NvU32 alloc(NVOS64_PARAMETERS *p, int fd)
{
    if (p->hClass == NV01_ROOT_CLIENT) {
        owners[n_clients] = fd;
        p->hObjectNew = FIRST_CLIENT + n_clients++;
    } else if (owners[p->hRoot - FIRST_CLIENT] != fd) {
        return NV_ERR_INVALID_CLIENT;
    } else if (p->hClass == KEPLER_CHANNEL_GROUP_A || p->hClass == HOPPER_CHANNEL_GPFIFO_A) {
        cr_assert_lt(n_things, THINGS_MAX);
        things[n_things++] = (Thing){.client = p->hRoot,
                                     .handle = p->hObjectNew,
                                     .parent = p->hObjectParent,
                                     .is_group = p->hClass == KEPLER_CHANNEL_GROUP_A,
                                     .slice = DRIVERS_SLICE};
    } else if (p->hClass == NV01_DEVICE_0) {
        cr_assert_eq(((NV0080_ALLOC_PARAMETERS *)(uintptr_t)p->pAllocParms)->deviceId, INSTANCE);
    }
    return NV_OK;
}

/* Count when a channel starts, and measure for how long it runs. */
static void set_state(Thing *it, bool scheduled, bool off)
{
    const bool ran = it->scheduled && !it->off;
    const bool runs = scheduled && !off;

    it->scheduled = scheduled;
    it->off = off;
    if (runs && !ran) {
        n_started += it->is_group ? 0 : 1;
        it->since = g_get_monotonic_time();
    } else if (ran && !runs) {
        ran_us += it->is_group ? 0 : g_get_monotonic_time() - it->since;
    }
}

static NvU32 driver_schedule(Thing *it, const NvU8 *params, bool has_skip)
{
    n_schedules++;
    for (unsigned i = 0; i < n_things; i++) {
        Thing *one = &things[i];
        if (one == it || (it->is_group && one->client == it->client && one->parent == it->handle)) {
            set_state(one, params[0], params[0] && has_skip && params[2] && !one->is_group);
        }
    }
    return NV_OK;
}

static NvU32 driver_switch(const NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS *params)
{
    n_switches++;
    if (refuses_to_switch) {
        return NV_ERR_NOT_SUPPORTED;
    }
    cr_assert_leq(params->numChannels, NV2080_CTRL_FIFO_DISABLE_CHANNELS_MAX_ENTRIES);
    cr_assert_eq(params->pRunlistPreemptEvent, 0);
    for (NvU32 i = 0; i < params->numChannels; i++) {
        if (!find(params->hClientList[i], params->hChannelList[i])) {
            n_mixed++;
            return NV_ERR_INVALID_OBJECT_HANDLE;
        }
    }
    for (NvU32 i = 0; i < params->numChannels; i++) {
        Thing *it = find(params->hClientList[i], params->hChannelList[i]);
        set_state(it, it->scheduled, params->bDisable);
    }
    return NV_OK;
}

static NvU32 slice_control(Thing *group, NvV32 command, NvU64 *slice)
{
    if (command == NVA06C_CTRL_CMD_SET_TIMESLICE) {
        n_slices++;
        group->slice = *slice;
    } else {
        *slice = group->slice;
    }
    return NV_OK;
}

static NvU32 control(const NVOS54_PARAMETERS *p, int fd)
{
    void *params = (void *)(uintptr_t)p->params;
    Thing *it = find(p->hClient, p->hObject);

    if (owners[p->hClient - FIRST_CLIENT] != fd) {
        return NV_ERR_INVALID_CLIENT;
    }
    switch (p->cmd) {
    case NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2:
        ((NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS *)params)->deviceInstance = INSTANCE;
        return NV_OK;
    case NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS:
        return driver_switch(params);
    case NV2080_CTRL_CMD_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2:
        cr_assert_eq(p->paramsSize, sizeof samples);
        memcpy(params, &samples, sizeof samples);
        return NV_OK;
    case NVA06C_CTRL_CMD_GPFIFO_SCHEDULE:
    case NVA06F_CTRL_CMD_GPFIFO_SCHEDULE:
        return it ? driver_schedule(it, params, p->paramsSize > 2) : NV_ERR_INVALID_OBJECT_HANDLE;
    case NVA06C_CTRL_CMD_SET_TIMESLICE:
    case NVA06C_CTRL_CMD_GET_TIMESLICE:
        return it ? slice_control(it, p->cmd, params) : NV_ERR_INVALID_OBJECT_HANDLE;
    default:
        cr_assert_fail("asked 0x%x", p->cmd);
        return NV_ERR_NOT_SUPPORTED;
    }
}

static int answer(Fake *f, uint32_t command, void *argument)
{
    const int fd = f->last.fd;

    if (_IOC_TYPE(command) != 'F') {
        return 0; /* nvidia-uvm */
    }
    switch (_IOC_NR(command)) {
    case NV_ESC_CARD_INFO:
        memset(argument, 0, _IOC_SIZE(command));
        *(nv_ioctl_card_info_t *)argument =
            (nv_ioctl_card_info_t){.valid = 1, .gpu_id = GPU_ID, .minor_number = 0};
        return 0;
    case NV_ESC_RM_ALLOC:
        ((NVOS64_PARAMETERS *)argument)->status = alloc(argument, fd);
        return 0;
    case NV_ESC_RM_CONTROL:
        ((NVOS54_PARAMETERS *)argument)->status = control(argument, fd);
        return 0;
    case NV_ESC_RM_FREE: {
        NVOS00_PARAMETERS *p = argument;
        p->status = owners[p->hRoot - FIRST_CLIENT] == fd ? NV_OK : NV_ERR_INVALID_CLIENT;
        if (p->status == NV_OK) {
            free_tree(p->hRoot, p->hObjectOld);
        }
        return 0;
    }
    default:
        return EINVAL;
    }
}

/* --- the guest ------------------------------------------------------------------------------------- */

static NvU32 make(NvHandle handle, NvHandle parent, NvV32 class, const void *params, NvU32 size)
{
    NVOS64_PARAMETERS p = {.hRoot = class == NV01_ROOT_CLIENT ? 0 : client(),
                           .hObjectParent = parent,
                           .hObjectNew = handle,
                           .hClass = class,
                           .pAllocParms = size ? PARAMS : 0,
                           .paramsSize = size};

    if (size) {
        memcpy(fake_at(fake, PARAMS), params, size);
    }
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &p, sizeof p), 0);
    return p.status;
}

void gpu_start(void)
{
    const NV0080_ALLOC_PARAMETERS of_device = {.deviceId = INSTANCE};

    n_things = n_clients = 0;
    ctl = fake_open(fake, FAKE_CTL, 3);
    cr_assert_eq(make(0, 0, NV01_ROOT_CLIENT, NULL, 0), NV_OK);
    cr_assert_eq(make(DEVICE, client(), NV01_DEVICE_0, &of_device, sizeof of_device), NV_OK);
}

void gpu_setup(const char *version)
{
    const InstanceQuota quota = {.by_gpu = false};

    memset(&page, 0, sizeof page);
    memset(&samples, 0, sizeof samples);
    refuses_to_switch = false;
    reset_counts();
    fake = fake_new(version, NV_CAPS_SUPPORTED);
    fake->answer = answer;
    proxy_clear(&fake->proxy); /* again, with room for more */
    proxy_init(&fake->proxy, fake->abi, NV_CAPS_SUPPORTED, fake->devices,
               G_N_ELEMENTS(fake->devices), &(ProxyLimits){16, {4, THINGS_MAX}}, &fake->host);
    proxy_set_quota(&fake->proxy, &quota, &page);
    gpu_start();
}

void gpu_teardown(void)
{
    fake_free(fake);
}

NvU32 make_group(NvHandle handle, NvU32 engine)
{
    const NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS params = {.engineType = engine};

    return make(handle, DEVICE, KEPLER_CHANNEL_GROUP_A, &params, sizeof params);
}

NvU32 make_channel(NvHandle handle, NvHandle parent, NvU32 engine)
{
    const NV_CHANNEL_ALLOC_PARAMS_V570 params = {.engineType =
                                                     engine}; /* begins as the older one */

    return make(handle, parent, HOPPER_CHANNEL_GPFIFO_A, &params, sizeof params);
}

static NvU32 call_control(NvHandle object, NvV32 command, void *params, NvU32 size)
{
    NVOS54_PARAMETERS p = {.hClient = client(),
                           .hObject = object,
                           .cmd = command,
                           .params = PARAMS,
                           .paramsSize = size};

    memcpy(fake_at(fake, PARAMS), params, size);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_CONTROL, &p, sizeof p), 0);
    memcpy(params, fake_at(fake, PARAMS), size);
    return p.status;
}

NvU32 schedule(NvHandle handle, bool enable)
{
    const bool is_group = thing(handle) && thing(handle)->is_group;
    const NvV32 command =
        is_group ? NVA06C_CTRL_CMD_GPFIFO_SCHEDULE : NVA06F_CTRL_CMD_GPFIFO_SCHEDULE;
    NvU8 params[3] = {enable};
    const NvU32 size = (NvU32)driver_abi_lookup(fake->abi, ABI_CONTROL, command)->layout->size;
    const NvU32 status = call_control(handle, command, params, size);

    cr_expect(params[0] == enable && params[1] == 0 && params[2] == 0,
              "the guest reads what it wrote");
    return status;
}

NvU32 set_slice(NvHandle group, NvU64 slice)
{
    const NvU64 wanted = slice;
    const NvU32 status = call_control(group, NVA06C_CTRL_CMD_SET_TIMESLICE, &slice, sizeof slice);

    cr_expect_eq(slice, wanted, "the guest reads what it wrote");
    return status;
}

NvU64 get_slice(NvHandle group)
{
    NvU64 slice = 7;

    cr_expect_eq(call_control(group, NVA06C_CTRL_CMD_GET_TIMESLICE, &slice, sizeof slice), NV_OK);
    return slice;
}

NvU32 switch_off(NvHandle channel, bool off)
{
    NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS params = {.bDisable = off, .numChannels = 1};

    params.hClientList[0] = client();
    params.hChannelList[0] = channel;
    const NvU32 status =
        call_control(SUBDEVICE, NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS, &params, sizeof params);
    cr_expect(params.numChannels == 1 && params.hClientList[0] == client() &&
                  params.hChannelList[0] == channel,
              "the guest reads what it wrote");
    return status;
}

NvU32 free_object(NvHandle handle)
{
    NVOS00_PARAMETERS p = {.hRoot = client(), .hObjectParent = DEVICE, .hObjectOld = handle};

    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_FREE, &p, sizeof p), 0);
    return p.status;
}

void make_context(unsigned i)
{
    cr_assert_eq(make_group(GROUP + i, COMPUTE), NV_OK);
    cr_assert_eq(make_channel(CHANNEL + 2 * i, GROUP + i, COMPUTE), NV_OK);
    cr_assert_eq(make_channel(CHANNEL + 2 * i + 1, GROUP + i, COMPUTE), NV_OK);
    cr_assert_eq(schedule(GROUP + i, true), NV_OK);
}
