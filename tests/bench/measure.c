/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring calls: time, wake-ups and system calls. */
#include "tests/bench/measure.h"

#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define EVENTS "/sys/kernel/debug/tracing/events/"

enum { SAMPLES = 5, PROCESSORS_MAX = 64 };

/* A tracepoint that is counted on each processor. */
typedef struct {
    const char *path;
    int fds[PROCESSORS_MAX];
} Counter;

static Counter wake_ups = {.path = EVENTS "sched/sched_wakeup/id"};
static Counter system_calls = {.path = EVENTS "raw_syscalls/sys_enter/id"};

static long n_processors; /* 0: no counting */
static Cost overhead;     /* cost of reading the counters */

void check(bool good, const char *what)
{
    if (!good) {
        perror(what);
        exit(EXIT_FAILURE);
    }
}

static uint64_t tracepoint_id(const char *path)
{
    FILE *file = fopen(path, "re");
    char line[32] = "";

    check(file && fgets(line, sizeof line, file), path);
    (void)fclose(file);
    return strtoull(line, NULL, 10);
}

static void counter_open(Counter *counter)
{
    struct perf_event_attr attributes = {.type = PERF_TYPE_TRACEPOINT,
                                         .size = sizeof attributes,
                                         .config = tracepoint_id(counter->path)};

    for (int i = 0; i < n_processors; i++) {
        counter->fds[i] =
            (int)syscall(SYS_perf_event_open, &attributes, -1, i, -1, PERF_FLAG_FD_CLOEXEC);
        check(counter->fds[i] >= 0, counter->path);
    }
}

static void counter_close(const Counter *counter)
{
    for (int i = 0; i < n_processors; i++) {
        close(counter->fds[i]);
    }
}

static uint64_t counter_read(const Counter *counter)
{
    uint64_t sum = 0;

    for (int i = 0; i < n_processors; i++) {
        uint64_t value = 0;
        check(read(counter->fds[i], &value, sizeof value) == sizeof value, counter->path);
        sum += value;
    }
    return sum;
}

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

Cost cost_now(void)
{
    return (Cost){.wake_ups = counter_read(&wake_ups),
                  .system_calls = counter_read(&system_calls),
                  .nanoseconds = now()};
}

static uint64_t without(uint64_t whole, uint64_t part)
{
    return whole > part ? whole - part : 0;
}

Cost cost_since(const Cost *start)
{
    const uint64_t end = now();
    const Cost cost = cost_now();

    return (Cost){.nanoseconds = end - start->nanoseconds,
                  .wake_ups = without(cost.wake_ups - start->wake_ups, overhead.wake_ups),
                  .system_calls =
                      without(cost.system_calls - start->system_calls, overhead.system_calls)};
}

/* A tracepoint makes every system call slower, so time is measured without counting. */
static void start_counting(void)
{
    n_processors = sysconf(_SC_NPROCESSORS_ONLN);
    check(n_processors > 0 && n_processors <= PROCESSORS_MAX, "the number of processors");
    counter_open(&wake_ups);
    counter_open(&system_calls);
    overhead = (Cost){0};
    const Cost start = cost_now();
    overhead = cost_since(&start);
}

static void stop_counting(void)
{
    counter_close(&wake_ups);
    counter_close(&system_calls);
    n_processors = 0;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static uint64_t median(uint64_t values[SAMPLES])
{
    qsort(values, SAMPLES, sizeof values[0], compare);
    return values[SAMPLES / 2];
}

void measure(const char *name, Cost (*sample)(void), unsigned calls)
{
    uint64_t times[SAMPLES];
    uint64_t wakes[SAMPLES];
    uint64_t entries[SAMPLES];

    for (int i = 0; i < SAMPLES; i++) {
        times[i] = sample().nanoseconds;
    }
    start_counting();
    for (int i = 0; i < SAMPLES; i++) {
        const Cost cost = sample();
        wakes[i] = cost.wake_ups;
        entries[i] = cost.system_calls;
    }
    stop_counting();
    printf("%s %llu %.2f %.2f\n", name, (unsigned long long)(median(times) / calls),
           (double)median(wakes) / calls, (double)median(entries) / calls);
    (void)fflush(stdout);
}
