/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times what has to do with memory, in front of the model driver, natively or through nvcuse, whichever it
 * is run under. Prints "NAME NANOSECONDS" for each, the median of several.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define MIB       ((size_t)1 << 20)
#define MAP_BYTES ((size_t)1 << 16)
#define DESCRIBED (4 * MIB)

enum { SAMPLES = 25 };

static Tree t;
static int shown;

static uint64_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

static void check(bool good, const char *what)
{
    if (!good) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static void measure(const char *name, uint64_t (*sample)(void))
{
    uint64_t samples[SAMPLES];

    for (int i = 0; i < SAMPLES; i++) {
        samples[i] = sample();
    }
    qsort(samples, SAMPLES, sizeof samples[0], compare);
    say("%s %llu", name, (unsigned long long)samples[SAMPLES / 2]);
}

static volatile NvU64 *map(size_t length)
{
    void *mapped = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, shown, 0);

    check(mapped != MAP_FAILED, "mmap");
    return mapped;
}

static uint64_t time_map(void)
{
    uint64_t start = now();
    void *mapped = (void *)map(MAP_BYTES);
    uint64_t end = now();

    munmap(mapped, MAP_BYTES);
    return end - start;
}

/* A child is a new process, which has not mapped anything yet. */
static uint64_t time_first_map(void)
{
    uint64_t nanoseconds = 0;
    int ends[2];
    pid_t child;

    check(pipe(ends) == 0, "pipe");
    child = fork();
    if (child == 0) {
        nanoseconds = time_map();
        _exit(write(ends[1], &nanoseconds, sizeof nanoseconds) == sizeof nanoseconds ? 0 : 1);
    }
    check(read(ends[0], &nanoseconds, sizeof nanoseconds) == sizeof nanoseconds, "a child");
    close(ends[0]);
    close(ends[1]);
    waitpid(child, NULL, 0);
    return nanoseconds;
}

static uint64_t time_description(void)
{
    static void *memory;
    uint64_t start;
    uint64_t end;

    if (!memory) {
        memory = mmap(NULL, DESCRIBED, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
        check(memory != MAP_FAILED, "memory");
    }
    start = now();
    check(rm_describe(t.gpu, &t, H_LAST, memory, DESCRIBED - 1, DESCRIBE_FLAGS) == 0,
          "a description");
    end = now();
    check(rm_free(t.ctl, t.client, H_LAST) == 0, "its end");
    return end - start;
}

static volatile NvU64 *whole;

static uint64_t time_reading(void)
{
    uint64_t start = now();

    for (size_t i = 0; i < MIB / sizeof *whole; i++) {
        (void)whole[i];
    }
    return now() - start;
}

static uint64_t time_writing(void)
{
    uint64_t start = now();

    for (size_t i = 0; i < MIB / sizeof *whole; i++) {
        whole[i] = i;
    }
    return now() - start;
}

int main(void)
{
    t = tree();
    shown = node("nvidiactl");
    check(memory_new(&t, H_OTHER, NV01_MEMORY_SYSTEM, MIB) == 0 &&
              rm_map(t.ctl, t.client, H_OTHER, 0, MIB, shown, NULL) == 0,
          "memory to map");
    measure("mmap-first", time_first_map);
    measure("mmap-warm", time_map);
    measure("os-descriptor-4MiB", time_description);
    whole = map(MIB);
    measure("read-1MiB", time_reading);
    measure("write-1MiB", time_writing);
    return EXIT_SUCCESS;
}
