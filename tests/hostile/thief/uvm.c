/* SPDX-License-Identifier: Apache-2.0 */
/* Acts upon nvidia-uvm's mappings of memory. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/hostile/thief/thief.h"

#define KIB 1024UL
#define MIB (1024 * KIB)

#define RANGE_AT(I) (0x300000000000UL + ((NvU64)(I) << 30))
#define RANGE_SIZE  (8 * MIB)

enum { RANGES = 3, UUID = 16, BINARY = 0x2 };

static void gpu_uuid(Hand *hand, unsigned gpu, void *uuid)
{
    NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS params = {.gpuId = (gpu + 1) << 8, .flags = BINARY};

    rm_control(hand->ctl, hand->client, hand->client, NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID,
               &params, sizeof params);
    memcpy(uuid, params.gpuUuid, UUID);
}

/* A call about a GPU, about a range, or both. @uuid: the name of the member, or NULL */
static int64_t call(Hand *hand, NvU32 number, const char *uuid, unsigned gpu, NvU64 base,
                    NvU64 length)
{
    Params params = uvm_params(number);
    int64_t result;

    if (uuid) {
        gpu_uuid(hand, gpu, params_at(&params, uuid));
    }
    if (base) {
        params_put(&params, "base", 0, base);
    }
    if (length && params_has(&params, "length")) {
        params_put(&params, "length", 0, length);
    }
    result = uvm_call(hand->uvm, number, &params);
    params_free(&params);
    return result;
}

/* Register a GPU, or its address space; the parameters have some members of the same names. */
static int64_t register_with(Hand *hand, NvU32 number, const char *uuid, unsigned gpu)
{
    Params params = uvm_params(number);
    int64_t result;

    gpu_uuid(hand, gpu, params_at(&params, uuid));
    params_put(&params, "rmCtrlFd", 0, (NvU32)hand->ctl);
    params_put(&params, "hClient", 0, hand->client);
    if (params_has(&params, "hVaSpace")) {
        params_put(&params, "hVaSpace", 0, space_of(gpu));
    }
    result = uvm_call(hand->uvm, number, &params);
    params_free(&params);
    return result;
}

static int64_t register_gpu(Hand *hand, unsigned gpu)
{
    register_with(hand, UVM_REGISTER_GPU, "gpu_uuid", gpu);
    return register_with(hand, UVM_REGISTER_GPU_VASPACE, "gpuUuid", gpu);
}

static int64_t change_peers(Hand *hand, NvU32 number)
{
    Params params = uvm_params(number);
    int64_t result;

    gpu_uuid(hand, 0, params_at(&params, "gpuUuidA"));
    gpu_uuid(hand, 1, params_at(&params, "gpuUuidB"));
    result = uvm_call(hand->uvm, number, &params);
    params_free(&params);
    return result;
}

void uvm_open(Hand *hand)
{
    Params params = uvm_params(UVM_INITIALIZE);

    hand->uvm = open("/dev/nvidia-uvm", O_RDWR | O_CLOEXEC);
    params_put(&params, "flags", 0, UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE);
    uvm_call(hand->uvm, UVM_INITIALIZE, &params);
    params_free(&params);
    for (unsigned gpu = 0; gpu < GPUS; gpu++) {
        register_gpu(hand, gpu);
    }
    change_peers(hand, UVM_ENABLE_PEER_ACCESS);
    for (unsigned i = 0; i < RANGES; i++) {
        call(hand, UVM_CREATE_EXTERNAL_RANGE, NULL, 0, RANGE_AT(i), RANGE_SIZE);
    }
}

/*
 * What the driver drops in a call that fails, or with access to a peer, nvcuse counts until the end. These are: what a mapping
 * would have replaced; what comes before a mapping that cannot be split there; and other GPUs' mappings of a GPU's memory. So unless
 * the thief may do what is uncertain, it unmaps first, and splits only where every mapping can be split.
 */
static void unmap_first(Hand *hand, NvU64 base, NvU64 length)
{
    for (unsigned gpu = 0; gpu < GPUS && !hand->shared->uncertain; gpu++) {
        call(hand, UVM_UNMAP_EXTERNAL, "gpuUuid", gpu, base, length);
    }
}

static void unmap_all_first(Hand *hand)
{
    for (unsigned i = 0; i < RANGES; i++) {
        unmap_first(hand, RANGE_AT(i), RANGE_SIZE);
    }
}

/* Addresses by chance: at pages of 4 KiB, 64 KiB or 2 MiB, sometimes beyond the range's end. */
static void any_part(Hand *hand, NvU64 *base, NvU64 *length)
{
    static const NvU64 pages[] = {4 * KIB, 64 * KIB, 64 * KIB, 2 * MIB};
    const NvU64 page = hand->shared->uncertain ? pages[chance(hand, G_N_ELEMENTS(pages))] : 2 * MIB;
    const unsigned n = (unsigned)(RANGE_SIZE / page);
    const unsigned first = chance(hand, n);

    *base = RANGE_AT(chance(hand, RANGES)) + first * page;
    *length =
        page *
        (1 + chance(hand, MIN(n - first + (hand->shared->uncertain && chance(hand, 16) == 0), 32)));
}

/* Map an object for one GPU, for both, or for one twice. */
int64_t act_external(Hand *hand)
{
    const Held *held = any_object(hand);
    Params params = uvm_params(UVM_MAP_EXTERNAL_ALLOCATION);
    const unsigned n = 1 + chance(hand, 2);
    NvU64 base, length;
    int64_t result;

    if (!held) {
        params_free(&params);
        return NOTHING;
    }
    any_part(hand, &base, &length);
    unmap_first(hand, base, length);
    params_put(&params, "base", 0, base);
    params_put(&params, "length", 0, MIN(length, held->size));
    params_put(&params, "gpuAttributesCount", 0, n);
    for (unsigned i = 0; i < n; i++) {
        gpu_uuid(hand, chance(hand, GPUS),
                 (unsigned char *)params_at(&params, "perGpuAttributes") +
                     i * sizeof(UvmGpuMappingAttributes));
    }
    params_put(&params, "rmCtrlFd", 0, (NvU32)hand->ctl);
    params_put(&params, "hClient", 0, hand->client);
    params_put(&params, "hMemory", 0, chance(hand, 16) ? held->handle : H_LAST);
    result = uvm_call(hand->uvm, UVM_MAP_EXTERNAL_ALLOCATION, &params);
    params_free(&params);
    return result;
}

int64_t act_unmap_external(Hand *hand)
{
    NvU64 base, length;

    any_part(hand, &base, &length);
    return call(hand, UVM_UNMAP_EXTERNAL, "gpuUuid", chance(hand, GPUS), base, length);
}

int64_t act_free_range(Hand *hand)
{
    const NvU64 base = RANGE_AT(chance(hand, RANGES));
    const int64_t result =
        call(hand, UVM_FREE, NULL, 0, base, chance(hand, 8) ? RANGE_SIZE : RANGE_SIZE / 2);

    call(hand, UVM_CREATE_EXTERNAL_RANGE, NULL, 0, base, RANGE_SIZE);
    return result;
}

int64_t act_unregister(Hand *hand)
{
    const unsigned gpu = chance(hand, GPUS);

    unmap_all_first(hand);
    const int64_t result = chance(hand, 2)
                               ? call(hand, UVM_UNREGISTER_GPU, "gpu_uuid", gpu, 0, 0)
                               : call(hand, UVM_UNREGISTER_GPU_VASPACE, "gpuUuid", gpu, 0, 0);

    register_gpu(hand, gpu);
    change_peers(hand, UVM_ENABLE_PEER_ACCESS);
    return result;
}

int64_t act_peers(Hand *hand)
{
    unmap_all_first(hand);
    const int64_t result = change_peers(hand, UVM_DISABLE_PEER_ACCESS);

    if (chance(hand, 2)) {
        change_peers(hand, UVM_ENABLE_PEER_ACCESS);
    }
    return result;
}

int64_t act_reopen_uvm(Hand *hand)
{
    close(hand->uvm);
    uvm_open(hand);
    return 0;
}
