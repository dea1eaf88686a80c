/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/proxy/effects/memory-cost.h"

#include <string.h>

#include "abi/alloc-channel.h"
#include "abi/class.h"
#include "abi/nvos32.h"

/*
 * The driver's manager of physical memory takes whole pages of 64 KiB, even if the memory has pages of 4 KiB
 * (src/nvidia/src/kernel/mem_mgr/video_mem.c, _vidmemPmaAllocate). The host's memory has pages of 4 KiB.
 */
#define GPU_PAGE  UINT64_C(0x10000)
#define HOST_PAGE UINT64_C(0x1000)

/*
 * What a channel group for compute takes beside the objects that the program makes for it, as measured on an H200 with 580.159.04
 * (tests/gpu/shares); what another group and a channel take: their instance blocks come in chunks of 64 KiB
 * (src/nvidia/src/kernel/gpu/fifo/kernel_channel.c).
 */
#define COMPUTE_GROUP UINT64_C(0x900000)
#define CHANNEL       GPU_PAGE

#define FIELD(WORD, NAME) ((WORD) >> NAME##_SHIFT & NAME##_MASK)

/* Round up to a multiple of @unit. A size that cannot be rounded up is refused by the driver, or for its budget. */
static uint64_t round_up(uint64_t bytes, uint64_t unit)
{
    const uint64_t rest = bytes % unit;

    return rest == 0 || bytes > UINT64_MAX - (unit - rest) ? bytes : bytes + (unit - rest);
}

/* The size of pages, by which the driver rounds up (src/nvidia/src/kernel/gpu/mem_mgr/mem_mgr.c, memmgrDeterminePageSize). */
static uint64_t page_bytes(const MemoryWanted *wanted)
{
    static const uint64_t huge[] = {0x200000, 0x200000, 0x20000000, UINT64_C(0x4000000000)};

    switch (FIELD(wanted->attr, NVOS32_ATTR_PAGE_SIZE)) {
    case NVOS32_ATTR_PAGE_SIZE_HUGE:
        return huge[FIELD(wanted->attr2, NVOS32_ATTR2_PAGE_SIZE_HUGE)];
    case NVOS32_ATTR_PAGE_SIZE_DEFAULT:
        return wanted->size >= huge[0] ? huge[0] : GPU_PAGE;
    default:
        return GPU_PAGE;
    }
}

/*
 * Memory at a fixed place in GPU memory takes everything from the last multiple of the alignment before it to the next one behind
 * it, and the driver returns the small size. So a guest could take a gigabyte for 64 KiB (_vidmemPmaAllocate).
 */
static uint64_t gpu_bytes(const MemoryWanted *wanted)
{
    const uint64_t bytes = round_up(wanted->size, page_bytes(wanted));
    uint64_t sum;

    if (!(wanted->flags & NVOS32_ALLOC_FLAGS_FIXED_ADDRESS_ALLOCATE) || wanted->alignment == 0) {
        return bytes;
    }
    return g_uint64_checked_add(&sum, round_up(bytes, wanted->alignment), wanted->alignment)
               ? sum
               : UINT64_MAX;
}

/* Contiguous memory of the host is one block of 2^n pages (kernel-open/nvidia/nv-vm.c, nv_alloc_contig_pages). */
static uint64_t host_bytes(const MemoryWanted *wanted)
{
    const uint64_t bytes = round_up(wanted->size, HOST_PAGE);
    const bool is_contiguous =
        FIELD(wanted->attr, NVOS32_ATTR_PHYSICALITY) == NVOS32_ATTR_PHYSICALITY_CONTIGUOUS;

    if (!is_contiguous || bytes == 0) {
        return bytes;
    }
    return bytes > UINT64_C(1) << 63 ? UINT64_MAX
                                     : UINT64_C(1) << (64 - __builtin_clzll(bytes - 1));
}

/* Addresses take page tables: the driver allocates those for pages of 4 KiB at once, unless the guest says that it will not map
 * everything, or that other code has the tables (src/nvidia/src/kernel/mem_mgr/gpu_vaspace.c, gvaspaceReserveMempool). */
static uint64_t table_bytes(const MemoryWanted *wanted)
{
    const NvU32 later = NVOS32_ALLOC_FLAGS_LAZY | NVOS32_ALLOC_FLAGS_EXTERNALLY_MANAGED;

    return wanted->flags & later ? 0 : round_up(wanted->size / 512, GPU_PAGE) + GPU_PAGE;
}

static CallCost gpu_cost(const Call *call, NvHandle parent, uint64_t bytes)
{
    return (CallCost){COST_GPU, client_gpu_number(call->client, parent), bytes};
}

CallCost memory_cost(const Call *call, const MemoryWanted *wanted, NvHandle parent)
{
    switch (wanted->object_class) {
    case NV01_MEMORY_LOCAL_USER:
        return gpu_cost(call, parent, gpu_bytes(wanted));
    case NV01_MEMORY_SYSTEM:
    case NV_MEMORY_EXTENDED_USER:
        return (CallCost){COST_PINNED, NO_GPU, host_bytes(wanted)};
    case NV50_MEMORY_VIRTUAL:
        return gpu_cost(call, parent, table_bytes(wanted));
    default: /* memory that is there already */
        return (CallCost){COST_NONE, NO_GPU, 0};
    }
}

CallCost channel_group_cost(const Call *call, NvU32 engine, NvHandle parent)
{
    const bool is_compute = engine >= NV2080_ENGINE_TYPE_GR0 && engine <= NV2080_ENGINE_TYPE_GR7;

    return gpu_cost(call, parent, is_compute ? COMPUTE_GROUP : CHANNEL);
}

CallCost channel_cost(const Call *call, NvHandle parent)
{
    uint32_t above;
    const bool is_bare = client_class(call->client, parent, &above) && above == NV01_DEVICE_0;

    return gpu_cost(call, parent, is_bare ? COMPUTE_GROUP + CHANNEL : CHANNEL);
}

/* The driver does not return what memory at a fixed address takes, nor what contiguous memory of the host takes. */
void memory_settle(Call *call, uint32_t object_class, NvU64 size, NvU32 flags)
{
    const bool is_least =
        object_class != NV01_MEMORY_LOCAL_USER || flags & NVOS32_ALLOC_FLAGS_FIXED_ADDRESS_ALLOCATE;
    const uint64_t bytes = round_up(size, is_least ? HOST_PAGE : GPU_PAGE);

    if (call->charge && object_class != NV50_MEMORY_VIRTUAL &&
        (!is_least || bytes > charge_bytes(call->charge))) {
        charge_settle(call->charge, bytes);
    }
}

void memory_keep(Call *call, NvHandle object)
{
    if (call->charge) {
        charge_settle(call->charge, charge_bytes(call->charge));
        client_set_charge(call->client, object, g_steal_pointer(&call->charge));
    }
}

GPtrArray *memory_held(const Call *call, uint32_t max)
{
    GPtrArray *held = g_ptr_array_new();

    ABI_FOR_EACH_MEMBER(member, call->entry->members, ABI_ROLE_HOLDS)
    {
        for (uint32_t i = 0; i < MIN(member->place.n, max); i++) {
            NvHandle handle;
            memcpy(&handle, abi_place_at(call->params, &member->place, i), sizeof handle);
            Charge *charge = client_charge(call->client, handle);
            if (charge) {
                g_ptr_array_add(held, charge);
            }
        }
    }
    return held;
}
