/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keep the GPU busy, and print how much of it there was. Needs libcuda.so.1, and no header of NVIDIA's.
 *
 *   cuda-spin SECONDS [--each-second] [--iterations N] [--start FILE]
 *
 * Launches a kernel of about 1 ms again and again in one stream. Every multiprocessor gets one block. At the end it prints
 * "iterations", the loop's length; "launches", the kernels that have ended; and "per-second".
 *   --each-second  also print "at T launches N" after each second, even while no kernel ends
 *   --iterations   the loop's length. By default it is measured. Programs that are compared need the same length
 *   --start        print "ready", and start when FILE exists
 */
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "cuda-driver.h"
#include "report.h"

enum { THREADS = 128 };

/* So many launches are waited for together. Two batches are in flight, so that the GPU always has work. */
enum { BATCH = 8, BATCHES = 2 };

/* The GPU works for so long before the loop is measured, so that its clocks have risen. */
#define WARM_SECONDS    0.3
#define KERNEL_SECONDS  0.001
#define MEASURE_LOOPS   20000
#define MEASURES        20
#define START_TIMEOUT_S 60

typedef struct {
    double seconds;
    bool each_second;
    unsigned iterations; /* 0: measure */
    const char *start;
} Options;

typedef struct {
    void *function;
    void *stream;
    void *events[BATCHES];
    CudaAddress result;
    unsigned blocks;
} Spinner;

/* Each turn needs the one before. The result is stored so that no compiler can drop the loop. */
static const char kernel[] = ".version 7.0\n"
                             ".target sm_80\n"
                             ".address_size 64\n"
                             ".visible .entry spin(.param .u32 turns, .param .u64 result)\n"
                             "{\n"
                             "    .reg .pred %more;\n"
                             "    .reg .u32 %left, %value;\n"
                             "    .reg .u64 %address;\n"
                             "    ld.param.u32 %left, [turns];\n"
                             "    ld.param.u64 %address, [result];\n"
                             "    cvta.to.global.u64 %address, %address;\n"
                             "    mov.u32 %value, %tid.x;\n"
                             "again:\n"
                             "    mad.lo.u32 %value, %value, 1664525, 1013904223;\n"
                             "    sub.u32 %left, %left, 1;\n"
                             "    setp.ne.u32 %more, %left, 0;\n"
                             "    @%more bra again;\n"
                             "    st.global.u32 [%address], %value;\n"
                             "    ret;\n"
                             "}\n";

static void usage(void)
{
    (void)fprintf(stderr,
                  "usage: cuda-spin SECONDS [--each-second] [--iterations N] [--start FILE]\n");
    exit(2);
}

static double now(void)
{
    struct timespec time;

    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void spinner_make(Spinner *spinner)
{
    void *module = NULL;
    int processors = 0;

    cuda_start();
    must(cuda.attribute(&processors, CUDA_PROCESSORS, cuda_device), "cuDeviceGetAttribute");
    must(cuda.module_load(&module, kernel), "cuModuleLoadData");
    must(cuda.module_function(&spinner->function, module, "spin"), "cuModuleGetFunction");
    must(cuda.stream_create(&spinner->stream, CUDA_STREAM_ALONE), "cuStreamCreate");
    must(cuda.alloc(&spinner->result, sizeof(uint32_t)), "cuMemAlloc");
    for (int i = 0; i < BATCHES; i++) {
        must(cuda.event_create(&spinner->events[i], CUDA_EVENT_NO_TIME), "cuEventCreate");
    }
    spinner->blocks = (unsigned)processors;
}

static void spinner_launch(const Spinner *spinner, unsigned iterations)
{
    CudaAddress result = spinner->result;
    void *parameters[] = {&iterations, &result};

    must(cuda.launch(spinner->function, spinner->blocks, 1, 1, THREADS, 1, 1, 0, spinner->stream,
                     parameters, NULL),
         "cuLaunchKernel");
}

static void spinner_launch_batch(const Spinner *spinner, unsigned batch, unsigned iterations)
{
    for (int i = 0; i < BATCH; i++) {
        spinner_launch(spinner, iterations);
    }
    must(cuda.event_record(spinner->events[batch % BATCHES], spinner->stream), "cuEventRecord");
}

static double spinner_time(const Spinner *spinner, unsigned iterations)
{
    double start = now();

    spinner_launch(spinner, iterations);
    must(cuda.synchronize(spinner->stream), "cuStreamSynchronize");
    return now() - start;
}

/* Measure the loop's length for a kernel of 1 ms. Other programs or a cap can only make a run longer: the shortest counts. What
 * a launch takes is left out by the difference of two lengths. */
static unsigned spinner_measure(const Spinner *spinner)
{
    double shortest[2] = {1e9, 1e9};
    double start = now();

    do {
        (void)spinner_time(spinner, MEASURE_LOOPS);
    } while (now() - start < WARM_SECONDS);
    for (int i = 0; i < 2 * MEASURES; i++) {
        double took = spinner_time(spinner, MEASURE_LOOPS << (i % 2));

        shortest[i % 2] = took < shortest[i % 2] ? took : shortest[i % 2];
    }
    double each = (shortest[1] - shortest[0]) / MEASURE_LOOPS;
    double iterations = each > 0 ? KERNEL_SECONDS / each : 0;

    if (iterations < 1000 || iterations > 1e9) {
        (void)fprintf(stderr, "cuda-spin: a loop takes %g s: expected 1 ps to 1 us\n", each);
        exit(1);
    }
    return (unsigned)iterations;
}

/* Wait for a batch. Returns false if the time ended before it. Meanwhile print what is due. */
static bool wait_for_batch(void *event, const Options *options, double start, unsigned *printed,
                           uint64_t launches)
{
    CudaResult result;

    do {
        double passed = now() - start;

        result = cuda.event_query(event);
        while (options->each_second && *printed + 1 <= passed && *printed + 1 <= options->seconds) {
            (void)printf("at %u launches %llu\n", ++*printed, (unsigned long long)launches);
            (void)fflush(stdout);
        }
        if (passed >= options->seconds) {
            return false;
        }
        if (result == CUDA_NOT_READY) {
            (void)usleep(50);
        }
    } while (result == CUDA_NOT_READY);
    must(result, "cuEventQuery");
    return true;
}

static void spin(const Spinner *spinner, const Options *options)
{
    uint64_t launches = 0;
    unsigned printed = 0;
    unsigned batch = 0;
    double start = now();

    for (; batch < BATCHES; batch++) {
        spinner_launch_batch(spinner, batch, options->iterations);
    }
    while (wait_for_batch(spinner->events[batch % BATCHES], options, start, &printed, launches)) {
        launches += BATCH;
        spinner_launch_batch(spinner, batch++, options->iterations);
    }
    (void)printf("launches %llu\n", (unsigned long long)launches);
    (void)printf("per-second %.2f\n", (double)launches / (now() - start));
    (void)fflush(stdout);
    must(cuda.synchronize(spinner->stream), "cuStreamSynchronize");
}

static void wait_for_start(const char *path)
{
    double start = now();

    (void)printf("ready\n");
    (void)fflush(stdout);
    while (access(path, F_OK) != 0) {
        if (now() - start > START_TIMEOUT_S) {
            (void)fprintf(stderr, "%s: did not appear within %d seconds\n", path, START_TIMEOUT_S);
            exit(1);
        }
        (void)usleep(1000);
    }
}

static Options parse(int argc, char **argv)
{
    Options options = {0};

    if (argc < 2) {
        usage();
    }
    options.seconds = number(argv[1]);
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--each-second") == 0) {
            options.each_second = true;
        } else if (strcmp(argv[i], "--iterations") == 0 && i + 1 < argc) {
            options.iterations = number(argv[++i]);
        } else if (strcmp(argv[i], "--start") == 0 && i + 1 < argc) {
            options.start = argv[++i];
        } else {
            usage();
        }
    }
    return options;
}

int main(int argc, char **argv)
{
    Options options = parse(argc, argv);
    Spinner spinner = {0};

    spinner_make(&spinner);
    if (!options.iterations) {
        options.iterations = spinner_measure(&spinner);
    }
    (void)printf("iterations %u\n", options.iterations);
    if (options.start) {
        /* The first launch loads the kernel. It is not to be part of what is counted. */
        (void)spinner_time(&spinner, options.iterations);
        wait_for_start(options.start);
    }
    spin(&spinner, &options);
    return EXIT_SUCCESS;
}
