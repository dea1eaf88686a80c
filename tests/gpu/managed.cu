/* SPDX-License-Identifier: Apache-2.0 */
/* Managed memory: faults on both sides, prefetching, advice, and the program's own memory if the machine allows it. */
#include "report.cuh"

#if CUDART_VERSION < 13000 /* the same functions under their first names */
#define cudaMemAdvise        cudaMemAdvise_v2
#define cudaMemPrefetchAsync cudaMemPrefetchAsync_v2
#endif

static const size_t BYTES = 64 << 20;
static const unsigned WORDS = BYTES / sizeof(unsigned);

__global__ void add(unsigned *data, unsigned n, unsigned term)
{
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i < n) {
        data[i] += term;
    }
}

static void on_device(unsigned *data, unsigned term)
{
    add<<<WORDS / 256, 256>>>(data, WORDS, term);
    CHECK(cudaDeviceSynchronize());
}

static void on_host(unsigned *data, unsigned term)
{
    for (unsigned i = 0; i < WORDS; i++) {
        data[i] += term * i;
    }
}

/* Each page moves to the processor that accesses it. */
static void back_and_forth(unsigned *data)
{
    on_host(data, 1);
    say_time("managed-faults-on-device", median_us(5, [=] {
                 on_host(data, 1);
                 on_device(data, 7);
             }));
    say_sum("managed", data, WORDS);
}

static void prefetched(unsigned *data, int device)
{
    const cudaMemLocation there = {cudaMemLocationTypeDevice, device};
    const cudaMemLocation here = {cudaMemLocationTypeHost, 0};

    CHECK(cudaMemAdvise(data, BYTES, cudaMemAdviseSetPreferredLocation, there));
    CHECK(cudaMemPrefetchAsync(data, BYTES, there, 0, 0));
    on_device(data, 11);
    CHECK(cudaMemPrefetchAsync(data, BYTES, here, 0, 0));
    CHECK(cudaDeviceSynchronize());
    say_sum("managed-prefetched", data, WORDS);
}

/* Memory from malloc(), if the driver can fault on it (HMM). */
static void of_the_program()
{
    int possible = 0;

    CHECK(cudaDeviceGetAttribute(&possible, cudaDevAttrPageableMemoryAccess, 0));
    std::printf("result pageable-memory-access %d\n", possible);
    if (possible) {
        unsigned *data = static_cast<unsigned *>(std::calloc(WORDS, sizeof(unsigned)));
        on_device(data, 13);
        say_sum("pageable-on-device", data, WORDS);
        std::free(data);
    }
}

int main()
{
    unsigned *data;

    CHECK(cudaMallocManaged(&data, BYTES));
    back_and_forth(data);
    prefetched(data, 0);
    CHECK(cudaFree(data));
    of_the_program();
    return 0;
}
