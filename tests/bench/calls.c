/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures the calls that every program makes, natively or through nvcuse, according to how it is started. Prints a line for
 * each call (measure.h).
 *
 * usage: bench-calls null DEVICE       an ioctl on a device whose ioctl has no effect
 *        bench-calls calls             NVIDIA's calls
 *        bench-calls threads N         N threads, each with a file and a client of its own: "NAME N", how many
 *                                      calls per second they make together
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/uvm.h"
#include "tests/bench/measure.h"

#define COMMAND(nr, type) (0xc0004600UL | sizeof(type) << 16 | (nr))

enum { CALLS = 200, MAP_BYTES = 1 << 16 };

enum { THREADS_MAX = 64, MEASURE_SECONDS = 2 };

static int ctl;
static int uvm;
static int null_device;
static NvHandle client;

/* A system call without a device: the lower bound of all times. */
static void call_nothing(void)
{
    (void)getppid();
}

static void call_struct(void)
{
    nv_ioctl_rm_api_version_t p = {.cmd = NV_RM_API_VERSION_CMD_QUERY};

    check(ioctl(ctl, COMMAND(NV_ESC_CHECK_VERSION_STR, p), &p) == 0, "CHECK_VERSION_STR");
}

static void call_null(void)
{
    check(ioctl(null_device, 0) == 0, "a null ioctl");
}

static void control(int fd, NvHandle root)
{
    NvU32 ids[32] = {0};
    NVOS54_PARAMETERS p = {.hClient = root,
                           .hObject = root,
                           .cmd = 0x214, /* NV0000_CTRL_CMD_GPU_GET_PROBED_IDS */
                           .params = (uintptr_t)ids,
                           .paramsSize = sizeof ids};

    check(ioctl(fd, COMMAND(NV_ESC_RM_CONTROL, p), &p) == 0, "RM_CONTROL");
}

static void call_control(void)
{
    control(ctl, client);
}

/* Two calls that name the caller's own file by its descriptor, measured as one. */
static void call_descriptor(void)
{
    nv_ioctl_alloc_os_event_t made = {.hClient = client, .fd = (NvU32)ctl};
    nv_ioctl_free_os_event_t gone = {.hClient = client, .fd = (NvU32)ctl};

    check(ioctl(ctl, COMMAND(NV_ESC_ALLOC_OS_EVENT, made), &made), "ALLOC_OS_EVENT");
    check(ioctl(ctl, COMMAND(NV_ESC_FREE_OS_EVENT, gone), &gone), "FREE_OS_EVENT");
}

static void call_open_close(void)
{
    int fd = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);

    check(fd >= 0, "open");
    close(fd);
}

/* The cost of the filter for every program: open a file for reading and writing that is not nvcuse's. */
static void call_open_other(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    check(fd >= 0, "open /dev/null");
    close(fd);
}

/*
 * Managed memory, which can be mapped without a GPU. The two calls are measured as one; the second does not leave the kernel.
 */
static void call_map(void)
{
    void *const at = (void *)UINT64_C(0x200000000000);
    void *mapped = mmap(at, MAP_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
                        uvm, (off_t)(uintptr_t)at);

    check(mapped == at, "mmap");
    munmap(mapped, MAP_BYTES);
}

static void (*measured)(void);

static Cost make_calls(void)
{
    const Cost start = cost_now();

    for (int i = 0; i < CALLS; i++) {
        measured();
    }
    return cost_since(&start);
}

static void measure_call(const char *name, void (*call)(void))
{
    measured = call;
    measure(name, make_calls, CALLS);
}

static NvHandle make_client(int fd)
{
    NVOS21_PARAMETERS p = {.hClass = NV01_ROOT};

    check(ioctl(fd, COMMAND(NV_ESC_RM_ALLOC, p), &p) == 0, "RM_ALLOC");
    return p.hObjectNew;
}

static int open_ctl(void)
{
    int fd = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);

    check(fd >= 0, "/dev/nvidiactl");
    return fd;
}

static void measure_null(const char *path)
{
    null_device = open(path, O_RDWR | O_CLOEXEC);
    check(null_device >= 0, path);
    measure_call("null-cuse-ioctl", call_null);
}

static void open_uvm(void)
{
    UVM_INITIALIZE_PARAMS p = {.flags = UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE};

    uvm = open("/dev/nvidia-uvm", O_RDWR | O_CLOEXEC);
    check(uvm >= 0, "/dev/nvidia-uvm");
    check(ioctl(uvm, (unsigned long)UVM_INITIALIZE, &p) == 0, "UVM_INITIALIZE");
}

static void measure_calls(void)
{
    ctl = open_ctl();
    client = make_client(ctl);
    measure_call("getppid", call_nothing);
    measure_call("ioctl-struct", call_struct);
    measure_call("ioctl-control", call_control);
    measure_call("ioctls-descriptor", call_descriptor);
    measure_call("open-close-nvidiactl", call_open_close);
    measure_call("open-close-null", call_open_other);
    open_uvm();
    measure_call("mmap-munmap", call_map);
}

static atomic_bool begin;
static atomic_bool end;
static atomic_ulong calls;

static void *call_until_end(void *data)
{
    int fd = open_ctl();
    NvHandle root = make_client(fd);
    unsigned long n = 0;

    (void)data;
    while (!atomic_load(&begin)) {
        control(fd, root);
    }
    while (!atomic_load_explicit(&end, memory_order_relaxed)) {
        control(fd, root);
        n++;
    }
    atomic_fetch_add(&calls, n);
    close(fd);
    return NULL;
}

static void measure_threads(unsigned n)
{
    pthread_t threads[THREADS_MAX];
    Cost start;

    for (unsigned i = 0; i < n; i++) {
        check(pthread_create(&threads[i], NULL, call_until_end, NULL) == 0, "a thread");
    }
    check(usleep(300000) == 0, "usleep");
    start = cost_now();
    atomic_store(&begin, true);
    check(usleep(MEASURE_SECONDS * 1000000) == 0, "usleep");
    atomic_store(&end, true);
    for (unsigned i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }
    printf(
        "threads-%u %llu\n", n,
        (unsigned long long)(atomic_load(&calls) * 1000000000U / cost_since(&start).nanoseconds));
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "null") == 0) {
        measure_null(argv[2]);
    } else if (argc == 2 && strcmp(argv[1], "calls") == 0) {
        measure_calls();
    } else if (argc == 3 && strcmp(argv[1], "threads") == 0 &&
               strtoul(argv[2], NULL, 10) - 1 < THREADS_MAX) {
        measure_threads((unsigned)strtoul(argv[2], NULL, 10));
    } else {
        (void)fprintf(stderr, "usage: bench-calls null DEVICE | calls | threads N\n");
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
