/* SPDX-License-Identifier: Apache-2.0 */
/* Finds out which GPUs are ours, and by which ids, UUIDs and device instances the driver knows them. */
#include "cuse-server/proxy/scope/gpu-scope.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <glib.h>

#include "abi/class.h"
#include "abi/control/ctrl0000.h"
#include "abi/status.h"
#include "cuse-server/proxy/call/frontend-word.h"

/* Flag of NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID: return the UUID as bytes, SHA-1. */
#define UUID_FLAGS_BINARY 0x2
#define INSTANCES         32

const NvU8 gpu_scope_no_uuid[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

/*
 * Gpu: a GPU of the host, as it was when the scope was prepared.
 * @device: index into the instance's devices, or -1: not ours
 * @has_uuid: @uuid is known; guarded by the scope's lock, because the driver may learn the UUID later
 */
typedef struct {
    NvU32 id;
    nv_pci_info_t address;
    int device;
    bool has_uuid;
    NvU8 uuid[16];
} Gpu;

struct GpuScope {
    const Device *devices;
    unsigned n_devices;
    Host *host;
    int ctl; /* the scope's own nvidiactl file, which @client is on */
    NvHandle client;
    GMutex lock; /* guards gpu_scope_prepare() and the UUIDs */
    gint ready;  /* atomic: what follows is filled in, and no longer changes except for the UUIDs */
    unsigned n_gpus;
    Gpu gpus[NV_MAX_DEVICES];
};

GpuScope *gpu_scope_new(const Device *devices, unsigned n_devices, Host *host)
{
    GpuScope *scope = g_new0(GpuScope, 1);

    scope->devices = devices;
    scope->n_devices = n_devices;
    scope->host = host;
    scope->ctl = -1;
    g_mutex_init(&scope->lock);
    return scope;
}

void gpu_scope_free(GpuScope *scope)
{
    if (scope) {
        gpu_scope_release(scope, scope->ctl);
        g_mutex_clear(&scope->lock);
        g_free(scope);
    }
}

/* --- asking the driver ------------------------------------------------------------------------ */

static int scope_ioctl(const GpuScope *scope, uint32_t number, void *params, size_t size)
{
    HostCall call;

    host_call_begin(&call, scope->ctl, frontend_command(number, size), params, size);
    return scope->host->ops->ioctl(scope->host, &call);
}

/* Make a control command on the scope's own client. Returns true if it succeeded. */
static bool scope_control(const GpuScope *scope, NvV32 command, void *params, NvU32 size)
{
    NVOS54_PARAMETERS control = {
        .hClient = scope->client,
        .hObject = scope->client,
        .cmd = command,
        .params = (uintptr_t)params,
        .paramsSize = size,
    };

    HostCall call;

    host_call_begin(&call, scope->ctl, frontend_command(NV_ESC_RM_CONTROL, sizeof control),
                    &control, sizeof control);
    call.buffers[call.n_buffers++] =
        (HostBuffer){.at = params, .size = size, .offset = offsetof(NVOS54_PARAMETERS, params)};
    return scope->host->ops->ioctl(scope->host, &call) == 0 && control.status == NV_OK;
}

/* Ask for the device instance of a GPU. Returns false if the GPU is not started now. */
static bool ask_instance(const GpuScope *scope, const Gpu *gpu, NvU32 *instance)
{
    NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS info = {.gpuId = gpu->id};
    bool ok = scope_control(scope, NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2, &info, sizeof info) &&
              info.deviceInstance < INSTANCES;

    *instance = info.deviceInstance;
    return ok;
}

/* Ask for the UUID of a GPU. The driver knows it only if the GPU has been started at least once. */
static void ask_uuid(const GpuScope *scope, Gpu *gpu)
{
    NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS params = {.gpuId = gpu->id,
                                                          .flags = UUID_FLAGS_BINARY};

    if (scope_control(scope, NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID, &params, sizeof params) &&
        params.uuidStrLen == sizeof gpu->uuid) {
        memcpy(gpu->uuid, params.gpuUuid, sizeof gpu->uuid);
        gpu->has_uuid = true;
    }
}

/* --- preparing -------------------------------------------------------------------------------- */

/* Find the device with this minor number. Returns its index, or -1. */
static int find_device(const GpuScope *scope, unsigned minor_no)
{
    for (unsigned i = 0; i < scope->n_devices; i++) {
        if (scope->devices[i].kind == DEVICE_FRONTEND &&
            minor(scope->devices[i].number) == minor_no) {
            return (int)i;
        }
    }
    return -1;
}

static int open_ctl(GpuScope *scope)
{
    int device = find_device(scope, NV_MINOR_DEVICE_NUMBER_CONTROL_DEVICE);
    int fd = device < 0 ? -ENODEV : scope->host->ops->open(scope->host, (unsigned)device, O_RDWR);

    scope->ctl = fd < 0 ? -1 : fd;
    return fd < 0 ? -fd : 0;
}

static int make_client(GpuScope *scope)
{
    NVOS64_PARAMETERS alloc = {.hClass = NV01_ROOT_CLIENT};
    int error = scope_ioctl(scope, NV_ESC_RM_ALLOC, &alloc, sizeof alloc);

    scope->client = alloc.hObjectNew;
    return error ? error : alloc.status == NV_OK ? 0 : EIO;
}

static int list_gpus(GpuScope *scope)
{
    nv_ioctl_card_info_t cards[NV_MAX_DEVICES] = {0};
    int error = scope_ioctl(scope, NV_ESC_CARD_INFO, cards, sizeof cards);

    scope->n_gpus = 0;
    for (unsigned i = 0; i < NV_MAX_DEVICES && !error; i++) {
        if (cards[i].valid) {
            scope->gpus[scope->n_gpus++] = (Gpu){
                .id = cards[i].gpu_id,
                .address = cards[i].pci_info,
                .device = cards[i].minor_number <= NV_MINOR_DEVICE_NUMBER_REGULAR_MAX
                              ? find_device(scope, cards[i].minor_number)
                              : -1,
            };
        }
    }
    return error;
}

int gpu_scope_prepare(GpuScope *scope)
{
    if (g_atomic_int_get(&scope->ready)) {
        return 0;
    }
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&scope->lock);
    if (g_atomic_int_get(&scope->ready)) {
        return 0;
    }
    int error = open_ctl(scope);
    error = error ? error : make_client(scope);
    error = error ? error : list_gpus(scope);
    if (error) {
        gpu_scope_release(scope, scope->ctl);
        scope->ctl = -1;
        return error;
    }
    g_atomic_int_set(&scope->ready, 1);
    return 0;
}

/* --- questions -------------------------------------------------------------------------------- */

bool gpu_scope_has_id(const GpuScope *scope, NvU32 gpu_id)
{
    for (unsigned i = 0; i < scope->n_gpus; i++) {
        if (scope->gpus[i].id == gpu_id) {
            return scope->gpus[i].device >= 0;
        }
    }
    return false;
}

bool gpu_scope_has_address(const GpuScope *scope, NvU32 domain, NvU32 bus, NvU32 slot)
{
    for (unsigned i = 0; i < scope->n_gpus; i++) {
        const nv_pci_info_t *address = &scope->gpus[i].address;
        if (address->domain == domain && address->bus == bus && address->slot == slot) {
            return scope->gpus[i].device >= 0;
        }
    }
    return false;
}

/* Check whether this is the UUID of one of our GPUs (@ours), or of one of the others (not @ours). */
static bool is_uuid_of(GpuScope *scope, const NvU8 *uuid, bool ours)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&scope->lock);

    for (unsigned i = 0; i < scope->n_gpus; i++) {
        Gpu *gpu = &scope->gpus[i];
        if ((gpu->device >= 0) != ours) {
            continue;
        }
        if (!gpu->has_uuid) {
            ask_uuid(scope, gpu);
        }
        if (gpu->has_uuid && memcmp(gpu->uuid, uuid, sizeof gpu->uuid) == 0) {
            return true;
        }
    }
    return false;
}

bool gpu_scope_has_uuid(GpuScope *scope, const NvU8 *uuid)
{
    return is_uuid_of(scope, uuid, true);
}

bool gpu_scope_is_foreign_uuid(GpuScope *scope, const NvU8 *uuid)
{
    return is_uuid_of(scope, uuid, false);
}

NvU32 gpu_scope_instances(GpuScope *scope)
{
    NvU32 mask = 0;

    for (unsigned i = 0; i < scope->n_gpus; i++) {
        NvU32 instance;
        if (scope->gpus[i].device >= 0 && ask_instance(scope, &scope->gpus[i], &instance)) {
            mask |= 1U << instance;
        }
    }
    return mask;
}

NvU32 gpu_scope_free_instance(GpuScope *scope)
{
    NV0000_CTRL_GPU_GET_DEVICE_IDS_PARAMS used = {0};
    /* Past the last one: the result if the driver does not tell, or if all are used. */
    NvU32 instance = INSTANCES;

    /* Search from the top, because GPUs that start meanwhile get the lowest free number. */
    if (scope_control(scope, NV0000_CTRL_CMD_GPU_GET_DEVICE_IDS, &used, sizeof used) &&
        used.deviceIds != UINT32_MAX) {
        do {
            instance--;
        } while (used.deviceIds & (1U << instance));
    }
    return instance;
}

/* Open a GPU, which starts it or keeps it started, and check that it has the instance. Returns the file, or -1. */
static int hold_gpu(GpuScope *scope, const Gpu *gpu, NvU32 instance)
{
    int fd = scope->host->ops->open(scope->host, (unsigned)gpu->device, O_RDWR);
    NvU32 now;

    if (fd >= 0 && (!ask_instance(scope, gpu, &now) || now != instance)) {
        gpu_scope_release(scope, fd);
        fd = -1;
    }
    return fd < 0 ? -1 : fd;
}

int gpu_scope_hold(GpuScope *scope, NvU32 instance, uint32_t *number)
{
    int fd = -1;

    for (unsigned i = 0; i < scope->n_gpus && fd < 0; i++) {
        const Gpu *gpu = &scope->gpus[i];
        NvU32 now;
        if (gpu->device >= 0 && ask_instance(scope, gpu, &now) && now == instance) {
            fd = hold_gpu(scope, gpu, instance);
            *number = device_gpu(scope->devices, (unsigned)gpu->device);
        }
    }
    return fd;
}

void gpu_scope_release(GpuScope *scope, int fd)
{
    if (fd >= 0) {
        host_close(scope->host, fd);
    }
}
