/* SPDX-License-Identifier: Apache-2.0 */
/* Measure how long single calls take, in microseconds: prints lines as in report.cuh, with the median of many. */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"

enum {
    CALLS = 4000,
    THOUGHTFUL_CALLS = 2000,
    THINK_NANOSECONDS = 80 * 1000,
    POLLED = 8,
    GET_PROBED_IDS = 0x214, /* NV0000_CTRL_CMD_GPU_GET_PROBED_IDS */
};

static int ctl;
static NvHandle client;
static struct pollfd polled[POLLED];

static int64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void fail(const char *what)
{
    printf("result %s failed\n", what);
    exit(EXIT_FAILURE);
}

/* --- the calls ---------------------------------------------------------------------------------- */

static void control(void)
{
    NvU32 ids[96] = {0};
    NVOS54_PARAMETERS params = {.hClient = client,
                                .hObject = client,
                                .cmd = GET_PROBED_IDS,
                                .params = (uintptr_t)ids,
                                .paramsSize = sizeof ids};

    if (ioctl(ctl, NV_FRONTEND_WORD(NV_ESC_RM_CONTROL, sizeof params), &params) < 0 ||
        params.status) {
        fail("control");
    }
}

static void refused(void)
{
    char argument[16] = {0};

    (void)ioctl(ctl, NV_FRONTEND_WORD(0xff, sizeof argument), argument);
}

static void open_and_close(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        fail(path);
    }
    close(fd);
}

static void open_device(void)
{
    open_and_close("/dev/nvidiactl");
}

static void open_other(void)
{
    open_and_close("/dev/null");
}

static void poll_files(void)
{
    if (poll(polled, POLLED, 0) < 0) {
        fail("poll");
    }
}

/* --- how long ----------------------------------------------------------------------------------- */

static void think(void)
{
    for (int64_t end = now() + THINK_NANOSECONDS; now() < end;) {
    }
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a;
    const int64_t *y = b;

    return (*x > *y) - (*x < *y);
}

/* Print the median and both quartiles. */
static void measure(const char *name, void (*call)(void), unsigned calls, void (*between)(void))
{
    static int64_t times[CALLS];

    for (unsigned i = 0; i < calls; i++) {
        if (between) {
            between();
        }
        const int64_t begin = now();
        call();
        times[i] = now() - begin;
    }
    qsort(times, calls, sizeof times[0], compare);
    printf("time %s %.3f\n", name, (double)times[calls / 2] / 1e3);
    printf("quartiles %s %.3f %.3f\n", name, (double)times[calls / 4] / 1e3,
           (double)times[calls * 3 / 4] / 1e3);
}

int main(void)
{
    NVOS21_PARAMETERS root = {.hClass = NV01_ROOT};

    ctl = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC);
    if (ctl < 0 || ioctl(ctl, NV_FRONTEND_WORD(NV_ESC_RM_ALLOC, sizeof root), &root) < 0) {
        fail("client");
    }
    client = root.hObjectNew;
    for (int i = 0; i < POLLED; i++) {
        polled[i] =
            (struct pollfd){.fd = open("/dev/nvidiactl", O_RDWR | O_CLOEXEC), .events = POLLIN};
    }
    measure("control", control, CALLS, NULL);
    measure("control-after-thinking", control, THOUGHTFUL_CALLS, think);
    measure("refused-call", refused, CALLS, NULL);
    measure("open-device", open_device, CALLS, NULL);
    measure("open-other-file", open_other, CALLS, NULL);
    measure("poll-of-eight", poll_files, CALLS, NULL);
    return EXIT_SUCCESS;
}
