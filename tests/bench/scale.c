/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures the same few calls with more and more state, with the model driver: objects of the calling client, and open
 * files. Prints a line for each (measure.h).
 *
 * usage: bench-scale OBJECTS FILES
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/bench/measure.h"
#include "tests/guest/rm.h"

/* Above the handles of the tree's objects. */
enum { CALLS = 100, H_MANY = 0x60000000, STANDARD_FILES = 64 };

static Tree t;
static NvHandle youngest = H_BINAPI;

static bool make_object(NvHandle handle)
{
    return rm_alloc(t.ctl, t.client, H_SUBDEVICE, handle, NV2081_BINAPI, NULL) == NV_OK;
}

static void make_objects(unsigned long n)
{
    for (unsigned long i = 0; i < n; i++) {
        youngest = H_MANY + (NvHandle)i;
        check(make_object(youngest), "an object");
    }
}

static void open_files(unsigned long n)
{
    const struct rlimit limit = {n + STANDARD_FILES, n + STANDARD_FILES};

    check(n == 0 || setrlimit(RLIMIT_NOFILE, &limit) == 0, "the limit of open files");
    for (unsigned long i = 0; i < n; i++) {
        (void)node("nvidiactl");
    }
}

static Cost measure_control(void)
{
    MODEL_CTRL_WAIT_PARAMS params = {0};
    const Cost start = cost_now();

    for (int i = 0; i < CALLS; i++) {
        check(rm_control(t.ctl, t.client, youngest, MODEL_CTRL_CMD_WAIT, &params, sizeof params) ==
                  NV_OK,
              "a control command");
    }
    return cost_since(&start);
}

static Cost measure_object(void)
{
    const Cost start = cost_now();

    for (int i = 0; i < CALLS; i++) {
        check(make_object(H_LAST) && rm_free(t.ctl, t.client, H_LAST) == NV_OK, "an object");
    }
    return cost_since(&start);
}

static Cost measure_file(void)
{
    const Cost start = cost_now();

    for (int i = 0; i < CALLS; i++) {
        close(node("nvidiactl"));
    }
    return cost_since(&start);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: bench-scale OBJECTS FILES\n");
        return EXIT_FAILURE;
    }
    t = tree();
    make_objects(strtoul(argv[1], NULL, 10));
    open_files(strtoul(argv[2], NULL, 10));
    measure("control", measure_control, CALLS);
    measure("alloc-and-free", measure_object, CALLS);
    measure("open-close", measure_file, CALLS);
    return EXIT_SUCCESS;
}
