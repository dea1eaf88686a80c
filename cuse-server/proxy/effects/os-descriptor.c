/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Effects of calls that make OS descriptors: memory of the caller whose pages the driver pins
 * (src/nvidia/arch/nvalloc/unix/src/escape.c, RmCreateOsDescriptor). The driver takes the address as one
 * of the calling task. So the call is made from inside the guest's process, with the guest's own address.
 */
#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/nvos32.h"
#include "abi/status.h"
#include "cuse-server/proxy/effects/effects.h"

#define PAGE_BYTES UINT64_C(4096)

/* Find the status with which the driver would refuse a range by its numbers alone. @limit: offset of the last byte */
static NvU32 range_status(uint64_t address, uint64_t limit)
{
    uint64_t length, end;

    if (address % PAGE_BYTES) {
        return NV_ERR_NOT_SUPPORTED;
    }
    if (!g_uint64_checked_add(&length, limit, 1)) {
        return NV_ERR_INVALID_LIMIT;
    }
    if (!g_uint64_checked_add(&length, length, PAGE_BYTES - 1) ||
        !g_uint64_checked_add(&end, address, length - length % PAGE_BYTES)) {
        return NV_ERR_INVALID_ADDRESS;
    }
    return NV_OK;
}

static bool check_range(Call *call, uint64_t address, uint64_t limit)
{
    const NvU32 status = range_status(address, limit);

    return status == NV_OK || call_refuse_status(call, status, REFUSAL_BAD_POINTER);
}

static void record(Call *call, NvHandle object, NvHandle parent)
{
    client_add(call->client, object, NV01_MEMORY_SYSTEM_OS_DESCRIPTOR, &parent, 1);
}

/* --- NV_ESC_RM_ALLOC_MEMORY ------------------------------------------------------------------- */

static bool check_alloc(Call *call)
{
    const NVOS02_PARAMETERS *p = call->params; /* the argument begins with it */

    return check_range(call, p->pMemory, p->limit);
}

static void after_alloc(Call *call)
{
    const NVOS02_PARAMETERS *asked = call->asked;
    const NVOS02_PARAMETERS *p = call->params;

    record(call, p->hObjectNew, asked->hObjectParent);
}

const Effect effect_os_descriptor = {.lock = LOCK_FOR_NEW,
                                     .way = ASK_IN_GUEST,
                                     .keeps = true,
                                     .check = check_alloc,
                                     .after = after_alloc};

/* --- NV_ESC_RM_VID_HEAP_CONTROL --------------------------------------------------------------- */

/*
 * Whether a GPU could write to memory that the caller may only read. The driver pins such memory as read-only for the user,
 * because os_lock_user_pages() gets only the user's protection. But a GPU can write to it unless the device's protection is
 * read-only as well. A guest could then have a GPU write to pages that the guest cannot write to: pages of files, and of agents
 * (broker/agents/thread/agent-loop.h). NV_ESC_RM_ALLOC_MEMORY does not need this check: the driver does it there
 * (RmAllocOsDescriptor()).
 */
static bool device_may_write_what_user_may_not(NvU32 attr2)
{
    const NvU32 user =
        attr2 >> NVOS32_ATTR2_PROTECTION_USER_SHIFT & NVOS32_ATTR2_PROTECTION_USER_MASK;
    const NvU32 device =
        attr2 >> NVOS32_ATTR2_PROTECTION_DEVICE_SHIFT & NVOS32_ATTR2_PROTECTION_DEVICE_MASK;

    return user == NVOS32_ATTR2_PROTECTION_USER_READ_ONLY &&
           device != NVOS32_ATTR2_PROTECTION_DEVICE_READ_ONLY;
}

static bool check_heap(Call *call)
{
    const NVOS32_PARAMETERS *p = call->params;
    const NVOS32_PARAMETERS_data_AllocOsDesc *data = &p->data.AllocOsDesc;

    /* The other types are for the kernel's own pointers. */
    if (data->descriptorType != NVOS32_DESCRIPTOR_TYPE_VIRTUAL_ADDRESS ||
        device_may_write_what_user_may_not(data->attr2)) {
        return call_refuse_status(call, NV_ERR_NOT_SUPPORTED, REFUSAL_BY_DESIGN);
    }
    return check_range(call, data->descriptor, data->limit);
}

static void after_heap(Call *call)
{
    const NVOS32_PARAMETERS *asked = call->asked;
    const NVOS32_PARAMETERS *p = call->params;

    record(call, p->data.AllocOsDesc.hMemory, asked->hObjectParent);
}

const Effect effect_os_descriptor_heap = {.lock = LOCK_FOR_NEW,
                                          .way = ASK_IN_GUEST,
                                          .keeps = true,
                                          .check = check_heap,
                                          .after = after_heap};
