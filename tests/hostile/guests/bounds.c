/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that passes counts at every boundary, and descriptors of every wrong kind.
 *
 *     bounds counts    arrays with the largest number of elements, one more, and so many that their size
 *                      wraps; each line says "within", "beyond" or "none"
 *     bounds files     calls that take a descriptor
 *
 * Behind each array there is no memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "abi/control/ctrl2080-bus.h"
#include "tests/guest/rm.h"

#define PAGE     4096UL
#define MEBIBYTE (1UL << 20)

/* --- counts ------------------------------------------------------------------------------------ */

typedef struct {
    const char *name;
    NvU32 command;
    NvHandle object; /* 0: the client */
    const char *count;
    const char *arrays[2];
    NvU32 element;
    bool square; /* the array has the count's square of elements */
} ArrayCall;

static const ArrayCall array_calls[] = {
    {"bus info",
     NV2080_CTRL_CMD_BUS_GET_INFO,
     H_SUBDEVICE,
     "busInfoListSize",
     {"busInfoList"},
     8,
     false},
    {"class list",
     NV0080_CTRL_CMD_GPU_GET_CLASSLIST,
     H_DEVICE,
     "numClasses",
     {"classList"},
     4,
     false},
    {"register operations",
     NV2080_CTRL_CMD_GPU_EXEC_REG_OPS,
     H_SUBDEVICE,
     "regOpCount",
     {"regOps"},
     32,
     false},
    {"capabilities", NV0080_CTRL_CMD_FB_GET_CAPS, H_DEVICE, "capsTblSize", {"capsTbl"}, 1, false},
    {"channel list",
     NV0080_CTRL_CMD_FIFO_GET_CHANNELLIST,
     H_DEVICE,
     "numChannels",
     {"pChannelHandleList", "pChannelList"},
     4,
     false},
    {"peers",
     NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS,
     0,
     "gpuCount",
     {"busPeerIds", "busEgmPeerIds"},
     4,
     true},
};

/* A mebibyte, without memory behind it. */
static char *array_new(void)
{
    char *array =
        mmap(NULL, MEBIBYTE + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (array == MAP_FAILED || mprotect(array + MEBIBYTE, PAGE, PROT_NONE) != 0) {
        exit(1);
    }
    return array;
}

static void call_with(const Tree *t, const ArrayCall *call, NvU32 count, NvU32 most)
{
    static char *arrays[2];
    Params params = control_params(call->command);

    for (int i = 0; i < 2 && call->arrays[i] && params_has(&params, call->arrays[i]); i++) {
        arrays[i] = arrays[i] ? arrays[i] : array_new();
        /* The largest array ends with the memory. */
        NvU64 elements = call->square ? (NvU64)count * count : count;
        NvU64 bytes = count <= most ? elements * call->element : 0;
        params_put(&params, call->arrays[i], 0, (uintptr_t)(arrays[i] + MEBIBYTE - bytes));
    }
    params_put(&params, call->count, 0, count);
    say("%s: %s of %u: %s",
        count == 0      ? "none"
        : count <= most ? "within"
                        : "beyond",
        call->name, count,
        status(rm_control(t->ctl, t->client, call->object ? call->object : t->client, call->command,
                          params.data, params.size)));
    params_free(&params);
}

static void counts(const Tree *t)
{
    for (size_t i = 0; i < sizeof array_calls / sizeof array_calls[0]; i++) {
        const ArrayCall *call = &array_calls[i];
        NvU32 most = (NvU32)(MEBIBYTE / call->element);
        if (call->square) {
            most = 512; /* its square has that size */
        }
        const NvU32 values[] = {0,
                                1,
                                most - 1,
                                most,
                                most + 1,
                                0x10000,
                                0x10001,
                                (NvU32)(UINT32_MAX / call->element) + 1,
                                (NvU32)(UINT32_MAX / call->element) + 2,
                                0x7fffffff,
                                0x80000000,
                                UINT32_MAX};
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
            call_with(t, call, values[v], most);
        }
    }
}

/* --- descriptors ------------------------------------------------------------------------------- */

static int64_t register_file(const Tree *t, int fd)
{
    nv_ioctl_register_fd_t args = {.ctl_fd = fd};
    int gpu = node("nvidia0");
    int64_t result =
        ioctl(gpu, _IOWR(NV_IOCTL_MAGIC, NV_ESC_REGISTER_FD, args), &args) != 0 ? -errno : 0;

    (void)t;
    close(gpu);
    return result;
}

static int64_t map_into(const Tree *t, int fd)
{
    return rm_map(t->ctl, t->client, H_OTHER, 0, PAGE, fd, NULL);
}

static int64_t event_on(const Tree *t, int fd)
{
    nv_ioctl_alloc_os_event_t args = {.hClient = t->client, .fd = (NvU32)fd};

    return ioctl_status(t->gpu, NV_ESC_ALLOC_OS_EVENT, &args, sizeof args,
                        offsetof(nv_ioctl_alloc_os_event_t, Status));
}

static int64_t space_of(const Tree *t, int fd)
{
    UVM_MM_INITIALIZE_PARAMS args = {.uvmFd = fd};
    int uvm = node("nvidia-uvm");
    int64_t result = ioctl(uvm, UVM_MM_INITIALIZE, &args) != 0 ? -errno : (int64_t)args.rmStatus;

    (void)t;
    close(uvm);
    return result;
}

static const struct {
    const char *name;
    int64_t (*call)(const Tree *t, int fd);
} file_calls[] = {
    {"register", register_file},
    {"map", map_into},
    {"event", event_on},
    {"address space", space_of},
};

static void files(const Tree *t)
{
    int pipes[2] = {-1, -1};
    int sockets[2] = {-1, -1};

    if (pipe2(pipes, O_CLOEXEC) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0 ||
        memory_new(t, H_OTHER, NV01_MEMORY_SYSTEM, PAGE) != 0) {
        exit(1);
    }
    const struct {
        const char *name;
        int fd;
    } kinds[] = {
        {"closed", 77},
        {"-1", -1},
        {"the largest", INT32_MAX},
        {"the smallest", INT32_MIN},
        {"a file", open("/etc/passwd", O_RDONLY | O_CLOEXEC)},
        {"a directory", open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)},
        {"a pipe", pipes[0]},
        {"a socket", sockets[0]},
        {"an epoll", epoll_create1(EPOLL_CLOEXEC)},
        {"memory", memfd_create("memory", MFD_CLOEXEC)},
        {"another device", open("/dev/null", O_RDWR | O_CLOEXEC)},
        {"a path", open("/dev/nvidiactl", O_PATH | O_CLOEXEC)},
        {"nvidia-uvm", node("nvidia-uvm")},
        {"nvidia-uvm-tools", node("nvidia-uvm-tools")},
    };
    for (size_t call = 0; call < sizeof file_calls / sizeof file_calls[0]; call++) {
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            say("%s, %s: %s", file_calls[call].name, kinds[i].name,
                status(file_calls[call].call(t, kinds[i].fd)));
        }
    }
}

int main(int argc, char **argv)
{
    setlinebuf(stdout);
    if (argc != 2) {
        fprintf(stderr, "usage: bounds counts|files\n");
        return 2;
    }
    Tree t = tree();
    if (strcmp(argv[1], "counts") == 0) {
        counts(&t);
    } else {
        files(&t);
    }
    return 0;
}
