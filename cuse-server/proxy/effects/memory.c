/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Effects of calls that allocate memory (those older than NV_ESC_RM_ALLOC), and that prepare memory for mmap(). The file
 * records what mmap() of it would show (NvFile.map). The pipeline takes the lock of that record before it makes the host call
 * that may change it.
 */
#include <errno.h>

#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/nvos32.h"
#include "abi/status.h"
#include "cuse-server/proxy/effects/effects.h"
#include "cuse-server/proxy/effects/memory-cost.h"

#define PAGE_BYTES UINT64_C(4096)

#define FLAG_FIELD(FLAGS, NAME) ((FLAGS) >> NAME##_SHIFT & NAME##_MASK)

/* Compute the bytes that mmap() will show: whole pages around @length bytes from @address on. Returns 0 on overflow. */
static uint64_t map_length(uint64_t address, uint64_t length)
{
    uint64_t end;

    if (!g_uint64_checked_add(&end, address % PAGE_BYTES, length) ||
        !g_uint64_checked_add(&end, end, PAGE_BYTES - 1)) {
        return 0;
    }
    return end - end % PAGE_BYTES;
}

/* --- NV_ESC_RM_MAP_MEMORY --------------------------------------------------------------------- */

/* Whether another process than the caller allocated the client. The driver makes the mapping context only for the process
 * that allocated the client (src/nvidia/arch/nvalloc/unix/src/osapi.c, rm_create_mmap_context). */
static bool is_other_process(Call *call, NvHandle client)
{
    GuestProcess owner;
    const GuestProcess *caller;

    return object_tree_process(call->objects, client, &owner) &&
           (!(caller = call_process(call)) || caller->id != owner.id);
}

static bool check_map_memory(Call *call)
{
    const nv_ioctl_nvos33_parameters_with_fd *p = call->params;

    return !is_other_process(call, p->params.hClient) ||
           call_refuse_status(call, NV_ERR_INVALID_CLIENT, REFUSAL_BAD_CLIENT);
}

/* Let the file hold memory of the host that can be mapped through it. A mapping keeps such memory allocated when its object is
 * freed (kernel-open/nvidia/nv.c, nv_free_pages), and the driver does not release a file that is mapped. */
static void hold_mapped(Call *call, NvHandle memory)
{
    Charge *charge = call->client ? client_charge(call->client, memory) : NULL;

    if (charge && charge_is_pinned(charge)) {
        nv_file_hold(call->target, charge);
    } else {
        charge_unref(charge);
    }
}

static void after_map_memory(Call *call)
{
    const nv_ioctl_nvos33_parameters_with_fd *p = call->params;

    call->target->map.length = map_length(p->params.pLinearAddress, p->params.length);
    hold_mapped(call, p->params.hMemory);
}

const Effect effect_map_memory = {
    .locks_target = true, .lock = LOCK_KNOWN, .check = check_map_memory, .after = after_map_memory};

/* --- NV_ESC_RM_ALLOC_MEMORY ------------------------------------------------------------------- */

/* Convert the offset of the last byte to a length in bytes. Returns 0 on overflow. */
static uint64_t limit_bytes(uint64_t limit)
{
    uint64_t bytes;

    return g_uint64_checked_add(&bytes, limit, 1) ? bytes : 0;
}

static void after_alloc_memory(Call *call)
{
    const NVOS02_PARAMETERS *asked = call->asked; /* the argument begins with it */
    const NVOS02_PARAMETERS *p = call->params;

    client_add(call->client, p->hObjectNew, asked->hClass, &asked->hObjectParent, 1);
    memory_keep(call, p->hObjectNew);
}

/* The size of system memory. The driver does not return the size that it has rounded up. For the other classes, no memory is
 * allocated, and the limit is the driver's answer (src/nvidia/interface/deprecated/rmapi_deprecated_allocmemory.c). */
static CallCost cost_of_system(const Call *call)
{
    const NVOS02_PARAMETERS *p = call->params;
    const bool is_contiguous =
        FLAG_FIELD(p->flags, NVOS02_FLAGS_PHYSICALITY) == NVOS02_FLAGS_PHYSICALITY_CONTIGUOUS;
    const MemoryWanted wanted = {.object_class = NV01_MEMORY_SYSTEM,
                                 .attr = is_contiguous ? NVOS32_ATTR_PHYSICALITY_CONTIGUOUS
                                                             << NVOS32_ATTR_PHYSICALITY_SHIFT
                                                       : 0,
                                 .size = limit_bytes(p->limit)};

    return memory_cost(call, &wanted, p->hObjectParent);
}

/*
 * If the file cannot be prepared for mmap(), the driver answers with an errno, but the object stays, and the status says so
 * (src/nvidia/arch/nvalloc/unix/src/escape.c, RmIoctl). If the driver has not written a status, it is the guest's own; a guest that
 * passes NV_OK is charged for nothing.
 */
static void made_with_errno(Call *call)
{
    const NVOS02_PARAMETERS *p = call->params;

    if (p->status == NV_OK) {
        after_alloc_memory(call);
    }
}

/* The driver answers with the last byte of all of the GPU's memory. A guest with a quota sees that of its share. */
static void after_alloc_local(Call *call)
{
    const NVOS02_PARAMETERS *asked = call->asked;
    NVOS02_PARAMETERS *p = call->params;
    const Budget *budget =
        budgets_gpu(call->budgets, client_gpu_number(call->client, asked->hObjectParent));

    after_alloc_memory(call);
    if (asked->hClass == NV01_MEMORY_LOCAL_USER && budget) {
        p->limit = MIN(p->limit, budget_limit(budget) - 1);
    }
}

/* Record system memory. The same call can prepare the memory for mmap() of `fd`. */
static void after_alloc_system(Call *call)
{
    const NVOS02_PARAMETERS *asked = call->asked;
    const NVOS02_PARAMETERS *p = call->params;

    after_alloc_memory(call);
    if (FLAG_FIELD(asked->flags, NVOS02_FLAGS_ALLOC) != NVOS02_FLAGS_ALLOC_NONE &&
        FLAG_FIELD(asked->flags, NVOS02_FLAGS_MAPPING) != NVOS02_FLAGS_MAPPING_NO_MAP) {
        call->target->map.length = map_length(0, limit_bytes(p->limit));
        hold_mapped(call, p->hObjectNew);
    }
}

static const Effect *choose_alloc_memory(Call *call)
{
    static const Effect system = {.names_file = true,
                                  .locks_target = true,
                                  .lock = LOCK_FOR_NEW,
                                  .keeps = true,
                                  .cost = cost_of_system,
                                  .not_answered = made_with_errno,
                                  .after = after_alloc_system};
    static const Effect local = {.lock = LOCK_FOR_NEW, .keeps = true, .after = after_alloc_local};
    const NVOS02_PARAMETERS *p = call->params;

    call_detail(call, p->hClass);
    switch (p->hClass) {
    case NV01_MEMORY_SYSTEM:
        return &system;
    case NV01_MEMORY_LOCAL_PRIVILEGED:
    case NV01_MEMORY_LOCAL_USER:
        return &local;
    case NV01_MEMORY_SYSTEM_OS_DESCRIPTOR:
        return &effect_os_descriptor;
    default:
        call_refuse(call, EINVAL, REFUSAL_UNKNOWN_CLASS);
        return NULL;
    }
}

const Effect effect_alloc_memory = {.choose = choose_alloc_memory};

/* --- NV_ESC_RM_VID_HEAP_CONTROL --------------------------------------------------------------- */

/* Find the class of the object that the call makes. The driver chooses by the same flags
 * (src/nvidia/src/kernel/rmapi/deprecated_context.c and rmapi/rmapi_deprecated_vidheapctrl.c). */
static uint32_t heap_class(const NVOS32_PARAMETERS_data_AllocSize *p)
{
    if (p->flags & NVOS32_ALLOC_FLAGS_VIRTUAL) {
        return NV50_MEMORY_VIRTUAL;
    }
    if (FLAG_FIELD(p->attr2, NVOS32_ATTR2_USE_EGM) == NVOS32_ATTR2_USE_EGM_TRUE) {
        return NV_MEMORY_EXTENDED_USER;
    }
    return FLAG_FIELD(p->attr, NVOS32_ATTR_LOCATION) == NVOS32_ATTR_LOCATION_VIDMEM
               ? NV01_MEMORY_LOCAL_USER
               : NV01_MEMORY_SYSTEM;
}

static bool map_heap_address(Call *call)
{
    NVOS32_PARAMETERS *p = call->params;
    NvP64 *address = &p->data.AllocSize.address;

    call_map_array(call, address, *address ? sizeof(NvU64) : 0, GUEST_INOUT);
    return true;
}

static void after_heap_alloc(Call *call)
{
    const NVOS32_PARAMETERS *asked = call->asked;
    const NVOS32_PARAMETERS *p = call->params;
    const NvHandle dependencies[] = {asked->hObjectParent, asked->hVASpace};
    const uint32_t object_class = heap_class(&asked->data.AllocSize);

    client_add(call->client, p->data.AllocSize.hMemory, object_class, dependencies,
               object_class == NV50_MEMORY_VIRTUAL ? 2 : 1);
    memory_settle(call, object_class, p->data.AllocSize.size, asked->data.AllocSize.flags);
    memory_keep(call, p->data.AllocSize.hMemory);
}

/* Not every release knows the flag for EGM, so the memory counts as the GPU's unless its location is elsewhere. */
static CallCost cost_of_heap(const Call *call)
{
    const NVOS32_PARAMETERS *p = call->params;
    NVOS32_PARAMETERS_data_AllocSize size = p->data.AllocSize;

    size.attr2 &= ~((NvU32)NVOS32_ATTR2_USE_EGM_MASK << NVOS32_ATTR2_USE_EGM_SHIFT);
    const MemoryWanted wanted = {.object_class = heap_class(&size),
                                 .flags = size.flags,
                                 .attr = size.attr,
                                 .attr2 = size.attr2,
                                 .size = size.size,
                                 .alignment = size.alignment};
    return memory_cost(call, &wanted, p->hObjectParent);
}

static const Effect *choose_heap(Call *call)
{
    static const Effect alloc_size = {.lock = LOCK_FOR_NEW,
                                      .keeps = true,
                                      .map = map_heap_address,
                                      .cost = cost_of_heap,
                                      .after = after_heap_alloc};
    const NVOS32_PARAMETERS *p = call->params;

    call_detail(call, p->function);
    switch (p->function) {
    case NVOS32_FUNCTION_ALLOC_SIZE:
        return &alloc_size;
    case NVOS32_FUNCTION_ALLOC_OS_DESCRIPTOR:
        return &effect_os_descriptor_heap;
    default:
        call_refuse(call, EINVAL, REFUSAL_UNKNOWN_FUNCTION);
        return NULL;
    }
}

const Effect effect_vidheap_control = {.choose = choose_heap};
