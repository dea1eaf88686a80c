/* SPDX-License-Identifier: Apache-2.0 */
/* Loads CUDA's driver API. */
#include "cuda-driver.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

Cuda cuda;
int cuda_device;

static void *symbol(void *library, const char *name)
{
    void *address = dlsym(library, name);

    if (!address) {
        (void)fprintf(stderr, "%s: libcuda.so.1: %s\n", program_invocation_short_name, dlerror());
        exit(2);
    }
    return address;
}

static void load(void)
{
    void *library = dlopen("libcuda.so.1", RTLD_NOW);

    if (!library) {
        (void)fprintf(stderr, "%s: %s\n", program_invocation_short_name, dlerror());
        exit(2);
    }
    /* POSIX documents this conversion; ISO C has none from an object pointer to a function pointer. */
#define CUDA_LOAD(MEMBER, SYMBOL, ...) *(void **)&cuda.MEMBER = symbol(library, SYMBOL);
    CUDA_FUNCTIONS(CUDA_LOAD)
#undef CUDA_LOAD
}

void must(CudaResult result, const char *what)
{
    const char *name = NULL;

    if (result == CUDA_OK) {
        return;
    }
    if (!cuda.error_name || cuda.error_name(result, &name) != CUDA_OK || !name) {
        name = "unknown error";
    }
    (void)fprintf(stderr, "%s: %s: %s (%d)\n", program_invocation_short_name, what, name, result);
    exit(1);
}

void cuda_start(void)
{
    void *context = NULL;

    load();
    must(cuda.init(0), "cuInit");
    must(cuda.device_get(&cuda_device, 0), "cuDeviceGet");
    must(cuda.retain(&context, cuda_device), "cuDevicePrimaryCtxRetain");
    must(cuda.set_current(context), "cuCtxSetCurrent");
}
