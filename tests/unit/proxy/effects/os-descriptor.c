/* SPDX-License-Identifier: Apache-2.0 */
/* Describing the caller's own memory: the call is made inside its process, with its own address. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/nvos32.h"
#include "abi/status.h"
#include "tests/unit/support/fake-host.h"

enum { CLIENT = 0xc1d00001, DEVICE = 0xcaf00001, MEMORY = 0xcaf00002, CTL_FD = 3, GPU_FD = 4 };

#define ADDRESS UINT64_C(0x7f1234567000)

static Fake *fake;
static NvFile *ctl;
static NvFile *gpu;
static NvU32 next_status;

static int answer(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    if ((command & 0xff) == NV_ESC_RM_ALLOC_MEMORY) {
        ((nv_ioctl_nvos02_parameters_with_fd *)argument)->params.status = next_status;
    } else {
        ((NVOS32_PARAMETERS *)argument)->status = next_status;
    }
    return 0;
}

static void setup(void)
{
    const GuestProcess process = {FAKE_PROCESS, 1000};
    const uint32_t root = CLIENT;

    fake = fake_new("570.86.15", NV_CAPS_DEFAULT);
    ctl = fake_open(fake, FAKE_CTL, CTL_FD);
    gpu = fake_open(fake, FAKE_GPU, GPU_FD);
    fake->answer = answer;
    next_status = NV_OK;
    object_tree_add_client(fake->proxy.objects, CLIENT, ctl->id, &process);
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    client_add(client, DEVICE, NV01_DEVICE_0, &root, 1);
    object_tree_unlock(client);
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(os_descriptor, .init = setup, .fini = teardown);

static uint32_t class_of(NvHandle object)
{
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    uint32_t object_class = 0;

    client_class(client, object, &object_class);
    object_tree_unlock(client);
    return object_class;
}

static nv_ioctl_nvos02_parameters_with_fd describe(uint64_t address, uint64_t limit)
{
    return (nv_ioctl_nvos02_parameters_with_fd){
        .params = {.hRoot = CLIENT,
                   .hObjectParent = DEVICE,
                   .hObjectNew = MEMORY,
                   .hClass = NV01_MEMORY_SYSTEM_OS_DESCRIPTOR,
                   .pMemory = address,
                   .limit = limit},
        .fd = CTL_FD,
    };
}

static int alloc_memory(nv_ioctl_nvos02_parameters_with_fd *p)
{
    return fake_frontend(fake, gpu, NV_ESC_RM_ALLOC_MEMORY, p, sizeof *p);
}

static NVOS32_PARAMETERS heap(uint64_t address, uint64_t limit)
{
    NVOS32_PARAMETERS p = {
        .hRoot = CLIENT, .hObjectParent = DEVICE, .function = NVOS32_FUNCTION_ALLOC_OS_DESCRIPTOR};

    p.data.AllocOsDesc.hMemory = MEMORY;
    p.data.AllocOsDesc.descriptor = address;
    p.data.AllocOsDesc.limit = limit;
    p.data.AllocOsDesc.descriptorType = NVOS32_DESCRIPTOR_TYPE_VIRTUAL_ADDRESS;
    return p;
}

static int heap_control(NVOS32_PARAMETERS *p)
{
    return fake_frontend(fake, ctl, NV_ESC_RM_VID_HEAP_CONTROL, p, sizeof *p);
}

Test(os_descriptor, is_made_in_the_callers_process)
{
    nv_ioctl_nvos02_parameters_with_fd p = describe(ADDRESS, 0x3fff);
    nv_ioctl_nvos02_parameters_with_fd host;

    cr_assert_eq(alloc_memory(&p), 0);
    memcpy(&host, fake->last.argument, sizeof host);
    cr_assert(fake->last.in_guest, "the worker's own pages would be pinned");
    cr_assert_eq(fake->last.fd, gpu->fd);
    cr_assert_eq(host.params.pMemory, ADDRESS);
    cr_assert_eq(host.fd, -1);
    cr_assert_eq(p.fd, CTL_FD);
    cr_assert_eq(p.params.pMemory, ADDRESS);
    cr_assert_eq(class_of(MEMORY), NV01_MEMORY_SYSTEM_OS_DESCRIPTOR);
    cr_assert_eq(ctl->map.length, 0, "such memory cannot be mapped");
}

Test(os_descriptor, of_the_heap_is_made_in_the_callers_process)
{
    NVOS32_PARAMETERS p = heap(ADDRESS, 0x3fff);
    NVOS32_PARAMETERS host;

    cr_assert_eq(heap_control(&p), 0);
    memcpy(&host, fake->last.argument, sizeof host);
    cr_assert(fake->last.in_guest);
    cr_assert_eq(fake->last.fd, ctl->fd);
    cr_assert_eq(host.data.AllocOsDesc.descriptor, ADDRESS);
    cr_assert_eq(class_of(MEMORY), NV01_MEMORY_SYSTEM_OS_DESCRIPTOR);
}

Test(os_descriptor, that_the_driver_refuses_is_not_recorded)
{
    nv_ioctl_nvos02_parameters_with_fd p = describe(ADDRESS, 0x3fff);

    next_status = NV_ERR_INVALID_ADDRESS;
    cr_assert_eq(alloc_memory(&p), 0);
    cr_assert_eq(p.params.status, NV_ERR_INVALID_ADDRESS);
    cr_assert_eq(class_of(MEMORY), 0);
}

Test(os_descriptor, ranges_that_cannot_be_do_not_reach_the_host)
{
    static const struct {
        uint64_t address, limit;
        NvU32 status;
    } wrong[] = {
        {ADDRESS + 1, 0xfff, NV_ERR_NOT_SUPPORTED},
        {ADDRESS + 2048, UINT64_MAX, NV_ERR_NOT_SUPPORTED},
        {ADDRESS, UINT64_MAX, NV_ERR_INVALID_LIMIT},
        {0, UINT64_MAX - 1, NV_ERR_INVALID_ADDRESS},
        {UINT64_MAX - 4095, 4096, NV_ERR_INVALID_ADDRESS},
        {ADDRESS, UINT64_MAX - ADDRESS, NV_ERR_INVALID_ADDRESS},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        nv_ioctl_nvos02_parameters_with_fd p = describe(wrong[i].address, wrong[i].limit);
        NVOS32_PARAMETERS h = heap(wrong[i].address, wrong[i].limit);
        cr_assert_eq(alloc_memory(&p), 0);
        cr_assert_eq(p.params.status, wrong[i].status, "row %zu", i);
        cr_assert_eq(p.fd, CTL_FD);
        cr_assert_eq(heap_control(&h), 0);
        cr_assert_eq(h.status, wrong[i].status, "row %zu", i);
    }
    cr_assert_eq(fake->n_calls, 0);
}

Test(os_descriptor, of_an_unknown_client_is_refused)
{
    nv_ioctl_nvos02_parameters_with_fd p = describe(ADDRESS, 0x3fff);

    p.params.hRoot = CLIENT + 1;
    cr_assert_eq(alloc_memory(&p), 0);
    cr_assert_eq(p.params.status, NV_ERR_INVALID_CLIENT);
    cr_assert_eq(p.fd, CTL_FD);
    cr_assert_eq(fake->n_calls, 0);
}

Test(os_descriptor, of_the_heap_may_not_be_a_pointer_of_the_kernels)
{
    for (NvU32 type = 1; type < 8; type++) {
        NVOS32_PARAMETERS p = heap(ADDRESS, 0x3fff);
        p.data.AllocOsDesc.descriptorType = type;
        cr_assert_eq(heap_control(&p), 0);
        cr_assert_eq(p.status, NV_ERR_NOT_SUPPORTED);
    }
    cr_assert_eq(fake->n_calls, 0);
}

Test(os_descriptor, of_the_heap_lets_no_device_write_what_its_user_may_only_read)
{
    const NvU32 user = NVOS32_ATTR2_PROTECTION_USER_READ_ONLY << NVOS32_ATTR2_PROTECTION_USER_SHIFT;
    const NvU32 device = NVOS32_ATTR2_PROTECTION_DEVICE_READ_ONLY
                         << NVOS32_ATTR2_PROTECTION_DEVICE_SHIFT;
    NVOS32_PARAMETERS p = heap(ADDRESS, 0x3fff);

    p.data.AllocOsDesc.attr2 = user;
    cr_assert_eq(heap_control(&p), 0);
    cr_assert_eq(p.status, NV_ERR_NOT_SUPPORTED);
    cr_assert_eq(fake->n_calls, 0);
    p.data.AllocOsDesc.attr2 = user | device;
    cr_assert_eq(heap_control(&p), 0);
    cr_assert_eq(p.status, NV_OK);
    cr_assert(fake->last.in_guest);
}

Test(os_descriptor, needs_the_caller)
{
    nv_ioctl_nvos02_parameters_with_fd p = describe(ADDRESS, 0x3fff);

    fake->no_entry = EBUSY;
    cr_assert_eq(alloc_memory(&p), EBUSY);
    cr_assert_eq(fake->request.event.refusal, REFUSAL_NEEDS_CALLER);
    cr_assert_eq(fake->n_calls, 0);
    cr_assert_eq(class_of(MEMORY), 0);
}
