/* SPDX-License-Identifier: Apache-2.0 */
/* Two processes with one piece of GPU memory, and an event of one that the other waits for. */
#include "report.cuh"

#include <sys/wait.h>
#include <unistd.h>

static const unsigned N = 1 << 20;

__global__ void double_all(unsigned *data, unsigned n)
{
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i < n) {
        data[i] *= 2;
    }
}

struct Handles {
    cudaIpcMemHandle_t memory;
    cudaIpcEventHandle_t event;
};

/* Both processes begin without CUDA, which does not outlive a fork(). */
static int second(int from)
{
    Handles handles;
    unsigned *data;
    cudaEvent_t event;

    if (read(from, &handles, sizeof handles) != sizeof handles) {
        return 1;
    }
    double begin = now_us();
    CHECK(cudaIpcOpenMemHandle((void **)&data, handles.memory, cudaIpcMemLazyEnablePeerAccess));
    say_time("ipc-open", now_us() - begin);
    CHECK(cudaIpcOpenEventHandle(&event, handles.event));
    CHECK(cudaStreamWaitEvent(0, event, 0));
    double_all<<<N / 256, 256>>>(data, N);
    CHECK(cudaDeviceSynchronize());
    CHECK(cudaIpcCloseMemHandle(data));
    CHECK(cudaEventDestroy(event));
    std::printf("result second done\n");
    return 0;
}

static void first(int to, pid_t other)
{
    std::vector<unsigned> host(N);
    Handles handles;
    unsigned *data;
    cudaEvent_t event;
    int status = 1;

    for (unsigned i = 0; i < N; i++) {
        host[i] = i;
    }
    CHECK(cudaMalloc(&data, N * sizeof(unsigned)));
    CHECK(cudaEventCreateWithFlags(&event, cudaEventInterprocess | cudaEventDisableTiming));
    CHECK(cudaMemcpyAsync(data, host.data(), N * sizeof(unsigned), cudaMemcpyHostToDevice, 0));
    CHECK(cudaEventRecord(event, 0));
    CHECK(cudaIpcGetMemHandle(&handles.memory, data));
    CHECK(cudaIpcGetEventHandle(&handles.event, event));
    if (write(to, &handles, sizeof handles) != sizeof handles) {
        std::printf("result pipe broken\n");
    }
    waitpid(other, &status, 0);
    CHECK(cudaMemcpy(host.data(), data, N * sizeof(unsigned), cudaMemcpyDeviceToHost));
    std::printf("result second-ended %d\n", status);
    say_sum("doubled-by-the-second", host.data(), N);
}

int main()
{
    int ends[2];

    if (pipe(ends) != 0) {
        return 1;
    }
    pid_t child = fork();
    if (child == 0) {
        int status = second(ends[0]);
        std::fflush(stdout);
        _exit(status);
    }
    first(ends[1], child);
    return 0;
}
