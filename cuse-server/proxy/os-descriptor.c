/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OS descriptors: memory of the caller, whose pages the driver pins
 * (src/nvidia/arch/nvalloc/unix/src/escape.c, RmCreateOsDescriptor). It takes the address in the task
 * that calls, so the call is made from inside the guest's process, with the guest's own address.
 */
#include <errno.h>

#include "abi/class.h"
#include "abi/nvos.h"
#include "abi/nvos32.h"
#include "abi/status.h"
#include "cuse-server/proxy/handlers.h"

#define PAGE_BYTES UINT64_C(4096)

/* What the driver would refuse by the numbers alone. */
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

/* Descriptor: the members of either call's struct that both have. */
typedef struct {
    NvHandle client;
    NvHandle parent;
    const NvHandle *object; /* after the call */
    uint64_t address;
    uint64_t limit;
    NvU32 *status;
} Descriptor;

static RequestResult make(Request *req, const AbiEntry *entry, const Descriptor *d, void *params,
                          size_t size)
{
    const NvU32 status = range_status(d->address, d->limit);

    if (status != NV_OK) {
        return request_refuse_status(req, d->status, status, REFUSAL_BAD_POINTER);
    }
    Client *client = request_lock_client(req, d->client, d->status);
    if (!client) {
        return REQUEST_DONE;
    }
    if (request_guest_ioctl(req, frontend_command(entry->number, size), params, size)) {
        req->event.status = *d->status;
        if (*d->status == NV_OK) {
            client_add(client, *d->object, NV01_MEMORY_SYSTEM_OS_DESCRIPTOR, &d->parent, 1);
        }
    }
    object_tree_unlock(client);
    return REQUEST_DONE;
}

RequestResult os_descriptor_alloc(Request *req, const AbiEntry *entry,
                                  nv_ioctl_nvos02_parameters_with_fd *p)
{
    const int no_fd = -1;
    const Descriptor d = {
        .client = p->params.hRoot,
        .parent = p->params.hObjectParent,
        .object = &p->params.hObjectNew,
        .address = p->params.pMemory,
        .limit = p->params.limit,
        .status = &p->params.status,
    };

    request_swap(req, &p->fd, &no_fd, sizeof no_fd);
    return make(req, entry, &d, p, sizeof *p);
}

/*
 * Memory that the caller may only read is pinned as such, and a GPU may write to it all the same unless that is said as well
 * (os_lock_user_pages() is told of the user's protection only): to pages of files, and of agents (broker/agent-loop.h), that
 * the caller cannot write to. The other call sees to it itself (RmAllocOsDescriptor()).
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

RequestResult os_descriptor_heap(Request *req, const AbiEntry *entry, NVOS32_PARAMETERS *p)
{
    const NVOS32_PARAMETERS_data_AllocOsDesc *data = &p->data.AllocOsDesc;
    const Descriptor d = {
        .client = p->hRoot,
        .parent = p->hObjectParent,
        .object = &data->hMemory,
        .address = data->descriptor,
        .limit = data->limit,
        .status = &p->status,
    };

    /* The other types are for pointers of the kernel's own. */
    if (data->descriptorType != NVOS32_DESCRIPTOR_TYPE_VIRTUAL_ADDRESS) {
        return request_refuse_status(req, &p->status, NV_ERR_NOT_SUPPORTED, REFUSAL_BY_DESIGN);
    }
    if (device_may_write_what_user_may_not(data->attr2)) {
        return request_refuse_status(req, &p->status, NV_ERR_NOT_SUPPORTED, REFUSAL_BY_DESIGN);
    }
    return make(req, entry, &d, p, sizeof *p);
}
