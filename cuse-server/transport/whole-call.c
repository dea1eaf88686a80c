/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/transport/whole-call.h"

#include <errno.h>
#include <unistd.h>

#include "cuse-server/proxy/proxy.h"
#include "cuse-server/transport/call-memory.h"
#include "cuse-server/transport/close-if-open.h"

/* #syscalls:worker close */

void whole_call_run(int fd, Request *req, WholeCallAct act, void *data)
{
    CallMemory memory;

    proxy_begin(req); /* what is refused here has a name, too */
    call_memory_init(&memory, fd);
    req->memory = &memory.base;
    RequestResult result = fd < 0 ? REQUEST_RETRY : act(req, data);
    if (memory.too_large) {
        request_refuse(req, E2BIG, REFUSAL_TOO_LARGE);
    } else if (memory.fault || result == REQUEST_RETRY) {
        request_refuse(req, EFAULT, fd < 0 ? REFUSAL_GONE : REFUSAL_BAD_POINTER);
    } else if (!req->error && !call_memory_write(&memory, req->write_back)) {
        req->error = req->event.error = EFAULT;
    }
    proxy_answered(req);
    call_memory_clear(&memory);
    close_if_open(fd);
}
