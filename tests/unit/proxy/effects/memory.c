/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that allocate and map memory: their parameters at the host, and the parameters that the guest gets back. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/status.h"
#include "tests/unit/proxy/effects/memory-calls.h"

static unsigned objects(void)
{
    return object_tree_size(fake->proxy.objects).objects;
}

static void sum_memory(const ObjectUse *use, gpointer data)
{
    *(uint64_t *)data += use->bytes;
}

static uint64_t memory_of_all(void)
{
    uint64_t bytes = 0;

    object_tree_each(fake->proxy.objects, sum_memory, &bytes);
    return bytes;
}

static nv_ioctl_nvos02_parameters_with_fd new_memory(NvV32 object_class, int fd)
{
    return (nv_ioctl_nvos02_parameters_with_fd){
        .params = {.hRoot = CLIENT,
                   .hObjectParent = DEVICE,
                   .hObjectNew = MEMORY,
                   .hClass = object_class,
                   .limit = 0x17ff},
        .fd = fd,
    };
}

static int alloc_memory(nv_ioctl_nvos02_parameters_with_fd *p)
{
    return fake_frontend(fake, gpu, NV_ESC_RM_ALLOC_MEMORY, p, sizeof *p);
}

static int host_fd_of_alloc(void)
{
    nv_ioctl_nvos02_parameters_with_fd host;

    memcpy(&host, fake->last.argument, sizeof host);
    return host.fd;
}

Test(memory, system_memory_makes_its_file_mappable)
{
    nv_ioctl_nvos02_parameters_with_fd p = new_memory(NV01_MEMORY_SYSTEM, CTL_FD);

    cr_assert_eq(alloc_memory(&p), 0);
    cr_assert_eq(host_fd_of_alloc(), ctl->fd);
    cr_assert_eq(p.fd, CTL_FD, "the host's descriptor got out");
    cr_assert_eq(ctl->map.length, 0x2000);
    cr_assert_eq(class_of(CLIENT, MEMORY), NV01_MEMORY_SYSTEM);
    cr_assert_eq(memory_of_all(), 0x2000, "whole pages");
}

Test(memory, system_memory_that_is_not_to_be_mapped_leaves_the_file_alone)
{
    nv_ioctl_nvos02_parameters_with_fd p = new_memory(NV01_MEMORY_SYSTEM, CTL_FD);

    p.params.flags = NVOS02_FLAGS_MAPPING_NO_MAP << NVOS02_FLAGS_MAPPING_SHIFT;
    cr_assert_eq(alloc_memory(&p), 0);
    p.params.flags = NVOS02_FLAGS_ALLOC_NONE << NVOS02_FLAGS_ALLOC_SHIFT;
    cr_assert_eq(alloc_memory(&p), 0);
    cr_assert_eq(ctl->map.length, 0);
    p.params.flags = 0;
    next_status = NV_ERR_NO_MEMORY;
    cr_assert_eq(alloc_memory(&p), 0);
    cr_assert_eq(p.params.status, NV_ERR_NO_MEMORY);
    cr_assert_eq(ctl->map.length, 0);
}

Test(memory, a_limit_that_wraps_maps_nothing)
{
    nv_ioctl_nvos02_parameters_with_fd p = new_memory(NV01_MEMORY_SYSTEM, CTL_FD);

    p.params.limit = UINT64_MAX;
    cr_assert_eq(alloc_memory(&p), 0);
    cr_assert_eq(ctl->map.length, 0);
    p.params.limit = UINT64_MAX - 1;
    cr_assert_eq(alloc_memory(&p), 0);
    cr_assert_eq(ctl->map.length, 0);
}

Test(memory, video_memory_takes_no_descriptor)
{
    static const NvV32 classes[] = {NV01_MEMORY_LOCAL_PRIVILEGED, NV01_MEMORY_LOCAL_USER};

    for (size_t i = 0; i < G_N_ELEMENTS(classes); i++) {
        nv_ioctl_nvos02_parameters_with_fd p = new_memory(classes[i], BAD_FD);
        cr_assert_eq(alloc_memory(&p), 0);
        cr_assert_eq(host_fd_of_alloc(), -1);
        cr_assert_eq(p.fd, BAD_FD);
        cr_assert_eq(class_of(CLIENT, MEMORY), classes[i]);
    }
}

Test(memory, what_is_refused_does_not_reach_the_host)
{
    nv_ioctl_nvos02_parameters_with_fd p = new_memory(NV01_MEMORY_SYSTEM, BAD_FD);

    cr_assert_eq(alloc_memory(&p), EINVAL);
    p.fd = UVM_FD;
    cr_assert_eq(alloc_memory(&p), EINVAL, "a UVM file is not one of the frontend's");
    p = new_memory(NV50_MEMORY_VIRTUAL, CTL_FD);
    cr_assert_eq(alloc_memory(&p), EINVAL);
    p = new_memory(NV01_MEMORY_SYSTEM, CTL_FD);
    p.params.hRoot = 0xc1d00099;
    cr_assert_eq(alloc_memory(&p), 0);
    cr_assert_eq(p.params.status, NV_ERR_INVALID_CLIENT);
    cr_assert_eq(p.fd, CTL_FD, "the host's descriptor got out");
    cr_assert_eq(fake->n_calls, 0);
}

Test(memory, objects_are_limited)
{
    nv_ioctl_nvos02_parameters_with_fd p = new_memory(NV01_MEMORY_LOCAL_USER, 0);
    unsigned before;

    do {
        before = objects();
        p.params.hObjectNew++;
        cr_assert_eq(alloc_memory(&p), 0);
    } while (p.params.status == NV_OK && before < 1000);
    cr_assert_eq(p.params.status, NV_ERR_INSUFFICIENT_RESOURCES);
    cr_assert_eq(objects(), 64);
    cr_assert_eq(fake->request.event.refusal, REFUSAL_LIMIT);
}

static nv_ioctl_nvos33_parameters_with_fd map_of(int fd)
{
    return (nv_ioctl_nvos33_parameters_with_fd){
        .params = {.hClient = CLIENT, .hDevice = DEVICE, .hMemory = MEMORY, .length = 0x1000},
        .fd = fd,
    };
}

static int map_memory(nv_ioctl_nvos33_parameters_with_fd *p)
{
    return fake_frontend(fake, ctl, NV_ESC_RM_MAP_MEMORY, p, sizeof *p);
}

Test(memory, a_mapping_is_whole_pages_around_the_address_that_the_driver_names)
{
    nv_ioctl_nvos33_parameters_with_fd p = map_of(GPU_FD);
    nv_ioctl_nvos33_parameters_with_fd host;

    cr_assert_eq(map_memory(&p), 0);
    memcpy(&host, fake->last.argument, sizeof host);
    cr_assert_eq(host.fd, gpu->fd);
    cr_assert_eq(p.fd, GPU_FD);
    cr_assert_eq(p.params.pLinearAddress, 0x80000800, "programs unmap by it");
    cr_assert_eq(gpu->map.length, 0x2000, "0x800 + 0x1000 bytes");
    p.fd = BAD_FD;
    cr_assert_eq(map_memory(&p), EINVAL);
    cr_assert_eq(fake->n_calls, 1);
}

Test(memory, a_process_maps_only_in_clients_of_its_own)
{
    nv_ioctl_nvos33_parameters_with_fd p = map_of(GPU_FD);

    p.params.hClient = OTHER;
    cr_assert_eq(map_memory(&p), 0);
    cr_assert_eq(p.params.status, NV_ERR_INVALID_CLIENT);
    fake->process.id = 0; /* it was killed meanwhile */
    cr_assert_eq(map_memory(&p), 0);
    cr_assert_eq(p.params.status, NV_ERR_INVALID_CLIENT);
    cr_assert_eq(fake->n_calls, 0);
    cr_assert_eq(gpu->map.length, 0);
}

static NVOS32_PARAMETERS heap(NvU32 flags, NvU32 attr, NvU32 attr2)
{
    NVOS32_PARAMETERS p = {
        .hRoot = CLIENT, .hObjectParent = DEVICE, .function = NVOS32_FUNCTION_ALLOC_SIZE};

    p.data.AllocSize.flags = flags;
    p.data.AllocSize.attr = attr;
    p.data.AllocSize.attr2 = attr2;
    p.data.AllocSize.size = 0x5000;
    return p;
}

static int heap_control(NVOS32_PARAMETERS *p)
{
    return fake_frontend(fake, ctl, NV_ESC_RM_VID_HEAP_CONTROL, p, sizeof *p);
}

Test(memory, the_heap_makes_objects_of_the_class_that_its_flags_say)
{
    static const struct {
        NvU32 flags;
        NvU32 attr;
        NvU32 attr2;
        uint32_t object_class;
        uint64_t bytes;
    } cases[] = {
        {NVOS32_ALLOC_FLAGS_VIRTUAL, 1U << 25, 1U << 24, NV50_MEMORY_VIRTUAL, 0x20000},
        {0, 1U << 25, 1U << 24, NV_MEMORY_EXTENDED_USER, 0x5000},
        {0, 0, 0, NV01_MEMORY_LOCAL_USER, 0x10000},
        {0, 1U << 25, 0, NV01_MEMORY_SYSTEM, 0x5000},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        NVOS32_PARAMETERS p = heap(cases[i].flags, cases[i].attr, cases[i].attr2);
        cr_assert_eq(heap_control(&p), 0);
        cr_assert_eq(class_of(CLIENT, MEMORY), cases[i].object_class, "case %zu", i);
        cr_assert_eq(memory_of_all(), cases[i].bytes, "case %zu", i);
    }
}

Test(memory, the_heaps_address_is_a_word_of_the_guests)
{
    NVOS32_PARAMETERS p = heap(0, 0, 0);

    p.data.AllocSize.address = ADDRESS;
    *(NvU64 *)fake_at(fake, ADDRESS) = 0x55;
    cr_assert_eq(heap_control(&p), 0);
    cr_assert_eq(host_word, 0x55);
    cr_assert_eq(*(NvU64 *)fake_at(fake, ADDRESS), 0x99);
    cr_assert_eq(p.data.AllocSize.address, ADDRESS, "a pointer of the host got out");
    p.hRoot = 0xc1d00099;
    cr_assert_eq(heap_control(&p), 0);
    cr_assert_eq(p.status, NV_ERR_INVALID_CLIENT);
    cr_assert_eq(p.data.AllocSize.address, ADDRESS, "a pointer of the host got out");
    p.function = NVOS32_FUNCTION_ALLOC_SIZE + 1;
    cr_assert_eq(heap_control(&p), EINVAL);
    cr_assert_eq(fake->n_calls, 1);
}

Test(memory, a_context_dma_is_a_sibling_of_its_memory)
{
    NVOS39_PARAMETERS p = {
        .hObjectParent = CLIENT, .hObjectNew = COPY, .hClass = 2, .hMemory = MEMORY};

    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC_CONTEXT_DMA2, &p, sizeof p), 0);
    cr_assert_eq(class_of(CLIENT, COPY), 0, "of unknown memory nothing is tracked");
    NVOS32_PARAMETERS memory = heap(0, 0, 0);
    cr_assert_eq(heap_control(&memory), 0);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC_CONTEXT_DMA2, &p, sizeof p), 0);
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    cr_assert_eq(client_parent(client, COPY), DEVICE);
    object_tree_unlock(client);
}
