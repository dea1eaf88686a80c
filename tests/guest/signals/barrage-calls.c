/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of call of the program barrage. */
#include "tests/guest/signals/barrage-calls.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096UL
#define CTL  "/dev/nvidiactl"

static Tree t;
static unsigned char described[PAGE] __attribute__((aligned(PAGE)));
static int fd;       /* the descriptor that a call is about */
static int mappable; /* a file with memory to map */
static void *mapped;

static int open_undisturbed(const char *path)
{
    int opened;

    do {
        opened = open(path, O_RDWR | O_CLOEXEC);
    } while (opened < 0 && errno == EINTR);
    return opened;
}

static bool nothing_to_undo(const void *params)
{
    (void)params;
    return true;
}

static void nothing_to_hide(void *params)
{
    (void)params;
}

static void put(void *params, const void *args, size_t size)
{
    memset(params, 0, size);
    memcpy(params, args, size);
}

static bool free_other(const void *params)
{
    const int64_t result = rm_free(t.ctl, t.client, H_OTHER);

    (void)params;
    return result == NV_OK; /* also if the driver does not have the call */
}

static void prepare_version(void *params)
{
    const nv_ioctl_rm_api_version_t args = {.cmd = NV_RM_API_VERSION_CMD_QUERY};

    put(params, &args, sizeof args);
}

static int64_t issue_version(void *params)
{
    return ioctl(t.ctl, _IOWR(NV_IOCTL_MAGIC, NV_ESC_CHECK_VERSION_STR, nv_ioctl_rm_api_version_t),
                 params) == 0
               ? NV_OK
               : -errno;
}

/* A command with a pointer to its parameters, which contain pointers to strings. */
enum { STRING = 64 };

typedef struct {
    NVOS54_PARAMETERS args;
    NV0000_CTRL_SYSTEM_GET_BUILD_VERSION_PARAMS command;
    unsigned char strings[3][STRING];
} BuildVersion;

static void prepare_pointers(void *params)
{
    BuildVersion *p = params;

    memset(p, 0, sizeof *p);
    p->args = (NVOS54_PARAMETERS){.hClient = t.client,
                                  .hObject = t.client,
                                  .cmd = NV0000_CTRL_CMD_SYSTEM_GET_BUILD_VERSION,
                                  .params = (uintptr_t)&p->command,
                                  .paramsSize = sizeof p->command};
    p->command.sizeOfStrings = STRING;
    p->command.pDriverVersionBuffer = (uintptr_t)p->strings[0];
    p->command.pVersionBuffer = (uintptr_t)p->strings[1];
    p->command.pTitleBuffer = (uintptr_t)p->strings[2];
}

static int64_t issue_control(void *params)
{
    return ioctl_status(t.ctl, NV_ESC_RM_CONTROL, params, sizeof(NVOS54_PARAMETERS),
                        offsetof(NVOS54_PARAMETERS, status));
}

static void hide_pointers(void *params)
{
    BuildVersion *p = params;

    if (p->args.params == (uintptr_t)&p->command &&
        p->command.pDriverVersionBuffer == (uintptr_t)p->strings[0] &&
        p->command.pVersionBuffer == (uintptr_t)p->strings[1] &&
        p->command.pTitleBuffer == (uintptr_t)p->strings[2]) {
        p->args.params = 0;
        p->command.pDriverVersionBuffer = p->command.pVersionBuffer = p->command.pTitleBuffer = 0;
    }
}

/* A call that waits in the driver for a moment. */
typedef struct {
    NVOS54_PARAMETERS args;
    MODEL_CTRL_WAIT_PARAMS command;
} Wait;

static void prepare_wait(void *params)
{
    Wait *p = params;

    memset(p, 0, sizeof *p);
    p->args = (NVOS54_PARAMETERS){.hClient = t.client,
                                  .hObject = H_BINAPI,
                                  .cmd = MODEL_CTRL_CMD_WAIT,
                                  .params = (uintptr_t)&p->command,
                                  .paramsSize = sizeof p->command};
    p->command.milliseconds = 1;
}

static void hide_wait(void *params)
{
    Wait *p = params;

    if (p->args.params == (uintptr_t)&p->command) {
        p->args.params = 0;
    }
}

static void prepare_os_event(void *params)
{
    const nv_ioctl_alloc_os_event_t args = {.hClient = t.client, .fd = (NvU32)t.gpu};

    put(params, &args, sizeof args);
}

static int64_t issue_os_event(void *params)
{
    return ioctl_status(t.gpu, NV_ESC_ALLOC_OS_EVENT, params, sizeof(nv_ioctl_alloc_os_event_t),
                        offsetof(nv_ioctl_alloc_os_event_t, Status));
}

static bool free_os_event(const void *params)
{
    nv_ioctl_free_os_event_t args = {.hClient = t.client, .fd = (NvU32)t.gpu};

    (void)params;
    return ioctl_status(t.gpu, NV_ESC_FREE_OS_EVENT, &args, sizeof args,
                        offsetof(nv_ioctl_free_os_event_t, Status)) == NV_OK;
}

static void prepare_description(void *params)
{
    const nv_ioctl_nvos02_parameters_with_fd args = {
        .params = {.hRoot = t.client,
                   .hObjectParent = H_DEVICE,
                   .hObjectNew = H_OTHER,
                   .hClass = NV01_MEMORY_SYSTEM_OS_DESCRIPTOR,
                   .flags = DESCRIBE_FLAGS,
                   .pMemory = (uintptr_t)described,
                   .limit = sizeof described - 1},
        .fd = -1};

    put(params, &args, sizeof args);
}

static int64_t issue_description(void *params)
{
    return ioctl_status(t.gpu, NV_ESC_RM_ALLOC_MEMORY, params,
                        sizeof(nv_ioctl_nvos02_parameters_with_fd),
                        offsetof(NVOS02_PARAMETERS, status));
}

static void prepare_heap(void *params)
{
    NVOS32_PARAMETERS args = {
        .hRoot = t.client, .hObjectParent = H_DEVICE, .function = NVOS32_FUNCTION_ALLOC_SIZE};

    args.data.AllocSize.hMemory = H_OTHER;
    args.data.AllocSize.size = PAGE;
    put(params, &args, sizeof args);
}

static int64_t issue_heap(void *params)
{
    return ioctl_status(t.ctl, NV_ESC_RM_VID_HEAP_CONTROL, params, sizeof(NVOS32_PARAMETERS),
                        offsetof(NVOS32_PARAMETERS, status));
}

static void hide_offset(void *params)
{
    ((NVOS32_PARAMETERS *)params)->data.AllocSize.offset = 0;
}

static void prepare_uvm(void *params)
{
    const UVM_INITIALIZE_PARAMS args = {.flags = 0};

    put(params, &args, sizeof args);
    fd = open_undisturbed("/dev/nvidia-uvm");
}

static int64_t issue_uvm(void *params)
{
    return ioctl(fd, (unsigned long)UVM_INITIALIZE, params) != 0
               ? -errno
               : (int64_t)((UVM_INITIALIZE_PARAMS *)params)->rmStatus;
}

static bool close_fd(const void *params)
{
    (void)params;
    return close(fd) == 0;
}

/* The shape of this struct depends on the driver's version. */
static Params export_params(void *params)
{
    const AbiEntry *entry = driver_abi_lookup(abi(), ABI_FRONTEND, NV_ESC_EXPORT_TO_DMABUF_FD);

    return (Params){.layout = entry->layout, .size = entry->layout->size, .data = params};
}

static void prepare_export(void *params)
{
    Params p = export_params(params);

    memset(p.data, 0, p.size);
    params_put(&p, "fd", 0, (NvU32)-1);
    params_put(&p, "hClient", 0, t.client);
    params_put(&p, "totalObjects", 0, 1);
    params_put(&p, "numObjects", 0, 1);
    params_put(&p, "totalSize", 0, PAGE);
    params_put(&p, "handles", 0, H_VIDEO);
    params_put(&p, "sizes", 0, PAGE);
}

static int64_t issue_export(void *params)
{
    Params p = export_params(params);
    const unsigned long number =
        _IOC(_IOC_READ | _IOC_WRITE, NV_IOCTL_MAGIC, NV_ESC_EXPORT_TO_DMABUF_FD, p.size);

    return ioctl(t.gpu, number, params) == 0 ? (int64_t)params_get(&p, "status", 0) : -errno;
}

static bool close_export(const void *params)
{
    Params p = export_params((void *)params);
    const int exported = (int)params_get(&p, "fd", 0);

    return exported == -1 || close(exported) == 0;
}

static void hide_export(void *params)
{
    Params p = export_params(params);

    params_put(&p, "fd", 0, 0);
}

static void prepare_path(void *params)
{
    put(params, CTL, sizeof CTL);
}

static int64_t issue_open(void *params)
{
    fd = open(params, O_RDWR | O_CLOEXEC);
    return fd >= 0 ? NV_OK : -errno;
}

static bool close_if_opened(const void *params)
{
    return fd < 0 || close_fd(params);
}

static void prepare_file(void *params)
{
    (void)params;
    fd = open_undisturbed(CTL);
}

static int64_t issue_close(void *params)
{
    (void)params;
    return close(fd) == 0 ? NV_OK : -errno;
}

static void prepare_nothing(void *params)
{
    (void)params;
}

static int64_t issue_map(void *params)
{
    (void)params;
    mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, mappable, 0);
    return mapped != MAP_FAILED ? NV_OK : -errno;
}

static bool unmap(const void *params)
{
    (void)params;
    return mapped == MAP_FAILED || munmap(mapped, PAGE) == 0;
}

static void prepare_poll(void *params)
{
    const struct pollfd args = {.fd = t.gpu, .events = POLLIN};

    put(params, &args, sizeof args);
}

static int64_t issue_poll(void *params)
{
    const int n = poll(params, 1, 1);

    return n >= 0 ? n : -errno;
}

const BarrageCall barrage_calls[] = {
    {"struct", prepare_version, issue_version, nothing_to_undo, nothing_to_hide, false, false},
    {"pointers", prepare_pointers, issue_control, nothing_to_undo, hide_pointers, false, false},
    {"wait", prepare_wait, issue_control, nothing_to_undo, hide_wait, false, true},
    {"descriptor", prepare_os_event, issue_os_event, free_os_event, nothing_to_hide, false, false},
    {"memory", prepare_description, issue_description, free_other, nothing_to_hide, true, false},
    {"heap", prepare_heap, issue_heap, free_other, hide_offset, true, false},
    {"uvm", prepare_uvm, issue_uvm, close_fd, nothing_to_hide, true, false},
    {"dma-buf", prepare_export, issue_export, close_export, hide_export, true, false},
    {"open", prepare_path, issue_open, close_if_opened, nothing_to_hide, true, false},
    {"close", prepare_file, issue_close, nothing_to_undo, nothing_to_hide, false, false},
    {"mmap", prepare_nothing, issue_map, unmap, nothing_to_hide, true, false},
    {"poll", prepare_poll, issue_poll, nothing_to_undo, nothing_to_hide, false, true},
};
const size_t barrage_calls_count = G_N_ELEMENTS(barrage_calls);

const Tree *barrage_setup(void)
{
    t = tree();
    mappable = node("nvidiactl");
    if (memory_new(&t, H_SYSTEM, NV01_MEMORY_SYSTEM, PAGE) != NV_OK ||
        memory_new(&t, H_VIDEO, NV01_MEMORY_LOCAL_USER, PAGE) != NV_OK ||
        rm_map(t.ctl, t.client, H_SYSTEM, 0, PAGE, mappable, NULL) != NV_OK) {
        say("no memory");
    }
    return &t;
}
