/* SPDX-License-Identifier: Apache-2.0 */
/* NV_ESC_RM_ALLOC: clients and objects, in the 32-byte form (NVOS21) and the 48-byte form (NVOS64).
 */
#include <errno.h>
#include <string.h>

#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "cuse-server/proxy/client-handles.h"
#include "cuse-server/proxy/gpu-scope-call.h"
#include "cuse-server/proxy/handlers.h"
#include "cuse-server/proxy/params.h"

enum { DEPENDENCIES_MAX = 2 };

/*
 * Alloc: one allocation, both forms made one.
 * @outer: the private copy of what the guest passed, in its own form
 * @guest: the same widened; holds the guest's pointers throughout
 * @params, @rights: private copies of what its pointers point at, or NULL
 * @event: the copy that the class was taken from, or NULL; see fix_up_class()
 */
typedef struct {
    Request *req;
    void *outer;
    bool short_form;
    NVOS64_PARAMETERS guest;
    const AbiEntry *entry;
    void *params;
    void *rights;
    const NV0005_ALLOC_PARAMETERS *event;
} Alloc;

static void widen(Alloc *alloc)
{
    if (!alloc->short_form) {
        alloc->guest = *(const NVOS64_PARAMETERS *)alloc->outer;
        return;
    }
    const NVOS21_PARAMETERS *p = alloc->outer;
    alloc->guest = (NVOS64_PARAMETERS){
        .hRoot = p->hRoot,
        .hObjectParent = p->hObjectParent,
        .hObjectNew = p->hObjectNew,
        .hClass = p->hClass,
        .pAllocParms = p->pAllocParms,
        .paramsSize = p->paramsSize,
        .status = p->status,
    };
}

/* Put @result into the guest's own form, with the guest's own pointers. */
static void narrow(Alloc *alloc, const NVOS64_PARAMETERS *result)
{
    if (!alloc->short_form) {
        NVOS64_PARAMETERS *p = alloc->outer;
        *p = *result;
        p->pAllocParms = alloc->guest.pAllocParms;
        p->pRightsRequested = alloc->guest.pRightsRequested;
        return;
    }
    NVOS21_PARAMETERS *p = alloc->outer;
    p->hRoot = result->hRoot;
    p->hObjectParent = result->hObjectParent;
    p->hObjectNew = result->hObjectNew;
    p->hClass = result->hClass;
    p->paramsSize = result->paramsSize;
    p->status = result->status;
}

/* Answer with a status, the host not asked; the class is as fixed up. */
static RequestResult refuse_status(Alloc *alloc, NvU32 status, Refusal refusal)
{
    NVOS64_PARAMETERS result = alloc->guest;
    NvU32 ignored;

    result.status = status;
    narrow(alloc, &result);
    return request_refuse_status(alloc->req, &ignored, status, refusal);
}

static bool is_root_class(NvV32 object_class)
{
    return object_class == NV01_ROOT || object_class == NV01_ROOT_NON_PRIV ||
           object_class == NV01_ROOT_CLIENT;
}

/*
 * What an object is freed with besides its parent: the handles in @params, as the driver left them, whose role says so. A number
 * that names no object, 0 and NV_MEMORY_VIRTUAL_SYSMEM_DYNAMIC_HVASPACE among them, makes no dependency.
 */
static size_t find_dependencies(const Alloc *alloc, NvHandle *handles)
{
    const AbiLayout *layout = alloc->entry->layout;
    size_t n = 0;

    for (uint32_t i = 0; alloc->params && i < layout->n_fields; i++) {
        if (layout->fields[i].role.kind == ABI_ROLE_DEPENDENCY) {
            g_assert(n < DEPENDENCIES_MAX);
            handles[n++] = params_get_u32(alloc->params, &layout->fields[i]);
        }
    }
    return n;
}

/* Which GPU it is of, and how much memory: as the driver left the parameters. */
static void record_use(const Alloc *alloc, Client *client, NvHandle handle)
{
    const AbiLayout *layout = alloc->entry->layout;
    NvU64 bytes;

    switch (alloc->entry->number) {
    case NV01_DEVICE_0: /* without parameters: the first */
        client_set_gpu(
            client, handle,
            alloc->params ? params_get_u32(alloc->params, params_field(layout, "deviceId")) : 0);
        break;
    case NV01_MEMORY_LOCAL_USER:
    case NV01_MEMORY_SYSTEM:
        if (alloc->params) {
            memcpy(&bytes, params_at(alloc->params, params_field(layout, "size")), sizeof bytes);
            client_set_memory(client, handle, bytes);
        }
        break;
    }
}

static void record(const Alloc *alloc, Client *client, const NVOS64_PARAMETERS *result)
{
    Request *req = alloc->req;
    NvHandle dependencies[1 + DEPENDENCIES_MAX] = {result->hObjectParent};

    if (alloc->entry->handler == HANDLER_alloc_root_client) {
        if (result->hObjectNew) {
            object_tree_add_client(req->proxy->objects, result->hObjectNew, req->file->id,
                                   &req->process);
        }
    } else if (client) {
        size_t n = find_dependencies(alloc, dependencies + 1);
        client_add(client, result->hObjectNew, result->hClass, dependencies, 1 + n);
        record_use(alloc, client, result->hObjectNew);
    }
}

/* Always in the 48-byte form. @params, @size: what the host gets of them, or NULL */
static bool ask_host(Alloc *alloc, NVOS64_PARAMETERS *host, void *params, size_t size)
{
    const uint32_t command = frontend_command(NV_ESC_RM_ALLOC, sizeof *host);

    if (alloc->params) {
        client_handles_swap(alloc->req, alloc->entry->layout, alloc->params);
    }
    return params ? request_host_unsized(alloc->req, command,
                                         &(UnsizedParams){params, size, host, &host->pAllocParms})
                  : request_host_ioctl(alloc->req, command, host);
}

static void call_host(Alloc *alloc, Client *client)
{
    NVOS64_PARAMETERS host = alloc->guest;
    const AbiLayout *layout = alloc->entry->layout;
    GpuScopeCall scoped;

    if (!gpu_scope_before(&scoped, alloc->req, layout, alloc->params, layout ? layout->size : 0)) {
        return;
    }
    host.pAllocParms = 0;
    host.pRightsRequested = (uintptr_t)alloc->rights;
    bool ok = ask_host(alloc, &host, scoped.params, layout ? layout->size : 0);
    gpu_scope_after(&scoped, ok && host.status == NV_OK);
    if (ok) {
        alloc->req->event.status = host.status;
        if (host.status == NV_OK) {
            record(alloc, client, &host);
        }
        narrow(alloc, &host);
    }
}

/* A class that names files means nothing without its parameters; a null pointer then faults. */
static bool needs_params(const AbiLayout *layout)
{
    for (uint32_t i = 0; layout && i < layout->n_fields; i++) {
        if (layout->fields[i].role.kind == ABI_ROLE_FD) {
            return true;
        }
    }
    return false;
}

/* Ask for what the pointers point at. Copy-out order: rights, then the struct, then the parameters;
 * the transport writes the struct first, which only a guest with overlapping buffers can tell. */
static void map_pointers(Alloc *alloc)
{
    const AbiLayout *layout = alloc->entry->layout;

    if (alloc->guest.pRightsRequested) {
        alloc->rights = guest_map(alloc->req, alloc->guest.pRightsRequested, sizeof(RS_ACCESS_MASK),
                                  GUEST_INOUT);
    }
    if ((alloc->guest.pAllocParms && alloc->entry->handler != HANDLER_alloc_no_params) ||
        needs_params(layout)) {
        alloc->params = guest_map(alloc->req, alloc->guest.pAllocParms, layout->size, GUEST_INOUT);
    }
}

/* Whose client it will be is noted, since the driver cannot tell. */
static RequestResult alloc_client(Alloc *alloc)
{
    if (!proxy_has_room(alloc->req->proxy, 1, true)) {
        return refuse_status(alloc, NV_ERR_INSUFFICIENT_RESOURCES, REFUSAL_LIMIT);
    }
    if (!request_process(alloc->req)) {
        return request_refuse(alloc->req, EINTR, REFUSAL_GONE);
    }
    call_host(alloc, NULL);
    return REQUEST_DONE;
}

static RequestResult alloc_in_client(Alloc *alloc)
{
    NvU32 status;
    Client *client = request_lock_client(alloc->req, alloc->guest.hRoot, &status);

    if (!client) {
        return refuse_status(alloc, status, alloc->req->event.refusal);
    }
    call_host(alloc, client);
    object_tree_unlock(client);
    return REQUEST_DONE;
}

static RequestResult alloc_object(Alloc *alloc)
{
    Request *req = alloc->req;

    map_pointers(alloc);
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    if (alloc->event && alloc->params) {
        /* Both are copies of the same place, taken one after the other: what was decided upon
         * counts. */
        memcpy(alloc->params, alloc->event, MIN(sizeof *alloc->event, alloc->entry->layout->size));
    }
    /* Events: the driver looks the number up as the key that NV_ESC_ALLOC_OS_EVENT was given
     * (src/nvidia/arch/nvalloc/unix/src/os.c, osUserHandleToKernelPtr), so it is the host's in both. */
    if (alloc->params && !request_swap_fds(req, alloc->entry->layout, alloc->params)) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    return is_root_class(alloc->guest.hClass) ? alloc_client(alloc) : alloc_in_client(alloc);
}

/* Which refusal, if any, the table has for a class; @entry may be NULL. */
static Refusal refusal_of(const Request *req, const AbiEntry *entry)
{
    if (!entry) {
        return REFUSAL_UNKNOWN_CLASS;
    }
    if (!(entry->caps & req->proxy->caps)) {
        return REFUSAL_CAPABILITY;
    }
    return REFUSAL_NONE;
}

/*
 * NV01_EVENT is an alias: the class that counts, for the driver as well, is in its parameters.
 * Returns false if they are not here.
 */
static bool fix_up_class(Alloc *alloc)
{
    if (alloc->guest.hClass == NV01_EVENT) {
        alloc->event =
            guest_map(alloc->req, alloc->guest.pAllocParms, sizeof *alloc->event, GUEST_IN);
        if (!alloc->event) {
            return false;
        }
        alloc->guest.hClass = alloc->event->hClass;
    }
    return true;
}

RequestResult frontend_alloc(Request *req, const AbiEntry *outer)
{
    size_t size = frontend_size(req->command);
    Alloc alloc = {.req = req, .short_form = size == sizeof(NVOS21_PARAMETERS)};

    (void)outer;
    if (!alloc.short_form && size != sizeof(NVOS64_PARAMETERS)) {
        return request_refuse(req, EINVAL, REFUSAL_SIZE);
    }
    alloc.outer = guest_map(req, req->argument, size, GUEST_INOUT);
    if (!alloc.outer) {
        return REQUEST_RETRY;
    }
    widen(&alloc);
    if (!fix_up_class(&alloc)) {
        return REQUEST_RETRY;
    }
    alloc.entry = driver_abi_lookup(req->proxy->abi, ABI_ALLOC, alloc.guest.hClass);
    req->event.detail = alloc.entry ? alloc.entry->name : NULL;
    req->event.detail_number = alloc.guest.hClass;
    Refusal refusal = refusal_of(req, alloc.entry);
    if (refusal != REFUSAL_NONE) {
        return refuse_status(&alloc, NV_ERR_INVALID_CLASS, refusal);
    }
    return alloc_object(&alloc);
}
