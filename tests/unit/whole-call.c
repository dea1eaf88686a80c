/* SPDX-License-Identifier: Apache-2.0 */
/* Calls on the caller's own memory, when it cannot be had. */
#include <criterion/criterion.h>

#include <errno.h>

#include "abi/uvm.h"
#include "cuse-server/transport/whole-call.h"
#include "tests/unit/fake-host.h"

static RequestResult act(Request *req, void *data)
{
    (void)req;
    *(bool *)data = true;
    return REQUEST_DONE;
}

Test(whole_call, without_memory_it_is_refused_by_name)
{
    bool acted = false;
    Fake *fake = fake_new("570.86.15", NV_CAPS_DEFAULT);
    NvFile *uvm = fake_open(fake, FAKE_UVM, 4);
    Request req = {.proxy = &fake->proxy, .file = uvm, .command = UVM_INITIALIZE, .tid = 7};

    whole_call_run(-1, &req, act, &acted);
    cr_expect_not(acted);
    cr_expect_eq(req.error, EFAULT);
    cr_expect_eq(req.event.refusal, REFUSAL_GONE);
    cr_expect_str_eq(req.event.device, uvm->device->name);
    cr_expect_eq(req.event.number, UVM_INITIALIZE);
    cr_expect_eq(req.event.tid, 7);
    fake_free(fake);
}
