/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures operations on memory, with the model driver, natively or through nvcuse, according to how it is started. Prints a
 * line for each (measure.h).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/measure.h"
#include "tests/guest/rm.h"

#define MIB       ((size_t)1 << 20)
#define MAP_BYTES ((size_t)1 << 16)
#define DESCRIBED (4 * MIB)

static Tree t;
static int shown;

static volatile NvU64 *map(size_t length)
{
    void *mapped = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, shown, 0);

    check(mapped != MAP_FAILED, "mmap");
    return mapped;
}

static Cost measure_map(void)
{
    const Cost start = cost_now();
    void *mapped = (void *)map(MAP_BYTES);
    const Cost cost = cost_since(&start);

    munmap(mapped, MAP_BYTES);
    return cost;
}

/* A child is a new process, which has not mapped memory yet. */
static Cost measure_first_map(void)
{
    Cost cost = {0};
    int ends[2];
    pid_t child;

    check(pipe(ends) == 0, "pipe");
    child = fork();
    if (child == 0) {
        cost = measure_map();
        _exit(write(ends[1], &cost, sizeof cost) == sizeof cost ? 0 : 1);
    }
    check(read(ends[0], &cost, sizeof cost) == sizeof cost, "a child");
    close(ends[0]);
    close(ends[1]);
    waitpid(child, NULL, 0);
    return cost;
}

static Cost measure_description(void)
{
    static void *memory;
    Cost start;
    Cost cost;

    if (!memory) {
        memory = mmap(NULL, DESCRIBED, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        check(memory != MAP_FAILED, "memory");
    }
    start = cost_now();
    check(rm_describe(t.gpu, &t, H_LAST, memory, DESCRIBED - 1, DESCRIBE_FLAGS) == 0,
          "a description");
    cost = cost_since(&start);
    check(rm_free(t.ctl, t.client, H_LAST) == 0, "its end");
    return cost;
}

static volatile NvU64 *whole;

static Cost measure_reading(void)
{
    const Cost start = cost_now();

    for (size_t i = 0; i < MIB / sizeof *whole; i++) {
        (void)whole[i];
    }
    return cost_since(&start);
}

static Cost measure_writing(void)
{
    const Cost start = cost_now();

    for (size_t i = 0; i < MIB / sizeof *whole; i++) {
        whole[i] = i;
    }
    return cost_since(&start);
}

int main(void)
{
    t = tree();
    shown = node("nvidiactl");
    check(memory_new(&t, H_OTHER, NV01_MEMORY_SYSTEM, MIB) == 0 &&
              rm_map(t.ctl, t.client, H_OTHER, 0, MIB, shown, NULL) == 0,
          "memory to map");
    measure("mmap-first", measure_first_map, 1);
    measure("mmap-warm", measure_map, 1);
    measure("os-descriptor-4MiB", measure_description, 1);
    whole = map(MIB);
    measure("read-1MiB", measure_reading, 1);
    measure("write-1MiB", measure_writing, 1);
    return EXIT_SUCCESS;
}
