/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look up classes: NV_ESC_RM_ALLOC, by hClass. The guest's argument has 32 bytes (NVOS21) or 48 bytes (NVOS64). The driver always
 * gets the longer form.
 */
#include <errno.h>
#include <string.h>

#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/status.h"
#include "cuse-server/proxy/call/call-work.h"
#include "cuse-server/proxy/call/frontend-word.h"
#include "cuse-server/proxy/proxy.h"

static void widen(CallWork *work)
{
    if (!work->alloc.short_form) {
        work->alloc.wide = *(const NVOS64_PARAMETERS *)work->alloc.guest;
        return;
    }
    const NVOS21_PARAMETERS *p = work->alloc.guest;
    work->alloc.wide = (NVOS64_PARAMETERS){
        .hRoot = p->hRoot,
        .hObjectParent = p->hObjectParent,
        .hObjectNew = p->hObjectNew,
        .hClass = p->hClass,
        .pAllocParms = p->pAllocParms,
        .paramsSize = p->paramsSize,
        .status = p->status,
    };
}

void alloc_narrow(Call *call)
{
    const NVOS64_PARAMETERS *wide = &call->work->alloc.wide;

    if (!call->work->alloc.short_form) {
        *(NVOS64_PARAMETERS *)call->work->alloc.guest = *wide;
        return;
    }
    NVOS21_PARAMETERS *p = call->work->alloc.guest;
    p->hRoot = wide->hRoot;
    p->hObjectParent = wide->hObjectParent;
    p->hObjectNew = wide->hObjectNew;
    p->hClass = wide->hClass;
    p->paramsSize = wide->paramsSize;
    p->status = wide->status;
}

/* Both are copies of the same guest memory, taken one after the other. Use the one that the class was decided upon. */
void alloc_settle(Call *call)
{
    if (call->work->alloc.event && call->params) {
        memcpy(call->params, call->work->alloc.event,
               MIN(sizeof(NV0005_ALLOC_PARAMETERS), call->params_size));
    }
}

/*
 * Ask for the memory that the pointers point to. Copy-out order: rights, then the parameters. The transport writes the argument
 * first; only a guest with overlapping buffers can notice that.
 */
static void take_params(Call *call)
{
    CallWork *work = call->work;
    NVOS64_PARAMETERS *wide = &work->alloc.wide;
    const AbiLayout *layout = call->entry->layout;
    /* A class that names files needs its parameters; map them even if the pointer is null, so that the call faults. */
    const bool needs_params = abi_members_have(call->entry->members, ABI_ROLE_FD);

    call_map_array(call, &wide->pRightsRequested,
                   wide->pRightsRequested ? sizeof(RS_ACCESS_MASK) : 0, GUEST_INOUT);
    if ((wide->pAllocParms && !work->effect->no_params) || needs_params) {
        call->params = guest_map(work->req, wide->pAllocParms, layout->size, GUEST_INOUT);
        work->members = call->entry->members;
    }
    call->params_size = layout ? layout->size : 0;
}

/*
 * Replace the alias NV01_EVENT by the class in its parameters; the driver uses that class as well.
 * Returns false if the transport has to fetch the parameters first.
 */
static bool fix_up_class(CallWork *work)
{
    NVOS64_PARAMETERS *wide = &work->alloc.wide;

    if (wide->hClass == NV01_EVENT) {
        const NV0005_ALLOC_PARAMETERS *event =
            guest_map(work->req, wide->pAllocParms, sizeof *event, GUEST_IN);
        if (!event) {
            return false;
        }
        work->alloc.event = event;
        wide->hClass = event->hClass;
    }
    return true;
}

CallStep alloc_look_up(Call *call)
{
    CallWork *work = call->work;
    Request *req = work->req;
    NVOS64_PARAMETERS *wide = &work->alloc.wide;
    const size_t size = frontend_size(req->command);

    work->alloc.short_form = size == sizeof(NVOS21_PARAMETERS);
    if (!work->alloc.short_form && size != sizeof(NVOS64_PARAMETERS)) {
        call_refuse(call, EINVAL, REFUSAL_SIZE);
        return CALL_ANSWERED;
    }
    work->alloc.guest = guest_map(req, req->argument, size, GUEST_INOUT);
    if (!work->alloc.guest) {
        return CALL_WAITS;
    }
    widen(work);
    if (!fix_up_class(work)) {
        return CALL_WAITS;
    }
    call->argument = wide;
    work->of_argument = call->entry->members; /* still NV_ESC_RM_ALLOC's; the class's follows */
    work->host_argument = wide;
    work->host_size = sizeof *wide;
    work->params_at = &wide->pAllocParms;
    work->unsized = true;
    work->command = frontend_command(NV_ESC_RM_ALLOC, sizeof *wide);
    call->entry = driver_abi_lookup(req->proxy->abi, ABI_ALLOC, wide->hClass);
    req->event.detail = call->entry ? call->entry->name : NULL;
    req->event.detail_number = wide->hClass;
    const Refusal refusal = call_find_effect(call, REFUSAL_UNKNOWN_CLASS);
    if (refusal != REFUSAL_NONE) {
        call_refuse_status(call, NV_ERR_INVALID_CLASS, refusal);
        return CALL_ANSWERED;
    }
    take_params(call);
    return CALL_GOES_ON;
}
