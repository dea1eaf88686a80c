/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/worker/doors/whole-call.h"

#include <errno.h>

#include "cuse-server/proxy/proxy.h"

/*
 * Refuse a call whose memory the broker does not give out. A caller that has nothing to do with the file's opener gets EPERM,
 * not EFAULT, since its pointers are good.
 */
static void refuse_denied(Request *req, int denied)
{
    switch (denied) {
    case EACCES:
    case EPERM: /* it is not a guest */
        request_refuse(req, EPERM, REFUSAL_NOT_OPENER);
        break;
    case EINVAL:
        request_refuse(req, EINVAL, REFUSAL_UNKNOWN_IOCTL);
        break;
    default:
        request_refuse(req, EFAULT, REFUSAL_GONE);
        break;
    }
}

bool whole_call_run(CallMemory *memory, Request *req, WholeCallAct act, void *data)
{
    proxy_begin(req); /* so that a refusal here can be logged with the call's name, too */
    req->memory = &memory->base;
    RequestResult result = act(req, data);
    if (memory->postponed) {
        return false;
    }
    if (memory->too_large) {
        request_refuse(req, E2BIG, REFUSAL_TOO_LARGE);
    } else if (memory->denied && result == REQUEST_RETRY) {
        refuse_denied(req, memory->denied);
    } else if (memory->fault || result == REQUEST_RETRY) {
        request_refuse(req, EFAULT, REFUSAL_BAD_POINTER);
    } else if (!req->error && !call_memory_write(memory, req->write_back)) {
        req->error = req->event.error = EFAULT;
    }
    proxy_answered(req);
    return true;
}
