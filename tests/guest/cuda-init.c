/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The smallest CUDA program: load NVIDIA's libcuda as an application does, initialise it, ask for
 * its version.
 *
 * It prints what each call returned. Exit status: 0 if cuInit succeeded, 1 if it returned an error,
 * 2 if there is no usable libcuda.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

/* The two entry points that CUDA's driver API documents; CUresult is an int, 0 is success. */
typedef int cu_init_fn(unsigned int flags);
typedef int cu_driver_get_version_fn(int *version);

static void *symbol(void *library, const char *name)
{
    void *address = dlsym(library, name);

    if (!address) {
        fprintf(stderr, "cuda-init: %s\n", dlerror());
        exit(2);
    }
    return address;
}

int main(void)
{
    cu_init_fn *cu_init;
    cu_driver_get_version_fn *cu_driver_get_version;
    int init_result, version_result, version = 0;
    void *library = dlopen("libcuda.so.1", RTLD_NOW);

    if (!library) {
        fprintf(stderr, "cuda-init: %s\n", dlerror());
        return 2;
    }
    /* POSIX documents this conversion; ISO C has none from an object pointer to a function pointer. */
    *(void **)&cu_init = symbol(library, "cuInit");
    *(void **)&cu_driver_get_version = symbol(library, "cuDriverGetVersion");

    init_result = cu_init(0);
    printf("cuInit(0) = %d\n", init_result);
    version_result = cu_driver_get_version(&version);
    printf("cuDriverGetVersion() = %d, version %d.%d\n", version_result, version / 1000,
           version % 1000 / 10);
    return init_result == 0 ? 0 : 1;
}
