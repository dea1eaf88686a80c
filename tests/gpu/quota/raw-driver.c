/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the calls as libcuda makes them; the values of flags are those that it passes. */
#include "raw-driver.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl2080-fb.h"
#include "abi/control/ctrl2080-gpu.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/uvm.h"

enum { H_DEVICE = 0x5c000001, H_SUBDEVICE, H_VASPACE, H_MEMORY };

#define PAGE_2M               ((uint64_t)2 << 20)
#define DEVICE_VA_MODE        2    /* NV_DEVICE_ALLOCATION_VAMODE_MULTIPLE_VASPACES */
#define VASPACE_FLAGS         0x48 /* replayable faults, owned by nvidia-uvm */
#define VIDEO_FLAGS           0x1c101
#define VIDEO_ATTR            0x18000000
#define SYSTEM_FLAGS          0xc001
#define SYSTEM_ATTR           0x5a000000
#define GID_BINARY            2
#define EXPORT_OBJECT_RM      1 /* NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TYPE_RM */
#define MAP_READ_WRITE_ATOMIC 1 /* UvmGpuMappingTypeReadWriteAtomic */
#define FB_HEAP_SIZE          0x09
#define FB_HEAP_FREE          0x16

static int ctl = -1;
static int uvm = -1;
static NvHandle client;
static NvProcessorUuid uuid;
static uintptr_t mappings;

static void die(const char *what)
{
    (void)fprintf(stderr, "raw-memory: ");
    perror(what);
    exit(1);
}

void raw_must(uint32_t status, const char *what)
{
    if (status != RAW_OK) {
        (void)fprintf(stderr, "raw-memory: %s: the driver's status is 0x%x\n", what, status);
        exit(1);
    }
}

/* --- calls */

static int node(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        die(path);
    }
    return fd;
}

static void call(int fd, unsigned nr, void *argument, size_t size)
{
    if (ioctl(fd, NV_FRONTEND_WORD(nr, size), argument) != 0) {
        (void)fprintf(stderr, "raw-memory: ioctl 0x%x: ", nr);
        die("the driver");
    }
}

static void uvm_call(unsigned long number, void *params, const char *what)
{
    if (ioctl(uvm, number, params) != 0) {
        die(what);
    }
}

static uint32_t alloc(NvHandle parent, NvHandle object, NvU32 class, void *params)
{
    NVOS64_PARAMETERS args = {.hRoot = client,
                              .hObjectParent = parent,
                              .hObjectNew = object,
                              .hClass = class,
                              .pAllocParms = (uintptr_t)params};

    call(ctl, NV_ESC_RM_ALLOC, &args, sizeof args);
    return args.status;
}

static uint32_t control(NvHandle object, NvU32 command, void *params, size_t size)
{
    NVOS54_PARAMETERS args = {.hClient = client,
                              .hObject = object,
                              .cmd = command,
                              .params = (uintptr_t)params,
                              .paramsSize = (NvU32)size};

    call(ctl, NV_ESC_RM_CONTROL, &args, sizeof args);
    return args.status;
}

/* --- the GPU */

/* Open the GPU with the lowest number, and tie it to the client's file. */
static void open_gpu(void)
{
    char path[32];
    int fd = -1;

    for (unsigned i = 0; fd < 0 && i < NV_MAX_DEVICES; i++) {
        (void)snprintf(path, sizeof path, "/dev/nvidia%u", i);
        fd = open(path, O_RDWR | O_CLOEXEC);
    }
    if (fd < 0) {
        die("/dev/nvidia0 to /dev/nvidia31");
    }
    nv_ioctl_register_fd_t tie = {.ctl_fd = ctl};
    call(fd, NV_ESC_REGISTER_FD, &tie, sizeof tie);
}

static void new_client(void)
{
    NVOS21_PARAMETERS root = {.hClass = NV01_ROOT};

    call(ctl, NV_ESC_RM_ALLOC, &root, sizeof root);
    raw_must(root.status, "client");
    client = root.hObjectNew;
}

static NvU32 device_number(void)
{
    NV0000_CTRL_GPU_GET_ATTACHED_IDS_PARAMS ids = {0};
    NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS info = {0};

    raw_must(control(client, NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS, &ids, sizeof ids),
             "list of GPUs");
    info.gpuId = ids.gpuIds[0];
    raw_must(control(client, NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2, &info, sizeof info), "GPU");
    return info.deviceInstance;
}

void raw_start(void)
{
    NV0080_ALLOC_PARAMETERS device = {.vaMode = DEVICE_VA_MODE};
    NV2080_ALLOC_PARAMETERS subdevice = {0};

    ctl = node("/dev/nvidiactl");
    open_gpu();
    new_client();
    device.deviceId = device_number();
    device.hClientShare = client;
    raw_must(alloc(client, H_DEVICE, NV01_DEVICE_0, &device), "device");
    raw_must(alloc(H_DEVICE, H_SUBDEVICE, NV20_SUBDEVICE_0, &subdevice), "subdevice");
}

/* --- memory */

uint32_t raw_alloc(unsigned index, uint32_t object_class, size_t bytes)
{
    const bool video = object_class == RAW_VIDEO;
    NV_MEMORY_ALLOCATION_PARAMS_V545 params = {.owner = client,
                                               .flags = video ? VIDEO_FLAGS : SYSTEM_FLAGS,
                                               .attr = video ? VIDEO_ATTR : SYSTEM_ATTR,
                                               .size = bytes,
                                               .alignment = video ? PAGE_2M : 0};

    return alloc(H_DEVICE, H_MEMORY + index, object_class, &params);
}

uint32_t raw_free(unsigned index)
{
    NVOS00_PARAMETERS args = {
        .hRoot = client, .hObjectParent = H_DEVICE, .hObjectOld = H_MEMORY + index};

    call(ctl, NV_ESC_RM_FREE, &args, sizeof args);
    return args.status;
}

uint32_t raw_export(unsigned index, int *fd)
{
    NV0000_CTRL_OS_UNIX_EXPORT_OBJECT_TO_FD_PARAMS params = {
        .object = {.type = EXPORT_OBJECT_RM,
                   .data.rmObject = {.hDevice = H_DEVICE,
                                     .hParent = H_DEVICE,
                                     .hObject = H_MEMORY + index}},
        .fd = node("/dev/nvidiactl")};

    *fd = params.fd;
    return control(client, NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECT_TO_FD, &params, sizeof params);
}

uint32_t raw_memory_info(uint64_t *total, uint64_t *available)
{
    static NV2080_CTRL_FB_GET_INFO_V2_PARAMS_V580 params;

    params.fbInfoListSize = 2;
    params.fbInfoList[0].index = FB_HEAP_SIZE;
    params.fbInfoList[1].index = FB_HEAP_FREE;
    uint32_t status = control(H_SUBDEVICE, NV2080_CTRL_CMD_FB_GET_INFO_V2, &params, sizeof params);
    *total = (uint64_t)params.fbInfoList[0].data << 10;
    *available = (uint64_t)params.fbInfoList[1].data << 10;
    return status;
}

uint32_t raw_process_use(unsigned pid, RawUse *use)
{
    static NV2080_CTRL_GPU_GET_PID_INFO_PARAMS params;
    const NV2080_CTRL_GPU_PID_INFO_VIDEO_MEMORY_USAGE_DATA *memory =
        &params.pidInfoList[0].data.vidMemUsage;

    params.pidInfoListCount = 1;
    params.pidInfoList[0].pid = pid;
    uint32_t status =
        control(H_SUBDEVICE, NV2080_CTRL_CMD_GPU_GET_PID_INFO, &params, sizeof params);
    *use = (RawUse){memory->memPrivate, memory->memSharedOwned, memory->memSharedDuped};
    return status != RAW_OK ? status : params.pidInfoList[0].result;
}

/* --- nvidia-uvm */

static void initialize(void)
{
    UVM_INITIALIZE_PARAMS initialize = {0};
    UVM_MM_INITIALIZE_PARAMS mm = {0};

    uvm = node("/dev/nvidia-uvm");
    int other = node("/dev/nvidia-uvm");
    uvm_call(UVM_INITIALIZE, &initialize, "UVM_INITIALIZE");
    raw_must(initialize.rmStatus, "UVM_INITIALIZE");
    mm.uvmFd = uvm;
    if (ioctl(other, UVM_MM_INITIALIZE, &mm) != 0) {
        die("UVM_MM_INITIALIZE");
    }
    raw_must(mm.rmStatus, "UVM_MM_INITIALIZE");
}

static void register_gpu(void)
{
    NV2080_CTRL_GPU_GET_GID_INFO_PARAMS gid = {.flags = GID_BINARY};
    NV_VASPACE_ALLOCATION_PARAMETERS_V580 space = {.flags = VASPACE_FLAGS, .vaBase = 0x1000};
    UVM_REGISTER_GPU_PARAMS gpu = {.rmCtrlFd = -1};
    UVM_REGISTER_GPU_VASPACE_PARAMS tie = {
        .rmCtrlFd = ctl, .hClient = client, .hVaSpace = H_VASPACE};

    raw_must(control(H_SUBDEVICE, NV2080_CTRL_CMD_GPU_GET_GID_INFO, &gid, sizeof gid),
             "UUID of the GPU");
    memcpy(&uuid, gid.data, sizeof uuid);
    raw_must(alloc(H_DEVICE, H_VASPACE, FERMI_VASPACE_A, &space), "address space");
    gpu.gpu_uuid = uuid;
    uvm_call(UVM_REGISTER_GPU, &gpu, "UVM_REGISTER_GPU");
    raw_must(gpu.rmStatus, "UVM_REGISTER_GPU");
    tie.gpuUuid = uuid;
    uvm_call(UVM_REGISTER_GPU_VASPACE, &tie, "UVM_REGISTER_GPU_VASPACE");
    raw_must(tie.rmStatus, "UVM_REGISTER_GPU_VASPACE");
}

void raw_start_mapping(size_t bytes)
{
    UVM_CREATE_EXTERNAL_RANGE_PARAMS range = {.length = bytes};
    void *reserved =
        mmap(NULL, bytes + PAGE_2M, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (reserved == MAP_FAILED) {
        die("mmap");
    }
    mappings = ((uintptr_t)reserved + PAGE_2M - 1) & ~(PAGE_2M - 1);
    initialize();
    register_gpu();
    range.base = mappings;
    uvm_call(UVM_CREATE_EXTERNAL_RANGE, &range, "UVM_CREATE_EXTERNAL_RANGE");
    raw_must(range.rmStatus, "UVM_CREATE_EXTERNAL_RANGE");
}

uint32_t raw_map(unsigned index, size_t bytes)
{
    static UVM_MAP_EXTERNAL_ALLOCATION_PARAMS_V550 params;

    memset(&params, 0, sizeof params);
    params.base = mappings + index * bytes;
    params.length = bytes;
    params.perGpuAttributes[0].gpuUuid = uuid;
    params.perGpuAttributes[0].gpuMappingType = MAP_READ_WRITE_ATOMIC;
    params.gpuAttributesCount = 1;
    params.rmCtrlFd = ctl;
    params.hClient = client;
    params.hMemory = H_MEMORY + index;
    uvm_call(UVM_MAP_EXTERNAL_ALLOCATION, &params, "UVM_MAP_EXTERNAL_ALLOCATION");
    return params.rmStatus;
}

uint32_t raw_unmap(unsigned index, size_t bytes)
{
    UVM_UNMAP_EXTERNAL_PARAMS params = {
        .base = mappings + index * bytes, .length = bytes, .gpuUuid = uuid};

    uvm_call(UVM_UNMAP_EXTERNAL, &params, "UVM_UNMAP_EXTERNAL");
    return params.rmStatus;
}
