/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory the driver takes for an object of memory, and what else keeps memory allocated. */
#pragma once

#include "cuse-server/proxy/call/call.h"

/** MemoryWanted: what a guest asks for: members of NV_MEMORY_ALLOCATION_PARAMS, which NVOS32_PARAMETERS has, too. */
typedef struct {
    uint32_t object_class;
    NvU32 flags;
    NvU32 attr;
    NvU32 attr2;
    NvU64 size;
    NvU64 alignment;
} MemoryWanted;

/**
 * memory_cost: compute what the driver takes, before it rounds the size up.
 * @parent: the object below which the memory is allocated, of the locked client of the call
 */
CallCost memory_cost(const Call *call, const MemoryWanted *wanted, NvHandle parent);

/** memory_settle: correct the charge of a call to the @size that the driver has rounded up. @flags: as the guest passed them */
void memory_settle(Call *call, uint32_t object_class, NvU64 size, NvU32 flags);

/** memory_keep: give the charge of a call to the object that the call has made. */
void memory_keep(Call *call, NvHandle object);

/** memory_held: (transfer full): list the charges of the objects that members with role HOLDS name. @max: look at no more elements
 * of an array */
GPtrArray *memory_held(const Call *call, uint32_t max);

/**
 * channel_group_cost: compute what the driver takes for a channel group: mostly buffers for the state of the graphics engine, whose
 * size it does not tell. @engine: NV2080_ENGINE_TYPE_*
 */
CallCost channel_group_cost(const Call *call, NvU32 engine, NvHandle parent);

/** channel_cost: compute what the driver takes for a channel. A channel that is not in a group, but directly below a device, gets a
 * group of its own. */
CallCost channel_cost(const Call *call, NvHandle parent);
