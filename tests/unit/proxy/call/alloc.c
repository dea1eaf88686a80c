/* SPDX-License-Identifier: Apache-2.0 */
/* Allocations: what reaches the host, and what is recorded of it. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "abi/alloc-channel.h"
#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "tests/unit/proxy/call/alloc-calls.h"

enum {
    RIGHTS = GUEST_BASE + 0x2000,
    NOTHING = 0xabcd,
};

Fake *fake;
static NvFile *ctl;
static NVOS64_PARAMETERS host_alloc;
static NvU32 next_status;

/* The driver: it gives a root a handle of its own choice, as the real one does. */
static int answer(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    if (command == 0xc030462b) {
        NVOS64_PARAMETERS *p = argument;
        host_alloc = *p;
        if (!p->hObjectNew) {
            p->hObjectNew = CLIENT;
        }
        if (p->pRightsRequested) {
            *(NvU32 *)(uintptr_t)p->pRightsRequested = 0x77;
        }
        p->status = next_status;
    } else {
        cr_assert_eq(command, 0xc0104629);
        ((NVOS00_PARAMETERS *)argument)->status = next_status;
    }
    return 0;
}

static void setup(void)
{
    fake = fake_new("535.309.01", NV_CAPS_DEFAULT);
    ctl = fake_open(fake, FAKE_CTL, 3);
    fake->answer = answer;
    next_status = NV_OK;
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(alloc, .init = setup, .fini = teardown);

int alloc64(NVOS64_PARAMETERS *p)
{
    return fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, p, sizeof *p);
}

static int alloc21(NVOS21_PARAMETERS *p)
{
    return fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, p, sizeof *p);
}

void make_client(void)
{
    NVOS21_PARAMETERS p = {.hClass = NV01_ROOT};

    cr_assert_eq(alloc21(&p), 0);
    cr_assert_eq(p.status, NV_OK);
    cr_assert_eq(p.hObjectNew, CLIENT);
}

static size_t objects(void)
{
    return object_tree_size(fake->proxy.objects).objects;
}

Test(alloc, a_root_in_the_short_form_reaches_the_host_in_the_long_one)
{
    make_client();
    cr_assert_eq(fake->last.command, 0xc030462b);
    cr_assert_eq(host_alloc.pRightsRequested, 0);
    cr_assert_eq(object_tree_size(fake->proxy.objects).clients, 1);
}

/* Identify nobody, as a recording does if its process op has neither an id nor an error. */
static int process_without_id(Host *host, pid_t tid, uint32_t uid, GuestProcess *process)
{
    (void)host;
    (void)tid;
    (void)uid;
    *process = (GuestProcess){0};
    return 0;
}

Test(alloc, a_client_of_a_process_without_an_id_is_refused)
{
    NVOS21_PARAMETERS p = {.hClass = NV01_ROOT};
    static HostOps ops;

    ops = *fake->host.ops;
    ops.process = process_without_id;
    fake->host.ops = &ops;
    cr_assert_eq(alloc21(&p), EINTR);
    cr_assert_eq(fake->n_calls, 0);
    cr_assert_eq(object_tree_size(fake->proxy.objects).clients, 0);
}

Test(alloc, a_device_with_parameters_and_rights)
{
    NVOS64_PARAMETERS p = {.hRoot = CLIENT,
                           .hObjectParent = CLIENT,
                           .hObjectNew = DEVICE,
                           .hClass = NV01_DEVICE_0,
                           .pAllocParms = PARAMS,
                           .pRightsRequested = RIGHTS};

    make_client();
    cr_assert_eq(alloc64(&p), 0);
    cr_assert_eq(p.status, NV_OK);
    cr_assert_eq(p.pAllocParms, PARAMS);
    cr_assert_eq(p.pRightsRequested, RIGHTS);
    cr_assert_neq(host_alloc.pAllocParms, PARAMS);
    cr_assert_neq(host_alloc.pRightsRequested, RIGHTS);
    cr_assert_eq(*(NvU32 *)fake_at(fake, RIGHTS), 0x77);
    cr_assert_eq(objects(), 2);
}

Test(alloc, null_parameters_stay_null)
{
    NVOS64_PARAMETERS p = {.hRoot = CLIENT, .hObjectParent = CLIENT, .hClass = NV01_DEVICE_0};

    make_client();
    p.hObjectNew = DEVICE;
    cr_assert_eq(alloc64(&p), 0);
    cr_assert_eq(host_alloc.pAllocParms, 0);
}

Test(alloc, a_foreign_client_is_refused_in_the_callers_own_form)
{
    NVOS21_PARAMETERS p[2] = {{.hRoot = 0xdead,
                               .hObjectParent = 0xdead,
                               .hObjectNew = DEVICE,
                               .hClass = NV01_DEVICE_0,
                               .pAllocParms = PARAMS},
                              {.hRoot = 0x11111111}};

    memcpy(fake_at(fake, GUEST_BASE), p, sizeof p);
    cr_assert_eq(alloc21(&p[0]), 0);
    cr_assert_eq(p[0].status, NV_ERR_INVALID_CLIENT);
    cr_assert_eq(p[0].pAllocParms, PARAMS, "no private pointer gets out");
    cr_assert_eq(*(NvU32 *)fake_at(fake, GUEST_BASE + sizeof p[0]), 0x11111111,
                 "48 bytes were written to a 32-byte caller");
    cr_assert_eq(fake->n_calls, 0);
    cr_assert_eq(fake->request.event.refusal, REFUSAL_BAD_CLIENT);
}

Test(alloc, an_unknown_class_is_a_status)
{
    NVOS64_PARAMETERS p = {.hRoot = CLIENT, .hClass = NOTHING, .pAllocParms = 1};

    cr_assert_eq(alloc64(&p), 0);
    cr_assert_eq(p.status, NV_ERR_INVALID_CLASS);
    cr_assert_eq(p.pAllocParms, 1);
    cr_assert_eq(fake->n_calls, 0);
}

Test(alloc, only_the_two_sizes)
{
    char p[64] = {0};

    for (size_t size = 0; size <= sizeof p; size++) {
        if (size != 32 && size != 48) {
            cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, p, size), EINVAL);
        }
    }
    cr_assert_eq(fake->n_calls, 0);
}

Test(alloc, the_class_of_an_event_is_in_its_parameters)
{
    NV0005_ALLOC_PARAMETERS event = {.hClass = NOTHING};
    NVOS64_PARAMETERS p = {.hRoot = CLIENT, .hClass = NV01_EVENT, .pAllocParms = PARAMS};

    make_client();
    memcpy(fake_at(fake, PARAMS), &event, sizeof event);
    cr_assert_eq(alloc64(&p), 0);
    cr_assert_eq(p.status, NV_ERR_INVALID_CLASS);
    cr_assert_eq(p.hClass, NOTHING);
    p = (NVOS64_PARAMETERS){.hRoot = CLIENT, .hClass = NV01_EVENT};
    cr_assert_eq(alloc64(&p), EFAULT, "it has to have some");
}

Test(alloc, a_failed_allocation_is_not_recorded)
{
    NVOS64_PARAMETERS p = {.hRoot = CLIENT, .hObjectNew = DEVICE, .hClass = NV01_DEVICE_0};

    make_client();
    next_status = NV_ERR_INVALID_ARGUMENT;
    cr_assert_eq(alloc64(&p), 0);
    cr_assert_eq(p.status, NV_ERR_INVALID_ARGUMENT);
    cr_assert_eq(objects(), 1);
}

static int free_object(NvHandle handle, NvU32 *status)
{
    NVOS00_PARAMETERS p = {.hRoot = CLIENT, .hObjectOld = handle};
    int error = fake_frontend(fake, ctl, NV_ESC_RM_FREE, &p, sizeof p);

    *status = p.status;
    return error;
}

static NvHandle host_event_fd;

static int answer_event(Fake *f, uint32_t command, void *argument)
{
    const NVOS64_PARAMETERS *p = argument;
    const NV0005_ALLOC_PARAMETERS *event = (const void *)(uintptr_t)p->pAllocParms;

    if (p->hClass == NV01_EVENT_OS_EVENT) {
        host_event_fd = (NvHandle)event->data;
    }
    return answer(f, command, argument);
}

Test(alloc, an_events_file_is_translated_and_restored)
{
    NV0005_ALLOC_PARAMETERS event = {.hClass = NV01_EVENT_OS_EVENT, .data = 3};
    NVOS64_PARAMETERS p = {
        .hRoot = CLIENT, .hObjectNew = 7, .hClass = NV01_EVENT, .pAllocParms = PARAMS};

    fake->answer = answer_event;
    make_client();
    memcpy(fake_at(fake, PARAMS), &event, sizeof event);
    cr_assert_eq(alloc64(&p), 0);
    cr_assert_eq(p.status, NV_OK);
    cr_assert_eq(p.hClass, NV01_EVENT_OS_EVENT);
    cr_assert_eq((int)host_event_fd, ctl->fd);
    memcpy(&event, fake_at(fake, PARAMS), sizeof event);
    cr_assert_eq(event.data, 3);

    event.data = 55;
    memcpy(fake_at(fake, PARAMS), &event, sizeof event);
    cr_assert_eq(alloc64(&p), EINVAL);
    cr_assert_eq(fake->request.event.refusal, REFUSAL_BAD_FD);
}

/* An OS event whose class is exchanged for a harmless one while its parameters are fetched again. */
static void swap_class(Fake *f, unsigned round)
{
    NV0005_ALLOC_PARAMETERS *event = fake_at(f, PARAMS);

    if (round >= 2) {
        event->hClass = NOTHING;
        event->data = 0xdead;
    }
}

Test(alloc, what_the_class_was_taken_from_is_what_the_host_gets)
{
    NV0005_ALLOC_PARAMETERS event = {.hClass = NV01_EVENT_OS_EVENT, .data = 3};
    NVOS64_PARAMETERS p = {
        .hRoot = CLIENT, .hObjectNew = 7, .hClass = NV01_EVENT, .pAllocParms = PARAMS};

    fake->answer = answer_event;
    make_client();
    host_event_fd = 0;
    memcpy(fake_at(fake, PARAMS), &event, sizeof event);
    fake->between_rounds = swap_class;
    cr_assert_eq(alloc64(&p), 0);
    cr_assert_eq(host_event_fd, 0, "an unchecked class or descriptor reached the host");
}

Test(alloc, an_object_goes_with_the_address_space_it_names)
{
    NV_CTXSHARE_ALLOCATION_PARAMETERS share = {.hVASpace = 0x90f1};
    NVOS64_PARAMETERS space = {
        .hRoot = CLIENT, .hObjectParent = CLIENT, .hObjectNew = 0x90f1, .hClass = FERMI_VASPACE_A};
    NVOS64_PARAMETERS p = {.hRoot = CLIENT,
                           .hObjectParent = CLIENT,
                           .hObjectNew = 8,
                           .hClass = FERMI_CONTEXT_SHARE_A,
                           .pAllocParms = PARAMS};
    NVOS00_PARAMETERS f = {.hRoot = CLIENT, .hObjectOld = 0x90f1};

    make_client();
    cr_assert_eq(alloc64(&space), 0);
    cr_assert_eq(space.status, NV_OK);
    memcpy(fake_at(fake, PARAMS), &share, sizeof share);
    cr_assert_eq(alloc64(&p), 0);
    cr_assert_eq(p.status, NV_OK);
    cr_assert_eq(objects(), 3);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_FREE, &f, sizeof f), 0);
    cr_assert_eq(objects(), 1);
}

Test(alloc, freeing)
{
    NVOS64_PARAMETERS p = {
        .hRoot = CLIENT, .hObjectParent = CLIENT, .hObjectNew = DEVICE, .hClass = NV01_DEVICE_0};
    NvU32 status;

    make_client();
    cr_assert_eq(alloc64(&p), 0);
    cr_assert_eq(objects(), 2);
    next_status = NV_ERR_INVALID_ARGUMENT;
    cr_assert_eq(free_object(DEVICE, &status), 0);
    cr_assert_eq(objects(), 2, "the driver refused");
    next_status = NV_OK;
    cr_assert_eq(free_object(DEVICE, &status), 0);
    cr_assert_eq(objects(), 1);
    cr_assert_eq(free_object(CLIENT, &status), 0);
    cr_assert_eq(objects(), 0);
    next_status = NV_ERR_INVALID_CLIENT;
    cr_assert_eq(free_object(CLIENT, &status), 0);
    cr_assert_eq(status, NV_ERR_INVALID_CLIENT, "the driver's own word on a client that is gone");
}

Test(alloc, closing_the_file_ends_its_clients)
{
    make_client();
    proxy_release(&fake->proxy, ctl->id);
    cr_assert_eq(object_tree_size(fake->proxy.objects).clients, 0);
    cr_assert_eq(fake->n_open, 0);
}
