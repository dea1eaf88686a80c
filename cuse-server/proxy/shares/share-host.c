/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/shares/share-host.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/sysmacros.h>

#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/control/ctrl-channel.h"
#include "abi/control/ctrl2080-gr.h"
#include "abi/control/ctrl2080-perf.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "cuse-server/proxy/call/frontend-word.h"
#include "cuse-server/proxy/scope/gpu-scope.h"

/* Handles of the worker's objects in its own clients. */
enum { DEVICE_HANDLE = 0x5ca1e001, SUBDEVICE_HANDLE, GPUS = 32 };

typedef NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS SwitchParams;

/*
 * Lever: what switches the channels of one GPU.
 * @ctl: a nvidiactl file with a client, a device and a subdevice; -1: there is none
 * @held: a file of the GPU
 * @number: of the GPU among the instance's
 */
typedef struct {
    int ctl;
    int held;
    NvHandle client;
    uint32_t number;
} Lever;

/* @open: a bit for each lever that is not closed */
struct ShareHost {
    NvFileTable *files;
    const Device *devices;
    unsigned n_devices;
    Host *host;
    GpuScope *gpus; /* finds the GPU's file; all GPUs of the instance are its GPUs */
    Lever levers[GPUS];
    _Atomic uint32_t open;
};

ShareHost *share_host_new(NvFileTable *files, const Device *devices, unsigned n_devices, Host *host)
{
    ShareHost *shares = g_new0(ShareHost, 1);

    shares->files = files;
    shares->devices = devices;
    shares->n_devices = n_devices;
    shares->host = host;
    shares->gpus = gpu_scope_new(devices, n_devices, host);
    for (unsigned i = 0; i < GPUS; i++) {
        shares->levers[i] = (Lever){.ctl = -1, .held = -1};
    }
    return shares;
}

/* Closing the file frees the client and its objects. */
static void lever_close(ShareHost *shares, Lever *lever)
{
    if (lever->ctl >= 0) {
        host_close(shares->host, lever->ctl);
    }
    gpu_scope_release(shares->gpus, lever->held);
    *lever = (Lever){.ctl = -1, .held = -1};
    shares->open &= ~(UINT32_C(1) << (lever - shares->levers));
}

void share_host_free(ShareHost *shares)
{
    for (unsigned i = 0; i < GPUS; i++) {
        lever_close(shares, &shares->levers[i]);
    }
    gpu_scope_free(shares->gpus);
    g_free(shares);
}

void share_host_let_go(ShareHost *shares, Channels *channels)
{
    for (unsigned i = 0; i < GPUS; i++) {
        if (shares->levers[i].ctl >= 0 && !channels_are_on(channels, i)) {
            lever_close(shares, &shares->levers[i]);
        }
    }
}

/* --- calls --------------------------------------------------------------------------------------- */

static bool make_control(const ShareHost *shares, int fd, NVOS54_PARAMETERS *control, void *params)
{
    HostCall call;

    control->params = (uintptr_t)params;
    host_call_begin(&call, fd, frontend_command(NV_ESC_RM_CONTROL, sizeof *control), control,
                    sizeof *control);
    call.buffers[call.n_buffers++] = (HostBuffer){
        .at = params, .size = control->paramsSize, .offset = offsetof(NVOS54_PARAMETERS, params)};
    return shares->host->ops->ioctl(shares->host, &call) == 0 && control->status == NV_OK;
}

static bool make_object(const ShareHost *shares, int fd, NVOS64_PARAMETERS *alloc, void *params)
{
    HostCall call;

    alloc->pAllocParms = (uintptr_t)params;
    host_call_begin(&call, fd, frontend_command(NV_ESC_RM_ALLOC, sizeof *alloc), alloc,
                    sizeof *alloc);
    if (params) {
        call.buffers[call.n_buffers++] =
            (HostBuffer){.at = params,
                         .size = alloc->paramsSize,
                         .offset = offsetof(NVOS64_PARAMETERS, pAllocParms)};
    }
    return shares->host->ops->ioctl(shares->host, &call) == 0 && alloc->status == NV_OK;
}

void share_host_set_slice(ShareHost *shares, const SliceAct *act)
{
    NVA06C_CTRL_SET_TIMESLICE_PARAMS params = {.timesliceUs = act->slice_us};
    NVOS54_PARAMETERS control = {
        .hClient = act->name.client,
        .hObject = act->name.handle,
        .cmd = NVA06C_CTRL_CMD_SET_TIMESLICE,
        .paramsSize = sizeof params,
    };
    g_autoptr(NvFile) file = nv_file_table_get(shares->files, act->name.owner);

    if (file) {
        make_control(shares, nv_file_fd(file), &control, &params);
    }
}

/* --- levers -------------------------------------------------------------------------------------- */

static int open_ctl(const ShareHost *shares)
{
    for (unsigned i = 0; i < shares->n_devices; i++) {
        if (shares->devices[i].kind == DEVICE_FRONTEND &&
            minor(shares->devices[i].number) == NV_MINOR_DEVICE_NUMBER_CONTROL_DEVICE) {
            return shares->host->ops->open(shares->host, i, O_RDWR);
        }
    }
    return -1;
}

/* Make the lever's client, device and subdevice. */
static bool make_objects(const ShareHost *shares, Lever *lever, uint32_t gpu)
{
    NVOS64_PARAMETERS root = {.hClass = NV01_ROOT_CLIENT};

    if (!make_object(shares, lever->ctl, &root, NULL)) {
        return false;
    }
    lever->client = root.hObjectNew;
    NV0080_ALLOC_PARAMETERS of_device = {.deviceId = gpu, .hClientShare = lever->client};
    NV2080_ALLOC_PARAMETERS of_subdevice = {.subDeviceId = 0};
    NVOS64_PARAMETERS device = {.hRoot = lever->client,
                                .hObjectParent = lever->client,
                                .hObjectNew = DEVICE_HANDLE,
                                .hClass = NV01_DEVICE_0,
                                .paramsSize = sizeof of_device};
    NVOS64_PARAMETERS subdevice = {.hRoot = lever->client,
                                   .hObjectParent = DEVICE_HANDLE,
                                   .hObjectNew = SUBDEVICE_HANDLE,
                                   .hClass = NV20_SUBDEVICE_0,
                                   .paramsSize = sizeof of_subdevice};
    return make_object(shares, lever->ctl, &device, &of_device) &&
           make_object(shares, lever->ctl, &subdevice, &of_subdevice);
}

/* Get the lever of a GPU. The GPU's own file keeps the GPU started, which closing the guest's files could stop. Returns NULL if
 * the driver does not allow it. */
static const Lever *get_lever(ShareHost *shares, uint32_t gpu)
{
    Lever *lever = gpu < GPUS ? &shares->levers[gpu] : NULL;

    if (!lever || lever->ctl >= 0) {
        return lever;
    }
    if (gpu_scope_prepare(shares->gpus) == 0) {
        lever->held = gpu_scope_hold(shares->gpus, gpu, &lever->number);
    }
    lever->ctl = lever->held < 0 ? -1 : open_ctl(shares);
    if (lever->ctl < 0 || !make_objects(shares, lever, gpu)) {
        lever_close(shares, lever);
        return NULL;
    }
    shares->open |= UINT32_C(1) << gpu;
    return lever;
}

bool share_host_has(const ShareHost *shares, uint32_t gpu)
{
    return gpu < GPUS && (shares->open & UINT32_C(1) << gpu);
}

bool share_host_idles(const ShareHost *shares, Channels *channels)
{
    for (uint32_t gpu = 0; gpu < GPUS; gpu++) {
        if (share_host_has(shares, gpu) && !channels_are_on(channels, gpu)) {
            return true;
        }
    }
    return false;
}

bool share_host_samples(ShareHost *shares, uint32_t gpu, void *params, size_t size,
                        uint32_t *number)
{
    const Lever *lever = get_lever(shares, gpu);
    NVOS54_PARAMETERS control = {
        .hClient = lever ? lever->client : 0,
        .hObject = SUBDEVICE_HANDLE,
        .cmd = NV2080_CTRL_CMD_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2,
        .paramsSize = (NvU32)size,
    };

    if (!lever || !make_control(shares, lever->ctl, &control, params)) {
        return false;
    }
    *number = lever->number;
    return true;
}

static bool pull(const ShareHost *shares, const Lever *lever, const ChannelAct *acts, unsigned n)
{
    SwitchParams params = {.bDisable = acts[0].off, .numChannels = n};
    NVOS54_PARAMETERS control = {
        .hClient = lever->client,
        .hObject = SUBDEVICE_HANDLE,
        .cmd = NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS,
        .paramsSize = sizeof params,
    };

    for (unsigned i = 0; i < n; i++) {
        params.hClientList[i] = acts[i].name.client;
        params.hChannelList[i] = acts[i].name.handle;
    }
    return make_control(shares, lever->ctl, &control, &params);
}

/* If the driver refuses all channels of a call because of one, each of the others is still to be switched. */
void share_host_switch(ShareHost *shares, const ChannelAct *acts, unsigned n)
{
    const Lever *lever = get_lever(shares, acts[0].gpu);

    for (unsigned i = 0; i < n; i += NV2080_CTRL_FIFO_DISABLE_CHANNELS_MAX_ENTRIES) {
        const unsigned some = MIN(n - i, NV2080_CTRL_FIFO_DISABLE_CHANNELS_MAX_ENTRIES);
        const bool done = lever && pull(shares, lever, acts + i, some);
        for (unsigned k = i; k < i + some; k++) {
            channel_acted(&acts[k],
                          done || (lever && some > 1 && pull(shares, lever, &acts[k], 1)));
        }
    }
}
