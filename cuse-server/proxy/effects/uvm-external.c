/* SPDX-License-Identifier: Apache-2.0 */
/* Effects of calls of nvidia-uvm that make and free ranges of addresses, and map memory there. See budgets/uvm-ranges.h. */
#include "abi/status.h"
#include "abi/uvm.h"
#include "cuse-server/proxy/effects/effects.h"

/* Make what is recorded count against the instance's limit of objects. @before: uvm_ranges_size() before the change */
static void count(const Call *call, unsigned before)
{
    const unsigned after = uvm_ranges_size(call->ranges);

    if (after > before) {
        object_tree_hold(call->objects, after - before);
    } else {
        object_tree_let_go(call->objects, before - after);
    }
}

/* --- ranges ------------------------------------------------------------------------------------ */

static bool check_room_for_range(Call *call)
{
    return call_has_room(call, 1, false);
}

static void add_range(const Call *call, UvmRangeKind kind, const UvmArea *area)
{
    const unsigned before = uvm_ranges_size(call->ranges);

    uvm_ranges_add(call->ranges, kind, area);
    count(call, before);
}

static void after_create_external_range(Call *call)
{
    const UVM_CREATE_EXTERNAL_RANGE_PARAMS *asked = call->asked;

    add_range(call, UVM_RANGE_EXTERNAL, &(UvmArea){asked->base, asked->length});
}

/* Later releases have the same members at the beginning. */
static void after_alloc_semaphore_pool(Call *call)
{
    const UVM_ALLOC_SEMAPHORE_POOL_PARAMS *asked = call->asked;

    add_range(call, UVM_RANGE_SEMAPHORE_POOL, &(UvmArea){asked->base, asked->length});
}

/* The driver frees a range that begins at `base`. Releases that also have `length` compare it with the range's, so no release
 * frees a part of a range. */
static void after_free(Call *call)
{
    const UVM_FREE_PARAMS *asked = call->asked;
    const unsigned before = uvm_ranges_size(call->ranges);

    uvm_ranges_remove(call->ranges, asked->base);
    count(call, before);
}

const Effect effect_uvm_create_external_range = {.locks_ranges = true,
                                                 .keeps = true,
                                                 .check = check_room_for_range,
                                                 .after = after_create_external_range};
const Effect effect_uvm_alloc_semaphore_pool = {.locks_ranges = true,
                                                .keeps = true,
                                                .check = check_room_for_range,
                                                .after = after_alloc_semaphore_pool};
const Effect effect_uvm_free = {.locks_ranges = true, .keeps = true, .after = after_free};

/* --- what is mapped ---------------------------------------------------------------------------- */

G_STATIC_ASSERT(sizeof(NvProcessorUuid) == UVM_GPU_UUID_SIZE);
G_STATIC_ASSERT(offsetof(UVM_MAP_EXTERNAL_ALLOCATION_PARAMS, perGpuAttributes) ==
                offsetof(UVM_MAP_EXTERNAL_ALLOCATION_PARAMS_V550, perGpuAttributes));

/* MapWanted: what UVM_MAP_EXTERNAL_ALLOCATION asks for, in any release. @n: at most as many GPUs as the struct has room for; the
 * driver refuses more */
typedef struct {
    UvmArea area;
    const UvmGpuMappingAttributes *gpus;
    uint64_t n;
    NvHandle memory;
} MapWanted;

static MapWanted map_wanted(const void *params, size_t size)
{
    const UVM_MAP_EXTERNAL_ALLOCATION_PARAMS *old = params;
    const UVM_MAP_EXTERNAL_ALLOCATION_PARAMS_V550 *p = params;

    if (size == sizeof *old) {
        return (MapWanted){{old->base, old->length},
                           old->perGpuAttributes,
                           MIN(old->gpuAttributesCount, UVM_MAX_GPUS),
                           old->hMemory};
    }
    return (MapWanted){{p->base, p->length},
                       p->perGpuAttributes,
                       MIN(p->gpuAttributesCount, UVM_MAX_GPUS_V2),
                       p->hMemory};
}

/* For each GPU there is a new mapping, and it may split an old one in two. */
static bool check_room_for_mappings(Call *call)
{
    const MapWanted wanted = map_wanted(call->params, call->params_size);

    return call_has_room(call, 2 * (unsigned)wanted.n, false);
}

/* The client has been locked since before the driver was asked. So the handle still is the object that the driver mapped. */
static void after_map_external(Call *call)
{
    const MapWanted wanted = map_wanted(call->asked, call->params_size);
    const unsigned before = uvm_ranges_size(call->ranges);
    g_autoptr(Charge) charge = client_charge(call->client, wanted.memory);

    for (uint64_t i = 0; i < wanted.n; i++) {
        uvm_ranges_map(call->ranges, &wanted.gpus[i].gpuUuid, &wanted.area, charge);
    }
    count(call, before);
}

/* A guest at its limit may unmap memory, unless that makes two mappings of one. */
static bool before_unmap_external(Call *call)
{
    const UVM_UNMAP_EXTERNAL_PARAMS *p = call->params;
    const UvmArea area = {p->base, p->length};

    return !uvm_ranges_splits(call->ranges, &p->gpuUuid, &area) ||
           object_tree_has_room(call->objects, 1, false) ||
           call_refuse_status(call, NV_ERR_INSUFFICIENT_RESOURCES, REFUSAL_LIMIT);
}

static void after_unmap_external(Call *call)
{
    const UVM_UNMAP_EXTERNAL_PARAMS *asked = call->asked;
    const unsigned before = uvm_ranges_size(call->ranges);

    uvm_ranges_unmap(call->ranges, &asked->gpuUuid, &(UvmArea){asked->base, asked->length});
    count(call, before);
}

/* UVM_UNREGISTER_GPU and UVM_UNREGISTER_GPU_VASPACE have the same members. Both drop what is mapped for the GPU. */
static void after_unregister_gpu(Call *call)
{
    const UVM_UNREGISTER_GPU_PARAMS *asked = call->asked;
    const unsigned before = uvm_ranges_size(call->ranges);

    uvm_ranges_drop_gpu(call->ranges, &asked->gpu_uuid);
    count(call, before);
}

/* A client that is not recorded is refused: its memory could not count. */
const Effect effect_uvm_map_external = {.locks_ranges = true,
                                        .lock = LOCK_EXISTING,
                                        .keeps = true,
                                        .check = check_room_for_mappings,
                                        .after = after_map_external};
const Effect effect_uvm_unmap_external = {.locks_ranges = true,
                                          .keeps = true,
                                          .before = before_unmap_external,
                                          .after = after_unmap_external};
const Effect effect_uvm_unregister_gpu = {
    .locks_ranges = true, .keeps = true, .after = after_unregister_gpu};
