/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that allocate and map memory, duplicate, and idle channels: what the host gets and what of it
 * comes back. */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/nvos32.h"
#include "abi/status.h"
#include "tests/unit/support/fake-host.h"

enum {
    CLIENT = 0xc1d00001,
    OTHER = 0xc1d00002,
    DEVICE = 0xcaf00001,
    MEMORY = 0xcaf00002,
    COPY = 0xcaf00003,
    OTHER_PROCESS = 202,
    ADDRESS = GUEST_BASE + 0x1000,
    LIST = GUEST_BASE + 0x2000,
    CTL_FD = 3,
    GPU_FD = 4,
    UVM_FD = 5,
    BAD_FD = 9,
};

static Fake *fake;
static NvFile *ctl;
static NvFile *gpu;
static NvU32 next_status;
static NvU64 host_word; /* what a pointer of the host's pointed at */
static NvHandle host_lists[3][2];

static void answer_status(uint32_t nr, void *argument)
{
    switch (nr) {
    case NV_ESC_RM_ALLOC_MEMORY:
        ((nv_ioctl_nvos02_parameters_with_fd *)argument)->params.status = next_status;
        break;
    case NV_ESC_RM_MAP_MEMORY: {
        nv_ioctl_nvos33_parameters_with_fd *p = argument;
        p->params.pLinearAddress = 0x80000800;
        p->params.status = next_status;
        break;
    }
    case NV_ESC_RM_VID_HEAP_CONTROL: {
        NVOS32_PARAMETERS *p = argument;
        p->data.AllocSize.hMemory = MEMORY;
        p->status = next_status;
        if (p->data.AllocSize.address) {
            NvU64 *word = (NvU64 *)(uintptr_t)p->data.AllocSize.address;
            host_word = *word;
            *word = 0x99;
        }
        break;
    }
    case NV_ESC_RM_DUP_OBJECT:
        ((NVOS55_PARAMETERS *)argument)->status = next_status;
        break;
    case NV_ESC_RM_SHARE:
        ((NVOS57_PARAMETERS *)argument)->status = next_status;
        break;
    case NV_ESC_RM_ALLOC_CONTEXT_DMA2:
        ((NVOS39_PARAMETERS *)argument)->status = next_status;
        break;
    case NV_ESC_RM_IDLE_CHANNELS: {
        const NVOS30_PARAMETERS *p = argument;
        const NvP64 lists[] = {p->phClients, p->phDevices, p->phChannels};
        for (size_t i = 0; p->numChannels && i < G_N_ELEMENTS(lists); i++) {
            memcpy(host_lists[i], (void *)(uintptr_t)lists[i], sizeof host_lists[i]);
        }
        break;
    }
    default:
        break;
    }
}

static int answer(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    answer_status(command & 0xff, argument);
    return 0;
}

static void setup(void)
{
    fake = fake_new("570.86.15", NV_CAPS_DEFAULT | NV_CAP_GRAPHICS);
    ctl = fake_open(fake, FAKE_CTL, CTL_FD);
    gpu = fake_open(fake, FAKE_GPU, GPU_FD);
    fake_open(fake, FAKE_UVM, UVM_FD);
    fake->answer = answer;
    next_status = NV_OK;
    const GuestProcess alice = {FAKE_PROCESS, 1000};
    const GuestProcess bob = {OTHER_PROCESS, 1001};
    object_tree_add_client(fake->proxy.objects, CLIENT, ctl->id, &alice);
    object_tree_add_client(fake->proxy.objects, OTHER, ctl->id, &bob);
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    const uint32_t root = CLIENT;
    client_add(client, DEVICE, NV01_DEVICE_0, &root, 1);
    object_tree_unlock(client);
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(memory, .init = setup, .fini = teardown);

static unsigned objects(void)
{
    return object_tree_size(fake->proxy.objects).objects;
}

static uint32_t class_of(NvHandle client_handle, NvHandle object)
{
    Client *client = object_tree_lock(fake->proxy.objects, client_handle);
    uint32_t object_class = 0;

    client_class(client, object, &object_class);
    object_tree_unlock(client);
    return object_class;
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
    cr_assert_eq(memory_of_all(), 0x1800);
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
    fake->process.id = 0; /* killed meanwhile */
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
    } cases[] = {
        {NVOS32_ALLOC_FLAGS_VIRTUAL, 1U << 25, 1U << 24, NV50_MEMORY_VIRTUAL},
        {0, 1U << 25, 1U << 24, NV_MEMORY_EXTENDED_USER},
        {0, 0, 0, NV01_MEMORY_LOCAL_USER},
        {0, 1U << 25, 0, NV01_MEMORY_SYSTEM},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        NVOS32_PARAMETERS p = heap(cases[i].flags, cases[i].attr, cases[i].attr2);
        cr_assert_eq(heap_control(&p), 0);
        cr_assert_eq(class_of(CLIENT, MEMORY), cases[i].object_class, "case %zu", i);
        cr_assert_eq(memory_of_all(), cases[i].object_class == NV50_MEMORY_VIRTUAL ? 0 : 0x5000);
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

static NVOS55_PARAMETERS dup_of(NvHandle from, NvHandle source)
{
    return (NVOS55_PARAMETERS){.hClient = OTHER,
                               .hParent = OTHER,
                               .hObject = COPY,
                               .hClientSrc = from,
                               .hObjectSrc = source};
}

static NvU32 duplicate(NVOS55_PARAMETERS p)
{
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_DUP_OBJECT, &p, sizeof p), 0);
    return p.status;
}

static void share(NvHandle object, NvU16 type, NvU8 action)
{
    NVOS57_PARAMETERS p = {.hClient = CLIENT,
                           .hObject = object,
                           .sharePolicy = {.target = OTHER,
                                           .type = type,
                                           .action = action,
                                           .accessMask = {{1U << RS_ACCESS_DUP_OBJECT}}}};

    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_SHARE, &p, sizeof p), 0);
}

Test(memory, another_process_duplicates_only_what_is_shared_with_it)
{
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_ERR_INSUFFICIENT_PERMISSIONS);
    cr_assert_eq(duplicate(dup_of(CLIENT, MEMORY)), NV_ERR_OBJECT_NOT_FOUND);
    cr_assert_eq(duplicate(dup_of(0xc1d00099, DEVICE)), NV_ERR_INVALID_CLIENT);
    cr_assert_eq(fake->n_calls, 0);
    share(DEVICE, RS_SHARE_TYPE_PID, 0);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_ERR_INSUFFICIENT_PERMISSIONS);
    share(DEVICE, RS_SHARE_TYPE_OS_SECURITY_TOKEN, 0);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_ERR_INSUFFICIENT_PERMISSIONS);
    share(DEVICE, RS_SHARE_TYPE_CLIENT, 0);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_OK);
    cr_assert_eq(class_of(OTHER, COPY), NV01_DEVICE_0);
    share(DEVICE, RS_SHARE_TYPE_ALL, RS_SHARE_ACTION_FLAG_COMPOSE | RS_SHARE_ACTION_FLAG_REVOKE);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_ERR_INSUFFICIENT_PERMISSIONS);
    share(DEVICE, RS_SHARE_TYPE_ALL, 0);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_OK);
}

Test(memory, a_policy_that_the_driver_refused_counts_for_nothing)
{
    next_status = NV_ERR_INVALID_ARGUMENT;
    share(DEVICE, RS_SHARE_TYPE_ALL, 0);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_ERR_INSUFFICIENT_PERMISSIONS);
    next_status = NV_OK;
    share(CLIENT, RS_SHARE_TYPE_ALL, 0);
    cr_assert_eq(duplicate(dup_of(CLIENT, DEVICE)), NV_OK, "inherited from the client");
}

Test(memory, a_process_duplicates_within_its_own_clients)
{
    NVOS55_PARAMETERS p = dup_of(CLIENT, DEVICE);

    p.hClient = CLIENT;
    cr_assert_eq(duplicate(p), NV_OK);
    cr_assert_eq(class_of(CLIENT, COPY), NV01_DEVICE_0);
}

Test(memory, idle_channels_carries_three_lists)
{
    static const NvHandle lists[3][2] = {{CLIENT, 0xc1d00099}, {3, 4}, {5, 6}};
    NVOS30_PARAMETERS p = {.hClient = CLIENT,
                           .numChannels = 2,
                           .phClients = LIST,
                           .phDevices = LIST + 8,
                           .phChannels = LIST + 16};

    memcpy(fake_at(fake, LIST), lists, sizeof lists);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_IDLE_CHANNELS, &p, sizeof p), 0);
    cr_assert_eq(host_lists[0][0], CLIENT);
    cr_assert_eq(host_lists[0][1], 1, "a client of another instance's reached the host");
    cr_assert_arr_eq(host_lists[1], lists[1], sizeof lists[1]);
    cr_assert_arr_eq(host_lists[2], lists[2], sizeof lists[2]);
    cr_assert_arr_eq(fake_at(fake, LIST), lists, sizeof lists);
    cr_assert(p.phClients == LIST && p.phDevices == LIST + 8 && p.phChannels == LIST + 16);
    p.numChannels = 1024 * 1024 / 4 + 1;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_IDLE_CHANNELS, &p, sizeof p), EINVAL);
    cr_assert_eq(fake->n_calls, 1);
    p.numChannels = 0;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_IDLE_CHANNELS, &p, sizeof p), 0);
    NVOS30_PARAMETERS host;
    memcpy(&host, fake->last.argument, sizeof host);
    cr_assert(!host.phClients && !host.phDevices && !host.phChannels);
}
