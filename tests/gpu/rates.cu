/* SPDX-License-Identifier: Apache-2.0 */
/* Times of allocating and waiting: calls that a program repeats, in one thread and in many. */
#include "report.cuh"

#include <thread>

static const size_t MIB = 1 << 20;
static const unsigned ROUNDS = 60, THREADS = 8, EACH = 40;

static void device_memory()
{
    void *memory;
    CHECK(cudaMalloc(&memory, 64 * MIB));
    CHECK(cudaFree(memory));
}

static void host_memory()
{
    void *memory;
    CHECK(cudaHostAlloc(&memory, MIB, cudaHostAllocDefault));
    CHECK(cudaFreeHost(memory));
}

static void managed_memory()
{
    void *memory;
    CHECK(cudaMallocManaged(&memory, MIB));
    CHECK(cudaFree(memory));
}

static void stream()
{
    cudaStream_t one;
    CHECK(cudaStreamCreate(&one));
    CHECK(cudaStreamDestroy(one));
}

static void pooled_memory()
{
    void *memory;
    CHECK(cudaMallocAsync(&memory, MIB, nullptr));
    CHECK(cudaFreeAsync(memory, nullptr));
    CHECK(cudaStreamSynchronize(nullptr));
}

__global__ void nothing()
{
}

static void blocking_event()
{
    static cudaEvent_t event;

    if (!event) {
        CHECK(cudaEventCreateWithFlags(&event, cudaEventBlockingSync | cudaEventDisableTiming));
    }
    nothing<<<1, 1>>>();
    CHECK(cudaEventRecord(event));
    CHECK(cudaEventSynchronize(event));
}

static void by_threads()
{
    std::vector<std::thread> threads;

    for (unsigned i = 0; i < THREADS; i++) {
        threads.emplace_back([] {
            void *memory[EACH];
            for (void *&each : memory) {
                CHECK(cudaMalloc(&each, 8 * MIB));
            }
            for (void *each : memory) {
                CHECK(cudaFree(each));
            }
        });
    }
    for (std::thread &thread : threads) {
        thread.join();
    }
}

int main()
{
    double begin = now_us();
    CHECK(cudaFree(nullptr));
    say_time("start-up", now_us() - begin);
    static const struct {
        const char *name;
        void (*what)();
        unsigned rounds;
    } rows[] = {
        {"cudaMalloc-64-MiB", device_memory, ROUNDS}, {"cudaHostAlloc-1-MiB", host_memory, ROUNDS},
        {"managed-1-MiB", managed_memory, ROUNDS},    {"stream", stream, ROUNDS},
        {"cudaMallocAsync-1-MiB", pooled_memory, ROUNDS},
        {"blocking-event", blocking_event, ROUNDS},   {"eight-threads", by_threads, 5},
    };
    for (const auto &row : rows) {
        row.what();
        say_time(row.name, median_us(row.rounds, row.what));
    }
    return 0;
}
