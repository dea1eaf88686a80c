/* SPDX-License-Identifier: Apache-2.0 */
/* Takes and gives back pieces of GPU memory. */
#include "cuda-pieces.h"

#include <string.h>

CudaResult memory_create(CudaHandle *handle, size_t bytes)
{
    const CudaProperties properties = {.type = CUDA_TYPE_PINNED,
                                       .handle_types = CUDA_FILE_DESCRIPTOR,
                                       .location = {CUDA_AT_DEVICE, cuda_device}};

    return cuda.create(handle, bytes, &properties, 0);
}

CudaAddress memory_map(CudaHandle handle, size_t bytes)
{
    const CudaAccess access = {{CUDA_AT_DEVICE, cuda_device}, CUDA_READ_WRITE};
    CudaAddress address = 0;

    must(cuda.reserve(&address, bytes, 0, 0, 0), "cuMemAddressReserve");
    must(cuda.map(address, bytes, 0, handle, 0), "cuMemMap");
    must(cuda.set_access(address, bytes, &access, 1), "cuMemSetAccess");
    return address;
}

void memory_unmap(CudaAddress address, size_t bytes)
{
    must(cuda.unmap(address, bytes), "cuMemUnmap");
    must(cuda.unreserve(address, bytes), "cuMemAddressFree");
}

/* --- kinds */

static CudaResult alloc_take(Piece *piece)
{
    return cuda.alloc(&piece->address, PIECE);
}

static void alloc_give(Piece *piece)
{
    must(cuda.free(piece->address), "cuMemFree");
}

static CudaResult async_take(Piece *piece)
{
    return cuda.alloc_async(&piece->address, PIECE, NULL);
}

static void async_give(Piece *piece)
{
    must(cuda.free_async(piece->address, NULL), "cuMemFreeAsync");
}

static CudaResult vmm_take(Piece *piece)
{
    CudaResult result = memory_create(&piece->handle, PIECE);

    if (result == CUDA_OK) {
        piece->address = memory_map(piece->handle, PIECE);
    }
    return result;
}

static void vmm_give(Piece *piece)
{
    memory_unmap(piece->address, PIECE);
    must(cuda.release(piece->handle), "cuMemRelease");
}

static CudaResult released_take(Piece *piece)
{
    CudaResult result = vmm_take(piece);

    if (result == CUDA_OK) {
        must(cuda.release(piece->handle), "cuMemRelease");
    }
    return result;
}

static void released_give(Piece *piece)
{
    memory_unmap(piece->address, PIECE);
}

static const PieceKind kinds[] = {
    {"alloc", alloc_take, alloc_give},
    {"async", async_take, async_give},
    {"vmm", vmm_take, vmm_give},
    {"released", released_take, released_give},
};

const PieceKind *piece_kind(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

/* Memory of cuMemFreeAsync stays in a pool of CUDA's until the pool is trimmed. */
static void trim(void)
{
    void *pool = NULL;

    must(cuda.synchronize(NULL), "cuStreamSynchronize");
    must(cuda.device_pool(&pool, cuda_device), "cuDeviceGetDefaultMemPool");
    must(cuda.pool_trim(pool, 0), "cuMemPoolTrimTo");
}

unsigned pieces_take(const PieceKind *kind, Piece *pieces)
{
    unsigned n = 0;
    CudaResult result = CUDA_OK;

    while (n < PIECES && (result = kind->take(&pieces[n])) == CUDA_OK) {
        n++;
    }
    if (result != CUDA_OUT_OF_MEMORY) {
        must(result, kind->name);
    }
    return n;
}

void pieces_give(const PieceKind *kind, Piece *pieces, unsigned n)
{
    while (n > 0) {
        kind->give(&pieces[--n]);
    }
    trim();
}
