/* SPDX-License-Identifier: Apache-2.0 */
/* Effects of calls that make objects and free them. */
#include <errno.h>
#include <string.h>

#include "abi/alloc-channel.h"
#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/control/ctrl-memory.h"
#include "abi/status.h"
#include "cuse-server/proxy/effects/channel-record.h"
#include "cuse-server/proxy/effects/effects.h"
#include "cuse-server/proxy/effects/memory-cost.h"

enum { DEPENDENCIES_MAX = 2 };

static bool before_free(Call *call)
{
    const NVOS00_PARAMETERS *asked = call->asked;

    channel_before_free(call, asked->hObjectOld);
    return true;
}

static void after_free(Call *call)
{
    const NVOS00_PARAMETERS *asked = call->asked;

    if (call->client) {
        client_free(call->client, asked->hObjectOld);
    }
}

/* Forgets the object and everything that depends on it. The driver judges a client that is not recorded here. */
const Effect effect_free = {
    .lock = LOCK_KNOWN, .keeps = true, .before = before_free, .after = after_free};

/* --- NV_ESC_RM_ALLOC --------------------------------------------------------------------------- */

static uint32_t number_at(const Call *call, const AbiMember *member)
{
    uint32_t number;

    memcpy(&number, abi_place_at(call->params, &member->place, 0), sizeof number);
    return number;
}

/* The parameters of classes of memory. Their layout differs by release only behind the members that are read here. */
static const NV_MEMORY_ALLOCATION_PARAMS *memory_params(const Call *call)
{
    return call->params && abi_members_have(call->entry->members, ABI_ROLE_MEMORY_SIZE)
               ? call->params
               : NULL;
}

/* Whether objects of the class can keep other objects' memory allocated: what its parameters name, or what is attached later. */
static bool may_hold(const Call *call)
{
    return abi_members_have(call->entry->members, ABI_ROLE_HOLDS) ||
           call->entry->number == NV_MEMORY_MULTICAST_FABRIC;
}

static CallCost cost_of_alloc(const Call *call)
{
    const NV_MEMORY_ALLOCATION_PARAMS *params = memory_params(call);
    const NVOS64_PARAMETERS *alloc = call->argument;

    if (!params) {
        return (CallCost){.kind = may_hold(call) ? COST_HOLDER : COST_NONE};
    }
    const MemoryWanted wanted = {.object_class = call->entry->number,
                                 .flags = params->flags,
                                 .attr = params->attr,
                                 .attr2 = params->attr2,
                                 .size = params->size,
                                 .alignment = params->alignment};
    return memory_cost(call, &wanted, alloc->hObjectParent);
}

/* @held: (transfer full) */
static void hold_all(Charge *charge, GPtrArray *held)
{
    for (guint i = 0; i < held->len; i++) {
        charge_hold(charge, g_ptr_array_index(held, i));
    }
    g_ptr_array_unref(held);
}

/* Record an object's GPU and its memory, from the parameters as the driver left them. A device without parameters is on the first
 * GPU. */
static void record_use(Call *call, NvHandle handle)
{
    const NV_MEMORY_ALLOCATION_PARAMS *memory = memory_params(call);

    ABI_FOR_EACH_MEMBER(member, call->entry->members, ABI_ROLE_GPU_DEVICE)
    {
        client_set_gpu(call->client, handle, call->params ? number_at(call, member) : 0, call->gpu);
    }
    if (memory) {
        memory_settle(call, call->entry->number, memory->size, memory->flags);
    }
    if (call->params && call->charge) {
        hold_all(call->charge, memory_held(call, UINT32_MAX));
    }
    memory_keep(call, handle);
}

/*
 * Record a new object and its dependencies: it is freed with its parent, and with the objects that members with role DEPENDENCY
 * name in its parameters, as the driver left them. A number that does not name an object does not make a dependency; examples are
 * 0 and NV_MEMORY_VIRTUAL_SYSMEM_DYNAMIC_HVASPACE.
 */
static void after_alloc(Call *call)
{
    const NVOS64_PARAMETERS *alloc = call->argument;
    NvHandle dependencies[1 + DEPENDENCIES_MAX] = {alloc->hObjectParent};
    size_t n = 1;

    ABI_FOR_EACH_MEMBER(member, call->entry->members, ABI_ROLE_DEPENDENCY)
    {
        if (call->params) {
            g_assert(n < G_N_ELEMENTS(dependencies));
            dependencies[n++] = number_at(call, member);
        }
    }
    client_add(call->client, alloc->hObjectNew, alloc->hClass, dependencies, n);
    record_use(call, alloc->hObjectNew);
    channel_record(call, alloc->hObjectNew);
}

const Effect effect_alloc = {.lock = LOCK_FOR_NEW, .cost = cost_of_alloc, .after = after_alloc};
static CallCost cost_of_group(const Call *call)
{
    const NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS *params = call->params;
    const NVOS64_PARAMETERS *alloc = call->argument;

    return channel_group_cost(call, params ? params->engineType : 0, alloc->hObjectParent);
}

static CallCost cost_of_channel(const Call *call)
{
    const NVOS64_PARAMETERS *alloc = call->argument;

    return channel_cost(call, alloc->hObjectParent);
}

const Effect effect_alloc_channel_group = {
    .lock = LOCK_FOR_NEW, .cost = cost_of_group, .after = after_alloc};
const Effect effect_alloc_channel = {
    .lock = LOCK_FOR_NEW, .cost = cost_of_channel, .after = after_alloc};
const Effect effect_alloc_no_params = {
    .lock = LOCK_FOR_NEW, .no_params = true, .after = after_alloc};

/* Find out which process will own the client, because the driver cannot tell. */
static bool check_alloc_client(Call *call)
{
    return call_has_room(call, 1, true) &&
           (call_process(call) || call_refuse(call, EINTR, REFUSAL_GONE));
}

static void after_alloc_client(Call *call)
{
    const NVOS64_PARAMETERS *alloc = call->argument;

    if (alloc->hObjectNew) {
        object_tree_add_client(call->objects, alloc->hObjectNew, call->file_id, call_process(call));
    }
}

const Effect effect_alloc_client = {.check = check_alloc_client, .after = after_alloc_client};

/* --- others ------------------------------------------------------------------------------------ */

/* Record a context DMA. It becomes a sibling of its memory. The client is locked, so the memory still has the parent that it had
 * before the call. */
static void after_alloc_context_dma2(Call *call)
{
    const NVOS39_PARAMETERS *asked = call->asked;
    const NVOS39_PARAMETERS *p = call->params;
    const NvHandle parent = client_parent(call->client, asked->hMemory);

    if (parent) {
        client_add(call->client, p->hObjectNew, p->hClass, &parent, 1);
    }
}

const Effect effect_alloc_context_dma2 = {
    .lock = LOCK_FOR_NEW, .keeps = true, .after = after_alloc_context_dma2};

static void after_register_va_space(Call *call)
{
    const NV503C_CTRL_REGISTER_VA_SPACE_PARAMS *params = call->params;

    client_depend(call->client, call_control(call)->hObject, params->hVASpace);
}

/* From now on the object that the command is made on is freed with the address space. */
const Effect effect_register_va_space = {.lock = LOCK_EXISTING, .after = after_register_va_space};

/* --- NV00F8_CTRL_CMD_ATTACH_MEM, NV00FD_CTRL_CMD_ATTACH_MEM --------------------------------------- */

/*
 * Up to 565, the driver duplicates what is attached to fabric memory. Later drivers do not: freeing the memory detaches it
 * (src/nvidia/src/kernel/mem_mgr/mem_fabric.c, mem_multicast_fabric.c). If the call fails, a part may be attached. Detaching gives
 * nothing back before the fabric memory is freed.
 */
enum { ATTACHED_MAX = 65536, ATTACHED_PER_CALL = 64 };

static bool before_attach(Call *call)
{
    g_autoptr(Charge) charge =
        call->client ? client_charge(call->client, call_control(call)->hObject) : NULL;

    return !charge || charge_held(charge) + ATTACHED_PER_CALL <= ATTACHED_MAX ||
           call_refuse_status(call, NV_ERR_INSUFFICIENT_RESOURCES, REFUSAL_LIMIT);
}

static void after_attach(Call *call)
{
    const bool is_list = call->entry->number == NV00F8_CTRL_CMD_ATTACH_MEM;
    const NV00F8_CTRL_ATTACH_MEM_PARAMS *list = call->params;
    g_autoptr(Charge) charge =
        call->client ? client_charge(call->client, call_control(call)->hObject) : NULL;

    if (charge) {
        hold_all(charge, memory_held(call, is_list ? list->numMemInfos : 1));
    }
}

static void failed_attach(Call *call)
{
    if (call->entry->number == NV00F8_CTRL_CMD_ATTACH_MEM) { /* the other command attaches one */
        after_attach(call);
    }
}

const Effect effect_attach_mem = {.size = SIZE_STRUCT,
                                  .lock = LOCK_KNOWN,
                                  .before = before_attach,
                                  .after = after_attach,
                                  .failed = failed_attach};
