/* SPDX-License-Identifier: Apache-2.0 */
/* Client handles in parameters: which of them reach the host, and which are replaced by a handle that no client has. */
#include <string.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/uvm.h"
#include "tests/unit/support/fake-host.h"

enum { MINE = 0xc1d00001, THEIRS = 0xc1d00002, FOREIGN = 0xc1d00003, NO_CLIENT = 1 };

static Fake *fake;
static NvFile *ctl;
static NvFile *uvm;

static void setup(void)
{
    const GuestProcess me = {FAKE_PROCESS, 1000};
    const GuestProcess other = {FAKE_PROCESS + 1, 1000};

    fake = fake_new("570.86.15", NV_CAPS_DEFAULT | NV_CAP_RDMA);
    ctl = fake_open(fake, FAKE_CTL, 3);
    uvm = fake_open(fake, FAKE_UVM, 4);
    object_tree_add_client(fake->proxy.objects, MINE, ctl->id, &me);
    object_tree_add_client(fake->proxy.objects, THEIRS, ctl->id, &other);
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(client_handles, .init = setup, .fini = teardown);

/* The handle that the host gets for a client in NV_ESC_FREE_OS_EVENT. */
static NvHandle event_client(NvHandle handle)
{
    nv_ioctl_free_os_event_t p = {.hClient = handle, .fd = 3};
    nv_ioctl_free_os_event_t host;

    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_FREE_OS_EVENT, &p, sizeof p), 0);
    cr_assert_eq(p.hClient, handle, "not put back");
    memcpy(&host, fake->last.argument, sizeof host);
    return host.hClient;
}

Test(client_handles, another_instances_client_is_no_client)
{
    cr_assert_eq(event_client(MINE), MINE);
    cr_assert_eq(event_client(THEIRS), THEIRS, "as natively, the driver asks nobody");
    cr_assert_eq(event_client(FOREIGN), NO_CLIENT);
    cr_assert_eq(event_client(0), 0);
}

/* The same in UVM_REGISTER_CHANNEL. */
static NvHandle channel_client(NvHandle handle)
{
    UVM_REGISTER_CHANNEL_PARAMS p = {.rmCtrlFd = -1, .hClient = handle};
    UVM_REGISTER_CHANNEL_PARAMS host;

    memcpy(fake_at(fake, GUEST_BASE), &p, sizeof p);
    cr_assert_eq(fake_ioctl(fake, uvm, UVM_REGISTER_CHANNEL, GUEST_BASE), 0);
    memcpy(&p, fake_at(fake, GUEST_BASE), sizeof p);
    cr_assert_eq(p.hClient, handle, "not put back");
    memcpy(&host, fake->last.argument, sizeof host);
    return host.hClient;
}

Test(client_handles, uvm_takes_clients_of_the_calling_process_only)
{
    cr_assert_eq(channel_client(MINE), MINE);
    cr_assert_eq(channel_client(THEIRS), NO_CLIENT);
    cr_assert_eq(channel_client(FOREIGN), NO_CLIENT);
    fake->process.id = 0; /* it was killed meanwhile */
    cr_assert_eq(channel_client(MINE), NO_CLIENT);
}

static NvP64 unmapped_address(NvHandle client)
{
    NVOS34_PARAMETERS p = {.hClient = client, .pLinearAddress = 0x1000};
    NVOS34_PARAMETERS host;

    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_UNMAP_MEMORY, &p, sizeof p), 0);
    cr_assert_eq(p.pLinearAddress, 0x1000, "not put back");
    memcpy(&host, fake->last.argument, sizeof host);
    return host.pLinearAddress;
}

Test(client_handles, a_process_unmaps_and_moves_its_own_mappings_only)
{
    NVOS56_PARAMETERS move = {
        .hClient = THEIRS, .pOldCpuAddress = 0x1000, .pNewCpuAddress = 0x2000};
    NVOS56_PARAMETERS host;

    cr_assert_eq(unmapped_address(MINE), 0x1000);
    cr_assert_eq(unmapped_address(THEIRS), UINT64_MAX);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_UPDATE_DEVICE_MAPPING_INFO, &move, sizeof move),
                 0);
    memcpy(&host, fake->last.argument, sizeof host);
    cr_assert_eq(host.hClient, THEIRS);
    cr_assert_eq(host.pOldCpuAddress, UINT64_MAX);
    cr_assert_eq(move.pOldCpuAddress, 0x1000, "not put back");
    move.hClient = FOREIGN;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_UPDATE_DEVICE_MAPPING_INFO, &move, sizeof move),
                 0);
    memcpy(&host, fake->last.argument, sizeof host);
    cr_assert_eq(host.hClient, NO_CLIENT);
}
