/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up, allocation, and copies both ways, from pinned, registered and pageable memory. */
#include "report.cuh"

#include <cstring>

static const size_t MIB = 1 << 20;
static const size_t BYTES = 256 * MIB;
static const size_t WORDS = BYTES / sizeof(unsigned);

static void start()
{
    double begin = now_us();
    CHECK(cudaFree(nullptr));
    say_time("start-up", now_us() - begin);

    cudaDeviceProp properties;
    int n;
    CHECK(cudaGetDeviceCount(&n));
    CHECK(cudaGetDeviceProperties(&properties, 0));
    std::printf("result devices %d\n", n);
    std::printf("result name %s\n", properties.name);
    std::printf("result memory %zu\n", properties.totalGlobalMem);
    std::printf("result pageable-access %d %d\n", properties.pageableMemoryAccess,
                properties.pageableMemoryAccessUsesHostPageTables);
}

static void allocate(size_t bytes, const char *name)
{
    say_time(name, median_us(50, [=] {
                 void *memory;
                 CHECK(cudaMalloc(&memory, bytes));
                 CHECK(cudaFree(memory));
             }));
}

static void fill(unsigned *data)
{
    for (size_t i = 0; i < WORDS; i++) {
        data[i] = (unsigned)i * 2654435761U;
    }
}

/* Copy to the GPU and back. */
static void copy(unsigned *host, unsigned *device, const char *kind)
{
    char name[64];

    fill(host);
    std::snprintf(name, sizeof name, "copy-%s-to-device", kind);
    say_time(name,
             median_us(9, [=] { CHECK(cudaMemcpy(device, host, BYTES, cudaMemcpyHostToDevice)); }));
    std::memset(host, 0, BYTES);
    std::snprintf(name, sizeof name, "copy-%s-to-host", kind);
    say_time(name,
             median_us(9, [=] { CHECK(cudaMemcpy(host, device, BYTES, cudaMemcpyDeviceToHost)); }));
    std::snprintf(name, sizeof name, "copied-%s", kind);
    say_sum(name, host, WORDS);
}

static void copies()
{
    unsigned *device;
    unsigned *pinned;
    unsigned *pageable = static_cast<unsigned *>(std::aligned_alloc(2 * MIB, BYTES));

    CHECK(cudaMalloc(&device, BYTES));
    CHECK(cudaMallocHost(&pinned, BYTES));
    copy(pinned, device, "pinned");
    copy(pageable, device, "pageable");
    CHECK(cudaHostRegister(pageable, BYTES, cudaHostRegisterDefault));
    copy(pageable, device, "registered");
    CHECK(cudaHostUnregister(pageable));
    say_time("register-4-MiB", median_us(50, [=] {
                 CHECK(cudaHostRegister(pageable, 4 * MIB, cudaHostRegisterDefault));
                 CHECK(cudaHostUnregister(pageable));
             }));
    CHECK(cudaFreeHost(pinned));
    CHECK(cudaFree(device));
    std::free(pageable);
}

int main()
{
    start();
    allocate(4096, "cudaMalloc-4-KiB");
    allocate(64 * MIB, "cudaMalloc-64-MiB");
    copies();
    return 0;
}
