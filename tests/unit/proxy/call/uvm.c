/* SPDX-License-Identifier: Apache-2.0 */
/* The ioctls of nvidia-uvm: initialisation in one process and in many, and files in parameters. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "abi/status.h"
#include "abi/uvm.h"
#include "tests/unit/support/fake-host.h"

static Fake *fake;
static NvFile *uvm;

static int answer_initialize(Fake *f, uint32_t command, void *argument)
{
    UVM_INITIALIZE_PARAMS *p = argument;

    (void)f;
    (void)command;
    p->rmStatus = NV_OK;
    return 0;
}

static int answer_enomem(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    (void)command;
    (void)argument;
    return ENOMEM;
}

static void setup(void)
{
    fake = fake_new("535.309.01", NV_CAPS_DEFAULT);
    uvm = fake_open(fake, FAKE_UVM, 3);
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(uvm, .init = setup, .fini = teardown);

static NvU64 initialize(NvU64 flags, NvU64 *host_flags)
{
    UVM_INITIALIZE_PARAMS p = {.flags = flags, .rmStatus = 1};
    UVM_INITIALIZE_PARAMS host;

    fake->answer = answer_initialize;
    memcpy(fake_at(fake, GUEST_BASE), &p, sizeof p);
    cr_assert_eq(fake_ioctl(fake, uvm, UVM_INITIALIZE, GUEST_BASE), 0);
    memcpy(&p, fake_at(fake, GUEST_BASE), sizeof p);
    memcpy(&host, fake->last.argument, sizeof host);
    cr_assert_eq(p.rmStatus, NV_OK);
    *host_flags = host.flags;
    return p.flags;
}

Test(uvm, is_initialised_inside_the_guest_as_it_asks)
{
    NvU64 host;

    cr_assert_eq(initialize(1, &host), 1);
    cr_assert_eq(host, 1);
    cr_assert(fake->last.in_guest, "the address space would be the worker's");
}

Test(uvm, one_for_many_processes_needs_no_address_space)
{
    NvU64 host;

    cr_assert_eq(initialize(2, &host), 2);
    cr_assert_eq(host, 2);
    cr_assert_not(fake->last.in_guest);
}

Test(uvm, that_fails_inside_the_guest_fails)
{
    UVM_INITIALIZE_PARAMS p = {.flags = 0};

    fake->answer = answer_enomem;
    memcpy(fake_at(fake, GUEST_BASE), &p, sizeof p);
    cr_assert_eq(fake_ioctl(fake, uvm, UVM_INITIALIZE, GUEST_BASE), ENOMEM);
    cr_assert_eq(fake->n_calls, 1, "it must not be tried in another way");
}

Test(uvm, multi_process_sharing_is_chosen_and_hidden)
{
    NvU64 host;

    fake->proxy.share_uvm = true;
    cr_assert_eq(initialize(0, &host), 0);
    cr_assert_eq(host, UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE);
    cr_assert_not(fake->last.in_guest);
}

Test(uvm, multi_process_sharing_is_the_fallback_and_hidden)
{
    NvU64 host;

    fake->no_entry = EBUSY;
    cr_assert_eq(initialize(0, &host), 0);
    cr_assert_eq(host, UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE);
    cr_assert_eq(initialize(1, &host), 1);
    cr_assert_eq(host, 1 | UVM_INIT_FLAGS_MULTI_PROCESS_SHARING_MODE);
    cr_assert_eq(initialize(2, &host), 2, "a guest that set it keeps it");
}

Test(uvm, ordinary_pages_stay_out_of_gpu_memory_if_there_are_quotas)
{
    static const InstanceQuota quotas[] = {{.by_gpu = true}, {.managed = MANAGED_REFUSE}};
    NvU64 host;

    for (size_t i = 0; i < G_N_ELEMENTS(quotas); i++) {
        proxy_set_quota(&fake->proxy, &quotas[i], NULL);
        cr_expect_eq(initialize(0, &host), 0, "the guest does not see the flag");
        cr_expect_eq(host, UVM_INIT_FLAGS_DISABLE_HMM);
        cr_expect(fake->last.in_guest);
        cr_expect_eq(initialize(1, &host), 1);
        cr_expect_eq(host, UVM_INIT_FLAGS_DISABLE_HMM);
        cr_expect_eq(initialize(2, &host), 2);
        cr_expect_eq(host, 3);
        fake->no_entry = EBUSY;
        cr_expect_eq(initialize(0, &host), 0);
        cr_expect_eq(host, 3);
        fake->no_entry = 0;
    }
    proxy_set_quota(&fake->proxy, &(InstanceQuota){.managed = MANAGED_FREE}, NULL);
    cr_expect_eq(initialize(0, &host), 0);
    cr_expect_eq(host, 0);
}

Test(uvm, mm_initialize_translates_the_other_file)
{
    NvFile *second = fake_open(fake, FAKE_UVM, 4);
    UVM_MM_INITIALIZE_PARAMS p = {.uvmFd = 3};
    UVM_MM_INITIALIZE_PARAMS host;

    memcpy(fake_at(fake, GUEST_BASE), &p, sizeof p);
    cr_assert_eq(fake_ioctl(fake, second, UVM_MM_INITIALIZE, GUEST_BASE), 0);
    memcpy(&host, fake->last.argument, sizeof host);
    memcpy(&p, fake_at(fake, GUEST_BASE), sizeof p);
    cr_assert_eq(host.uvmFd, uvm->fd);
    cr_assert_eq(p.uvmFd, 3);
    cr_assert_eq(fake->last.fd, second->fd);
}

Test(uvm, mm_initialize_with_a_wrong_file_is_a_status)
{
    const int wrong[] = {-1, 99, 5};

    fake_open(fake, FAKE_CTL, 5);
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        UVM_MM_INITIALIZE_PARAMS p = {.uvmFd = wrong[i]};
        memcpy(fake_at(fake, GUEST_BASE), &p, sizeof p);
        cr_assert_eq(fake_ioctl(fake, uvm, UVM_MM_INITIALIZE, GUEST_BASE), 0);
        memcpy(&p, fake_at(fake, GUEST_BASE), sizeof p);
        cr_assert_eq(p.rmStatus, NV_ERR_INVALID_ARGUMENT);
        cr_assert_eq(p.uvmFd, wrong[i]);
    }
    cr_assert_eq(fake->n_calls, 0);
}

Test(uvm, deinitialize_reads_nothing)
{
    cr_assert_eq(fake_ioctl(fake, uvm, UVM_DEINITIALIZE, 0xdeadbeef), 0);
    cr_assert(fake->last.null_argument);
    cr_assert_eq(fake->rounds, 1);
}

Test(uvm, pageable_mem_access)
{
    cr_assert_eq(fake_ioctl(fake, uvm, UVM_PAGEABLE_MEM_ACCESS, GUEST_BASE), 0);
    cr_assert_eq(fake->last.command, UVM_PAGEABLE_MEM_ACCESS);
}

Test(uvm, the_whole_word_counts)
{
    cr_assert_eq(fake_ioctl(fake, uvm, UVM_PAGEABLE_MEM_ACCESS | 0x10000, GUEST_BASE), EINVAL);
    cr_assert_eq(fake_ioctl(fake, uvm, 0xc0084627, GUEST_BASE), EINVAL);
    cr_assert_eq(fake_ioctl(fake, uvm, 0x3e, GUEST_BASE), EINVAL, "reads process memory");
    cr_assert_eq(fake->n_calls, 0);
}
