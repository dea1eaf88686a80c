/* SPDX-License-Identifier: Apache-2.0 */
/* NV_ESC_RM_ALLOC: clients and objects, in the 32-byte form (NVOS21) and the 48-byte form (NVOS64).
 */
#include <errno.h>
#include <string.h>

#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/nvos.h"
#include "abi/status.h"
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
 * What an object is freed with besides its parent: members of its parameters that name other
 * objects.
 */
static const struct {
    AbiHandler handler;
    const char *dependencies[DEPENDENCIES_MAX];
} dependent_classes[] = {
    {HANDLER_alloc_memory_virtual, {"hVASpace"}},
    {HANDLER_alloc_context_dma, {"hMemory"}},
    {HANDLER_alloc_context_share, {"hVASpace"}},
    {HANDLER_alloc_channel_group, {"hVASpace"}},
    {HANDLER_alloc_channel, {"hVASpace", "hContextShare"}},
    {HANDLER_alloc_sm_debugger_session, {"hClass3dObject"}},
};

/*
 * The handles in @params, as the driver left them, behind the parent's in @handles. A number that
 * names no object, 0 and NV_MEMORY_VIRTUAL_SYSMEM_DYNAMIC_HVASPACE among them, makes no dependency.
 */
static size_t find_dependencies(const Alloc *alloc, NvHandle *handles)
{
    size_t n = 0;

    for (size_t i = 0; alloc->params && i < G_N_ELEMENTS(dependent_classes); i++) {
        if (dependent_classes[i].handler != alloc->entry->handler) {
            continue;
        }
        for (size_t d = 0; d < DEPENDENCIES_MAX && dependent_classes[i].dependencies[d]; d++) {
            const AbiField *field =
                params_field(alloc->entry->layout, dependent_classes[i].dependencies[d]);
            handles[n++] = params_get_u32(alloc->params, field);
        }
    }
    return n;
}

static void record(const Alloc *alloc, Client *client, const NVOS64_PARAMETERS *result)
{
    ObjectTree *tree = alloc->req->proxy->objects;
    NvHandle dependencies[1 + DEPENDENCIES_MAX] = {result->hObjectParent};

    if (alloc->entry->handler == HANDLER_alloc_root_client) {
        if (result->hObjectNew) {
            object_tree_add_client(tree, result->hObjectNew, alloc->req->file->id);
        }
    } else if (client) {
        size_t n = find_dependencies(alloc, dependencies + 1);
        client_add(client, result->hObjectNew, result->hClass, dependencies, 1 + n);
    }
}

/* The host's part: always the 48-byte form. */
static void call_host(Alloc *alloc, Client *client)
{
    NVOS64_PARAMETERS host = alloc->guest;

    host.pAllocParms = (uintptr_t)alloc->params;
    host.pRightsRequested = (uintptr_t)alloc->rights;
    if (request_host_ioctl(alloc->req, frontend_command(NV_ESC_RM_ALLOC, sizeof host), &host)) {
        alloc->req->event.status = host.status;
        if (host.status == NV_OK) {
            record(alloc, client, &host);
        }
        narrow(alloc, &host);
    }
}

/*
 * EventFile: a descriptor in the parameters that events are delivered to.
 * @field: where; NULL: the class has none
 * @guest: the member as the guest had it
 */
typedef struct {
    const AbiField *field;
    NvFile *file;
    uint64_t guest;
} EventFile;

/* NULL if the class takes no event file. */
static const char *event_member(AbiHandler handler)
{
    return handler == HANDLER_alloc_event_os_event     ? "data"
           : handler == HANDLER_alloc_multicast_fabric ? "pOsEvent"
                                                       : NULL;
}

/*
 * Put the host's descriptor into the parameters, for as long as the call lasts. The driver looks it
 * up as the key that NV_ESC_ALLOC_OS_EVENT was given (src/nvidia/arch/nvalloc/unix/src/os.c,
 * osUserHandleToKernelPtr). Returns false if it is no file of this instance.
 */
static bool translate_event(Alloc *alloc, EventFile *event)
{
    const char *member = event_member(alloc->entry->handler);

    *event = (EventFile){0};
    if (!member || !alloc->params) {
        return true;
    }
    const AbiField *field = params_field(alloc->entry->layout, member);
    memcpy(&event->guest, (const char *)alloc->params + field->offset, field->size);
    if (event->guest == 0 && alloc->entry->handler == HANDLER_alloc_multicast_fabric) {
        return true; /* no event */
    }
    event->file = request_file(alloc->req, params_get_fd(alloc->params, field), DEVICE_FRONTEND);
    if (!event->file) {
        return false;
    }
    event->field = field;
    params_set_fd(alloc->params, field, event->file->fd);
    return true;
}

static void restore_event(Alloc *alloc, EventFile *event)
{
    if (event->field) {
        memcpy((char *)alloc->params + event->field->offset, &event->guest, event->field->size);
        nv_file_unref(event->file);
    }
}

/* Events and multicast memory mean nothing without their parameters; a null pointer then faults. */
static bool needs_params(AbiHandler handler)
{
    return event_member(handler) != NULL;
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
        needs_params(alloc->entry->handler)) {
        alloc->params = guest_map(alloc->req, alloc->guest.pAllocParms, layout->size, GUEST_INOUT);
    }
}

static RequestResult alloc_object(Alloc *alloc)
{
    Request *req = alloc->req;
    Client *client = NULL;

    map_pointers(alloc);
    if (!guest_commit(req)) {
        return REQUEST_RETRY;
    }
    if (alloc->event && alloc->params) {
        /* Both are copies of the same place, taken one after the other: what was decided upon
         * counts. */
        memcpy(alloc->params, alloc->event, MIN(sizeof *alloc->event, alloc->entry->layout->size));
    }
    EventFile event;
    if (!translate_event(alloc, &event)) {
        return request_refuse(req, EINVAL, REFUSAL_BAD_FD);
    }
    if (!is_root_class(alloc->guest.hClass)) {
        client = object_tree_lock(req->proxy->objects, alloc->guest.hRoot);
        if (!client) {
            restore_event(alloc, &event);
            return refuse_status(alloc, NV_ERR_INVALID_CLIENT, REFUSAL_BAD_CLIENT);
        }
    }
    call_host(alloc, client);
    restore_event(alloc, &event);
    if (client) {
        object_tree_unlock(client);
    }
    return REQUEST_DONE;
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
    switch (entry->handler) {
    case HANDLER_alloc_simple:
    case HANDLER_alloc_no_params:
    case HANDLER_alloc_root_client:
    case HANDLER_alloc_event_os_event:
    case HANDLER_alloc_multicast_fabric:
    case HANDLER_alloc_memory_virtual:
    case HANDLER_alloc_context_dma:
    case HANDLER_alloc_context_share:
    case HANDLER_alloc_channel_group:
    case HANDLER_alloc_channel:
    case HANDLER_alloc_sm_debugger_session:
        return REFUSAL_NONE;
    default:
        return REFUSAL_UNKNOWN_CLASS;
    }
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
