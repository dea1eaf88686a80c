/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of CUDA's driver API that the programs of this folder use. They are loaded from the machine's libcuda. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* CUresult, CUdeviceptr, CUmemGenericAllocationHandle; pointers to objects of CUDA's are void pointers here. */
typedef int CudaResult;
typedef uint64_t CudaAddress;
typedef uint64_t CudaHandle;

enum { CUDA_OK = 0, CUDA_OUT_OF_MEMORY = 2, CUDA_NOT_READY = 600 };

/* Values of CUDA's enumerations, which are part of its ABI. */
enum {
    CUDA_TYPE_PINNED = 1,
    CUDA_AT_DEVICE = 1,
    CUDA_FILE_DESCRIPTOR = 1,
    CUDA_READ_WRITE = 3,
    CUDA_ATTACH_GLOBAL = 1,
    CUDA_PROCESSORS = 16, /* the attribute of a device that counts its multiprocessors */
    CUDA_STREAM_ALONE = 1,
    CUDA_EVENT_NO_TIME = 2
};

/* CUmemLocation, CUmemAllocationProp, CUmemAccessDesc. */
typedef struct {
    int type;
    int id;
} CudaLocation;

typedef struct {
    int type;
    int handle_types;
    CudaLocation location;
    void *unused;
    unsigned char flags[8];
} CudaProperties;

typedef struct {
    CudaLocation location;
    int flags;
} CudaAccess;

_Static_assert(sizeof(CudaProperties) == 32 && sizeof(CudaAccess) == 12, "as in CUDA's ABI");

/* FUNCTION(MEMBER, SYMBOL, PARAMETERS...) */
#define CUDA_FUNCTIONS(FUNCTION)                                                                   \
    FUNCTION(init, "cuInit", unsigned flags)                                                       \
    FUNCTION(error_name, "cuGetErrorName", CudaResult error, const char **name)                    \
    FUNCTION(device_get, "cuDeviceGet", int *device, int number)                                   \
    FUNCTION(device_memory, "cuDeviceTotalMem_v2", size_t *bytes, int device)                      \
    FUNCTION(device_pool, "cuDeviceGetDefaultMemPool", void **pool, int device)                    \
    FUNCTION(retain, "cuDevicePrimaryCtxRetain", void **context, int device)                       \
    FUNCTION(set_current, "cuCtxSetCurrent", void *context)                                        \
    FUNCTION(memory_info, "cuMemGetInfo_v2", size_t *available, size_t *total)                     \
    FUNCTION(alloc, "cuMemAlloc_v2", CudaAddress *address, size_t bytes)                           \
    FUNCTION(free, "cuMemFree_v2", CudaAddress address)                                            \
    FUNCTION(alloc_async, "cuMemAllocAsync", CudaAddress *address, size_t bytes, void *stream)     \
    FUNCTION(free_async, "cuMemFreeAsync", CudaAddress address, void *stream)                      \
    FUNCTION(synchronize, "cuStreamSynchronize", void *stream)                                     \
    FUNCTION(pool_trim, "cuMemPoolTrimTo", void *pool, size_t bytes)                               \
    FUNCTION(create, "cuMemCreate", CudaHandle *handle, size_t bytes, const CudaProperties *,      \
             unsigned long long flags)                                                             \
    FUNCTION(release, "cuMemRelease", CudaHandle handle)                                           \
    FUNCTION(reserve, "cuMemAddressReserve", CudaAddress *address, size_t bytes, size_t alignment, \
             CudaAddress at, unsigned long long flags)                                             \
    FUNCTION(unreserve, "cuMemAddressFree", CudaAddress address, size_t bytes)                     \
    FUNCTION(map, "cuMemMap", CudaAddress address, size_t bytes, size_t offset, CudaHandle handle, \
             unsigned long long flags)                                                             \
    FUNCTION(unmap, "cuMemUnmap", CudaAddress address, size_t bytes)                               \
    FUNCTION(set_access, "cuMemSetAccess", CudaAddress address, size_t bytes, const CudaAccess *,  \
             size_t count)                                                                         \
    FUNCTION(export_handle, "cuMemExportToShareableHandle", void *shareable, CudaHandle handle,    \
             int type, unsigned long long flags)                                                   \
    FUNCTION(import_handle, "cuMemImportFromShareableHandle", CudaHandle *handle, void *shareable, \
             int type)                                                                             \
    FUNCTION(host_alloc, "cuMemHostAlloc", void **memory, size_t bytes, unsigned flags)            \
    FUNCTION(alloc_managed, "cuMemAllocManaged", CudaAddress *address, size_t bytes,               \
             unsigned flags)                                                                       \
    FUNCTION(attribute, "cuDeviceGetAttribute", int *value, int attribute, int device)             \
    FUNCTION(module_load, "cuModuleLoadData", void **module, const void *image)                    \
    FUNCTION(module_function, "cuModuleGetFunction", void **function, void *module,                \
             const char *name)                                                                     \
    FUNCTION(stream_create, "cuStreamCreate", void **stream, unsigned flags)                       \
    FUNCTION(event_create, "cuEventCreate", void **event, unsigned flags)                          \
    FUNCTION(event_record, "cuEventRecord", void *event, void *stream)                             \
    FUNCTION(event_query, "cuEventQuery", void *event)                                             \
    FUNCTION(launch, "cuLaunchKernel", void *function, unsigned blocks_x, unsigned blocks_y,       \
             unsigned blocks_z, unsigned threads_x, unsigned threads_y, unsigned threads_z,        \
             unsigned shared_bytes, void *stream, void **parameters, void **extra)

typedef struct {
#define CUDA_MEMBER(MEMBER, SYMBOL, ...) CudaResult (*MEMBER)(__VA_ARGS__);
    CUDA_FUNCTIONS(CUDA_MEMBER)
#undef CUDA_MEMBER
} Cuda;

/** cuda: the functions, and device 0, once cuda_start() has returned. */
extern Cuda cuda;
extern int cuda_device;

/** cuda_start: load libcuda and make a context on device 0. Ends the program with exit status 2 if there is none. */
void cuda_start(void);

/** must: end the program with a message if a call failed. */
void must(CudaResult result, const char *what);
