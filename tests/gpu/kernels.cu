/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel launches, streams that wait for each other, events, callbacks on the host, and graphs. */
#include "report.cuh"

static const unsigned N = 1 << 20;

__global__ void nothing()
{
}

__global__ void multiply(unsigned *data, unsigned n, unsigned factor)
{
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i < n) {
        data[i] = data[i] * factor + i;
    }
}

static void say_device(const char *name, const unsigned *device)
{
    std::vector<unsigned> host(N);

    CHECK(cudaMemcpy(host.data(), device, N * sizeof(unsigned), cudaMemcpyDeviceToHost));
    say_sum(name, host.data(), N);
}

static void launches()
{
    const unsigned many = 1000;

    nothing<<<1, 1>>>();
    CHECK(cudaDeviceSynchronize());
    say_time("launch-and-wait", median_us(1000, [] {
                 nothing<<<1, 1>>>();
                 CHECK(cudaDeviceSynchronize());
             }));
    say_time("launch-of-many", median_us(20, [=] {
                                   for (unsigned i = 0; i < many; i++) {
                                       nothing<<<1, 1>>>();
                                   }
                                   CHECK(cudaDeviceSynchronize());
                               }) / many);
}

/* Each stream's work begins after an event of the previous stream. */
static void streams(unsigned *device)
{
    cudaStream_t stream[8];
    cudaEvent_t event[8];

    for (unsigned i = 0; i < 8; i++) {
        CHECK(cudaStreamCreate(&stream[i]));
        CHECK(cudaEventCreateWithFlags(&event[i], cudaEventBlockingSync));
    }
    CHECK(cudaMemset(device, 1, N * sizeof(unsigned)));
    for (unsigned i = 0; i < 8; i++) {
        if (i > 0) {
            CHECK(cudaStreamWaitEvent(stream[i], event[i - 1], 0));
        }
        multiply<<<N / 256, 256, 0, stream[i]>>>(device, N, 3 + i);
        CHECK(cudaEventRecord(event[i], stream[i]));
    }
    CHECK(cudaEventSynchronize(event[7])); /* blocking: it sleeps in poll() */
    say_device("streams", device);
    say_time("blocking-event", median_us(200, [&] {
                 multiply<<<N / 256, 256, 0, stream[0]>>>(device, N, 5);
                 CHECK(cudaEventRecord(event[0], stream[0]));
                 CHECK(cudaEventSynchronize(event[0]));
             }));
    for (unsigned i = 0; i < 8; i++) {
        CHECK(cudaEventDestroy(event[i]));
        CHECK(cudaStreamDestroy(stream[i]));
    }
}

static void graphs(unsigned *device)
{
    cudaStream_t stream;
    cudaGraph_t graph;
    cudaGraphExec_t ready;

    CHECK(cudaStreamCreate(&stream));
    CHECK(cudaMemset(device, 1, N * sizeof(unsigned)));
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    for (unsigned i = 0; i < 16; i++) {
        multiply<<<N / 256, 256, 0, stream>>>(device, N, 7 + i);
    }
    CHECK(cudaStreamEndCapture(stream, &graph));
    CHECK(cudaGraphInstantiate(&ready, graph, 0));
    CHECK(cudaGraphLaunch(ready, stream));
    CHECK(cudaStreamSynchronize(stream));
    say_device("graph", device);
    say_time("graph-of-16", median_us(100, [=] {
                 CHECK(cudaGraphLaunch(ready, stream));
                 CHECK(cudaStreamSynchronize(stream));
             }));
    CHECK(cudaGraphExecDestroy(ready));
    CHECK(cudaGraphDestroy(graph));
    CHECK(cudaStreamDestroy(stream));
}

int main()
{
    unsigned *device;

    CHECK(cudaMalloc(&device, N * sizeof(unsigned)));
    launches();
    streams(device);
    graphs(device);
    CHECK(cudaFree(device));
    return 0;
}
