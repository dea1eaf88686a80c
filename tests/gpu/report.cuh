/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output of this folder's programs: lines "result NAME VALUE", which must be the same natively and
 * through nvcuse, and "time NAME MICROSECONDS", which are printed side by side.
 */
#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

/* Print an error of CUDA's, and end the program. */
#define CHECK(call)                                                                           \
    do {                                                                                      \
        cudaError_t check_error = (call);                                                     \
        if (check_error != cudaSuccess) {                                                     \
            std::printf("result %s:%d %s\n", #call, __LINE__, cudaGetErrorName(check_error)); \
            std::exit(1);                                                                     \
        }                                                                                     \
    } while (0)

static inline double now_us()
{
    using namespace std::chrono;
    return duration<double, std::micro>(steady_clock::now().time_since_epoch()).count();
}

/* The median of @rounds times of @what, in microseconds. */
template <typename What> static double median_us(unsigned rounds, What what)
{
    std::vector<double> times(rounds);

    for (double &time : times) {
        double begin = now_us();
        what();
        time = now_us() - begin;
    }
    std::nth_element(times.begin(), times.begin() + rounds / 2, times.end());
    return times[rounds / 2];
}

static inline void say_time(const char *name, double us)
{
    std::printf("time %s %.3f\n", name, us);
}

/* A sum of the result of a copy or a kernel, which depends on the order. */
static inline unsigned long long checksum(const unsigned *data, size_t n)
{
    unsigned long long sum = 14695981039346656037ULL;

    for (size_t i = 0; i < n; i++) {
        sum = (sum ^ data[i]) * 1099511628211ULL;
    }
    return sum;
}

static inline void say_sum(const char *name, const unsigned *data, size_t n)
{
    std::printf("result %s %016llx\n", name, checksum(data, n));
}
