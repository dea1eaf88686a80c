/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times the calls that every program makes, natively or through nvcuse, whichever it is run under.
 * Prints "NAME NANOSECONDS" for each: the median of several batches.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"

#define COMMAND(nr, type) (0xc0004600UL | sizeof(type) << 16 | (nr))

enum { BATCHES = 9, CALLS = 200 };

static int ctl;
static NvHandle client;

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static void check(int result, const char *what)
{
    if (result < 0) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

/* A system call that goes nowhere near a device: the floor of floors. */
static void call_nothing(void)
{
    (void)getppid();
}

static void call_struct(void)
{
    nv_ioctl_rm_api_version_t p = {.cmd = NV_RM_API_VERSION_CMD_QUERY};

    check(ioctl(ctl, COMMAND(NV_ESC_CHECK_VERSION_STR, p), &p), "CHECK_VERSION_STR");
}

static void call_control(void)
{
    NvU32 ids[32] = {0};
    NVOS54_PARAMETERS p = {.hClient = client,
                           .hObject = client,
                           .cmd = 0x214, /* NV0000_CTRL_CMD_GPU_GET_PROBED_IDS */
                           .params = (uintptr_t)ids,
                           .paramsSize = sizeof ids};

    check(ioctl(ctl, COMMAND(NV_ESC_RM_CONTROL, p), &p), "RM_CONTROL");
}

static void call_open_close(void)
{
    int fd = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);

    check(fd, "open");
    close(fd);
}

/* What the filter costs every program: a read-write open of something that is not ours. */
static void call_open_other(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

    check(fd, "open /dev/null");
    close(fd);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void measure(const char *name, void (*call)(void))
{
    uint64_t batch[BATCHES];

    for (int b = 0; b < BATCHES; b++) {
        uint64_t start = now();
        for (int i = 0; i < CALLS; i++) {
            call();
        }
        batch[b] = (now() - start) / CALLS;
    }
    qsort(batch, BATCHES, sizeof batch[0], compare);
    printf("%s %llu\n", name, (unsigned long long)batch[BATCHES / 2]);
}

static void make_client(void)
{
    NVOS21_PARAMETERS p = {.hClass = NV01_ROOT};

    check(ioctl(ctl, COMMAND(NV_ESC_RM_ALLOC, p), &p), "RM_ALLOC");
    client = p.hObjectNew;
}

int main(void)
{
    ctl = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
    check(ctl, "/dev/nvidiactl");
    make_client();
    measure("getppid", call_nothing);
    measure("ioctl-struct", call_struct);
    measure("ioctl-control", call_control);
    measure("open-close-nvidiactl", call_open_close);
    measure("open-close-null", call_open_other);
    return EXIT_SUCCESS;
}
