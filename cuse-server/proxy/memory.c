/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory: allocated by the calls that are older than NV_ESC_RM_ALLOC, and made ready to be mapped. What a
 * file shows to mmap is noted in the file, under its lock from before the host call that may change it.
 */
#include <errno.h>

#include "abi/class.h"
#include "abi/nvos.h"
#include "abi/nvos32.h"
#include "abi/status.h"
#include "cuse-server/proxy/handlers.h"

#define PAGE_BYTES UINT64_C(4096)

#define FLAG_FIELD(FLAGS, NAME) ((FLAGS) >> NAME##_SHIFT & NAME##_MASK)

/* What mmap will show: whole pages around @length bytes from @address on. 0: more than there can be. */
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

/* The driver makes the context only for the process that allocated the client
 * (src/nvidia/arch/nvalloc/unix/src/osapi.c, rm_create_mmap_context). */
static bool is_other_process(Request *req, NvHandle client)
{
    GuestProcess owner;
    const GuestProcess *caller;

    return object_tree_process(req->proxy->objects, client, &owner) &&
           (!(caller = request_process(req)) || caller->id != owner.id);
}

RequestResult frontend_map_memory(Request *req, const AbiEntry *entry)
{
    nv_ioctl_nvos33_parameters_with_fd *p = guest_map(req, req->argument, sizeof *p, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    NvFile *target = request_swap_only_fd(req, entry->layout, p);
    if (!target) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    if (is_other_process(req, p->params.hClient)) {
        return request_refuse_status(req, &p->params.status, NV_ERR_INVALID_CLIENT,
                                     REFUSAL_BAD_CLIENT);
    }
    g_autoptr(NvFile) file = nv_file_ref(target);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&file->map.lock);
    if (request_host_ioctl(req, frontend_command(entry->number, sizeof *p), p)) {
        req->event.status = p->params.status;
        if (p->params.status == NV_OK) {
            file->map.length = map_length(p->params.pLinearAddress, p->params.length);
        }
    }
    return REQUEST_DONE;
}

/* --- NV_ESC_RM_ALLOC_MEMORY ------------------------------------------------------------------- */

/* The bytes up to and with the last one; 0: more than there can be. */
static uint64_t limit_bytes(uint64_t limit)
{
    uint64_t bytes;

    return g_uint64_checked_add(&bytes, limit, 1) ? bytes : 0;
}

/* Make the call in its client, and record what it made. Returns true if it made something. */
static bool alloc_memory(Request *req, const AbiEntry *entry, nv_ioctl_nvos02_parameters_with_fd *p)
{
    const NvHandle parent = p->params.hObjectParent;
    Client *client = request_lock_client(req, p->params.hRoot, &p->params.status);
    bool made = false;

    if (!client) {
        return false;
    }
    if (request_host_ioctl(req, frontend_command(entry->number, sizeof *p), p)) {
        req->event.status = p->params.status;
        made = p->params.status == NV_OK;
    }
    if (made) {
        client_add(client, p->params.hObjectNew, p->params.hClass, &parent, 1);
        client_set_memory(client, p->params.hObjectNew, limit_bytes(p->params.limit));
    }
    object_tree_unlock(client);
    return made;
}

/* System memory can be made ready for mmap of `fd` in one go. */
static RequestResult alloc_system(Request *req, const AbiEntry *entry,
                                  nv_ioctl_nvos02_parameters_with_fd *p)
{
    const NvU32 flags = p->params.flags;
    const bool maps = FLAG_FIELD(flags, NVOS02_FLAGS_ALLOC) != NVOS02_FLAGS_ALLOC_NONE &&
                      FLAG_FIELD(flags, NVOS02_FLAGS_MAPPING) != NVOS02_FLAGS_MAPPING_NO_MAP;
    NvFile *target = request_swap_fd(req, &p->fd, sizeof p->fd, DEVICE_FRONTEND);

    if (!target) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    g_autoptr(NvFile) file = nv_file_ref(target);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&file->map.lock);
    if (alloc_memory(req, entry, p) && maps) {
        file->map.length = map_length(0, limit_bytes(p->params.limit));
    }
    return REQUEST_DONE;
}

RequestResult frontend_alloc_memory(Request *req, const AbiEntry *entry)
{
    nv_ioctl_nvos02_parameters_with_fd *p = guest_map(req, req->argument, sizeof *p, GUEST_INOUT);
    const int no_fd = -1;

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    req->event.detail_number = p->params.hClass;
    switch (p->params.hClass) {
    case NV01_MEMORY_SYSTEM:
        return alloc_system(req, entry, p);
    case NV01_MEMORY_LOCAL_PRIVILEGED:
    case NV01_MEMORY_LOCAL_USER:
        request_swap(req, &p->fd, &no_fd, sizeof no_fd);
        alloc_memory(req, entry, p);
        return REQUEST_DONE;
    case NV01_MEMORY_SYSTEM_OS_DESCRIPTOR:
        return os_descriptor_alloc(req, entry, p);
    default:
        return request_refuse(req, EINVAL, REFUSAL_UNKNOWN_CLASS);
    }
}

/* --- NV_ESC_RM_VID_HEAP_CONTROL --------------------------------------------------------------- */

/* What kind of object the call makes (src/nvidia/src/kernel/rmapi/deprecated_context.c and
 * rmapi/rmapi_deprecated_vidheapctrl.c choose by the same flags). */
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

static RequestResult heap_alloc_size(Request *req, const AbiEntry *entry, NVOS32_PARAMETERS *p)
{
    NvU64 *address = NULL;

    if (p->data.AllocSize.address) {
        address = guest_map(req, p->data.AllocSize.address, sizeof *address, GUEST_INOUT);
    }
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    const NvHandle dependencies[] = {p->hObjectParent, p->hVASpace};
    const uint32_t object_class = heap_class(&p->data.AllocSize);
    Client *client = request_lock_client(req, p->hRoot, &p->status);
    if (!client) {
        return REQUEST_DONE;
    }
    request_swap_pointer(req, &p->data.AllocSize.address, address);
    if (request_host_ioctl(req, frontend_command(entry->number, sizeof *p), p)) {
        req->event.status = p->status;
        if (p->status == NV_OK) {
            client_add(client, p->data.AllocSize.hMemory, object_class, dependencies,
                       object_class == NV50_MEMORY_VIRTUAL ? 2 : 1);
            if (object_class != NV50_MEMORY_VIRTUAL) {
                client_set_memory(client, p->data.AllocSize.hMemory, p->data.AllocSize.size);
            }
        }
    }
    object_tree_unlock(client);
    return REQUEST_DONE;
}

RequestResult frontend_vidheap_control(Request *req, const AbiEntry *entry)
{
    NVOS32_PARAMETERS *p = guest_map(req, req->argument, sizeof *p, GUEST_INOUT);

    if (!p) {
        return REQUEST_RETRY;
    }
    req->event.detail_number = p->function;
    switch (p->function) {
    case NVOS32_FUNCTION_ALLOC_SIZE:
        return heap_alloc_size(req, entry, p);
    case NVOS32_FUNCTION_ALLOC_OS_DESCRIPTOR:
        return guest_commit(req) ? os_descriptor_heap(req, entry, p) : REQUEST_RETRY;
    default:
        return request_refuse(req, EINVAL, REFUSAL_UNKNOWN_FUNCTION);
    }
}

/* --- NV_ESC_RM_ALLOC_CONTEXT_DMA2 ------------------------------------------------------------- */

RequestResult frontend_alloc_context_dma2(Request *req, const AbiEntry *entry)
{
    NVOS39_PARAMETERS *p = guest_map(req, req->argument, sizeof *p, GUEST_INOUT);

    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    Client *client = request_lock_client(req, p->hObjectParent, &p->status);
    if (!client) {
        return REQUEST_DONE;
    }
    /* It becomes a sibling of its memory. */
    const NvHandle parent = client_parent(client, p->hMemory);
    if (request_host_ioctl(req, frontend_command(entry->number, sizeof *p), p)) {
        req->event.status = p->status;
        if (p->status == NV_OK && parent) {
            client_add(client, p->hObjectNew, p->hClass, &parent, 1);
        }
    }
    object_tree_unlock(client);
    return REQUEST_DONE;
}
