/* SPDX-License-Identifier: Apache-2.0 */
/* Calls for which the caller's memory is not available. */
#include <criterion/criterion.h>

#include <errno.h>

#include "abi/uvm.h"
#include "cuse-server/worker/doors/whole-call.h"
#include "tests/unit/support/fake-host.h"

static RequestResult act(Request *req, void *data)
{
    (void)data;
    return proxy_ioctl(req);
}

static const struct {
    int denied;
    int error;
    Refusal refusal;
} reasons[] = {
    {ESRCH, EFAULT, REFUSAL_GONE},
    {EACCES, EPERM, REFUSAL_NOT_OPENER},
    {EPERM, EPERM, REFUSAL_NOT_OPENER},
    {EINVAL, EINVAL, REFUSAL_UNKNOWN_IOCTL},
};

Test(whole_call, without_memory_it_is_refused_by_name)
{
    Fake *fake = fake_new("570.86.15", NV_CAPS_DEFAULT);
    NvFile *uvm = fake_open(fake, FAKE_UVM, 4);

    for (size_t i = 0; i < G_N_ELEMENTS(reasons); i++) {
        Request req = {.proxy = &fake->proxy, .file = uvm, .command = UVM_INITIALIZE, .tid = 7};
        CallMemory memory;

        call_memory_init(&memory, -1, reasons[i].denied);
        cr_expect(whole_call_run(&memory, &req, act, NULL));
        cr_expect_eq(req.error, reasons[i].error);
        cr_expect_eq(req.event.refusal, reasons[i].refusal);
        cr_expect_str_eq(req.event.device, uvm->device->name);
        cr_expect_eq(req.event.number, UVM_INITIALIZE);
        cr_expect_eq(req.event.tid, 7);
        call_memory_clear(&memory);
    }
    cr_expect_eq(fake->n_calls, 0, "nothing reached the host");
    fake_free(fake);
}

/* A call without a row is refused as such, whether or not there is memory. */
Test(whole_call, an_unknown_call_needs_none)
{
    Fake *fake = fake_new("570.86.15", NV_CAPS_DEFAULT);
    Request req = {.proxy = &fake->proxy,
                   .file = fake_open(fake, FAKE_UVM, 4),
                   .command = UVM_INITIALIZE + 0x100};
    CallMemory memory;

    call_memory_init(&memory, -1, EACCES);
    cr_expect(whole_call_run(&memory, &req, act, NULL));
    cr_expect_eq(req.error, EINVAL);
    cr_expect_eq(req.event.refusal, REFUSAL_UNKNOWN_IOCTL);
    call_memory_clear(&memory);
    fake_free(fake);
}
