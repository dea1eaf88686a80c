/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotas, in front of a driver that counts its own live memory: what guests are charged is what this driver has allocated, whatever
 * they call, and it never has more than they may hold.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <criterion/criterion.h>

#include "abi/alloc-channel.h"
#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/control/ctrl-memory.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl2080-fb.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "tests/unit/support/fake-host.h"

enum {
    CLIENT = 0xc1d00001,
    DEVICE = 0xcaf00001,
    FIRST = 0xcaf00010, /* handles of memory: FIRST to FIRST + HANDLES - 1 */
    HANDLES = 24,
    PIECES = 4096,
    FILES = 4, /* files that objects are exported to: descriptors FILE_FD and up */
    FILE_FD = 10,
    CTL_FD = 3,
    PLACES = 4,
    PARAMS = GUEST_BASE + 0x1000,
    LIST = GUEST_BASE + 0x8000,
    ROUNDS = 20000,
};

#define PAGE      UINT64_C(0x10000)
#define HUGE_PAGE UINT64_C(0x200000)
#define LIMIT     (64 * HUGE_PAGE)

static Fake *fake;
static NvFile *ctl;
static NvFile *files[FILES];
static QuotaPage page;
static NvU32 next_status;

/* --- the driver ---------------------------------------------------------------------------------- */

/** Piece: memory, and how many objects and places of files refer to it. */
typedef struct {
    uint64_t bytes;
    unsigned refs;
} Piece;

static Piece pieces[PIECES];
static int of_handle[HANDLES];      /* index of a piece, or -1 */
static int of_place[FILES][PLACES]; /* the same */
static uint64_t live;

static int piece_new(uint64_t bytes)
{
    for (int i = 0; i < PIECES; i++) {
        if (pieces[i].refs == 0) {
            pieces[i] = (Piece){bytes, 1};
            live += bytes;
            return i;
        }
    }
    cr_assert_fail("the test's driver is full");
    return -1;
}

static int piece_ref(int piece)
{
    if (piece >= 0) {
        pieces[piece].refs++;
    }
    return piece;
}

static void piece_unref(int *piece)
{
    if (*piece >= 0 && --pieces[*piece].refs == 0) {
        live -= pieces[*piece].bytes;
    }
    *piece = -1;
}

static int *slot_of(NvHandle handle)
{
    return handle >= FIRST && handle < FIRST + HANDLES ? &of_handle[handle - FIRST] : NULL;
}

static uint64_t rounded(uint64_t size)
{
    const uint64_t unit = size < HUGE_PAGE ? PAGE : HUGE_PAGE;

    return (size + unit - 1) / unit * unit;
}

static void driver_alloc(NVOS64_PARAMETERS *p)
{
    NV_MEMORY_ALLOCATION_PARAMS *params = (void *)(uintptr_t)p->pAllocParms;
    int *slot = slot_of(p->hObjectNew);

    p->status = next_status;
    if (next_status != NV_OK || p->hClass != NV01_MEMORY_LOCAL_USER) {
        return;
    }
    if (*slot >= 0) {
        p->status = NV_ERR_INSERT_DUPLICATE_NAME;
        return;
    }
    params->size = rounded(params->size);
    *slot = piece_new(params->size);
}

static void driver_dup(NVOS55_PARAMETERS *p)
{
    int *to = slot_of(p->hObject);
    const int *from = slot_of(p->hObjectSrc);

    p->status = !from || *from < 0 ? NV_ERR_OBJECT_NOT_FOUND
                : *to >= 0         ? NV_ERR_INSERT_DUPLICATE_NAME
                                   : NV_OK;
    if (p->status == NV_OK) {
        *to = piece_ref(*from);
    }
}

static void driver_free(NVOS00_PARAMETERS *p)
{
    int *slot = slot_of(p->hObjectOld);

    p->status = slot && *slot >= 0 ? NV_OK : NV_ERR_OBJECT_NOT_FOUND;
    if (p->status == NV_OK) {
        piece_unref(slot);
    }
}

static int file_of(int fd)
{
    for (int i = 0; i < FILES; i++) {
        if (files[i]->fd == fd) {
            return i;
        }
    }
    cr_assert_fail("descriptor %d is not a host's file", fd);
    return -1;
}

static NvU32 driver_export(NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS *p)
{
    int *places = of_place[file_of(p->fd)];

    for (unsigned i = 0; i < p->numObjects; i++) {
        const int *slot = slot_of(p->objects[i]);
        if (p->objects[i] && (!slot || *slot < 0)) {
            return NV_ERR_OBJECT_NOT_FOUND;
        }
    }
    for (unsigned i = 0; i < p->numObjects; i++) {
        const int piece = p->objects[i] ? piece_ref(*slot_of(p->objects[i])) : -1;
        piece_unref(&places[p->index + i]);
        places[p->index + i] = piece;
    }
    return NV_OK;
}

static NvU32 driver_import(NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_FROM_FD_PARAMS *p)
{
    const int *places = of_place[file_of(p->fd)];
    int *slot = slot_of(p->objects[0]);

    if (!slot || *slot >= 0) {
        return NV_ERR_INSERT_DUPLICATE_NAME;
    }
    p->objectTypes[0] = places[p->index] >= 0;
    *slot = piece_ref(places[p->index]);
    return NV_OK;
}

static void driver_control(NVOS54_PARAMETERS *p)
{
    void *params = (void *)(uintptr_t)p->params;

    switch (p->cmd) {
    case NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECTS_TO_FD:
        p->status = driver_export(params);
        break;
    case NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECTS_FROM_FD:
        p->status = driver_import(params);
        break;
    default:
        p->status = NV_OK;
    }
}

static int answer(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    switch (command & 0xff) {
    case NV_ESC_RM_ALLOC:
        driver_alloc(argument);
        break;
    case NV_ESC_RM_DUP_OBJECT:
        driver_dup(argument);
        break;
    case NV_ESC_RM_FREE:
        driver_free(argument);
        break;
    case NV_ESC_RM_CONTROL:
        driver_control(argument);
        break;
    case NV_ESC_RM_ALLOC_MEMORY:
        ((NVOS02_PARAMETERS *)argument)->status = next_status;
        break;
    case NV_ESC_RM_MAP_MEMORY:
        ((nv_ioctl_nvos33_parameters_with_fd *)argument)->params.status = NV_OK;
        break;
    default:
        break;
    }
    return 0;
}

/* --- the guest ----------------------------------------------------------------------------------- */

static void set_up(void)
{
    const InstanceQuota quota = {.by_gpu = true};
    const GuestProcess process = {FAKE_PROCESS, 1000};
    const uint32_t root = CLIENT;

    fake = fake_new("570.86.15", NV_CAPS_DEFAULT | NV_CAP_GRAPHICS);
    page = (QuotaPage){.gpu_memory = {LIMIT}, .pinned_memory = 0x10000};
    proxy_set_quota(&fake->proxy, &quota, &page);
    ctl = fake_open(fake, FAKE_CTL, CTL_FD);
    memset(of_handle, -1, sizeof of_handle);
    memset(of_place, -1, sizeof of_place);
    for (int i = 0; i < FILES; i++) {
        files[i] = fake_open(fake, FAKE_CTL, FILE_FD + i);
    }
    fake->answer = answer;
    next_status = NV_OK;
    object_tree_add_client(fake->proxy.objects, CLIENT, ctl->id, &process);
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    client_add(client, DEVICE, NV01_DEVICE_0, &root, 1);
    client_set_gpu(client, DEVICE, 5, 0);
    object_tree_unlock(client);
}

static void tear_down(void)
{
    fake_free(fake);
}

TestSuite(quota, .init = set_up, .fini = tear_down);

static uint64_t used(void)
{
    return budget_used(&fake->proxy.budgets.gpus[0]);
}

static NvU32 alloc_with(NvHandle handle, NvV32 class, const NV_MEMORY_ALLOCATION_PARAMS *params)
{
    NVOS64_PARAMETERS p = {.hRoot = CLIENT,
                           .hObjectParent = DEVICE,
                           .hObjectNew = handle,
                           .hClass = class,
                           .pAllocParms = PARAMS};

    *(NV_MEMORY_ALLOCATION_PARAMS *)fake_at(fake, PARAMS) = *params;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &p, sizeof p), 0);
    return p.status;
}

static NvU32 alloc(NvHandle handle, uint64_t size)
{
    const NV_MEMORY_ALLOCATION_PARAMS params = {.size = size};

    return alloc_with(handle, NV01_MEMORY_LOCAL_USER, &params);
}

static NvU32 duplicate(NvHandle from, NvHandle to)
{
    NVOS55_PARAMETERS p = {.hClient = CLIENT,
                           .hParent = DEVICE,
                           .hObject = to,
                           .hClientSrc = CLIENT,
                           .hObjectSrc = from};

    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_DUP_OBJECT, &p, sizeof p), 0);
    return p.status;
}

static NvU32 release(NvHandle handle)
{
    NVOS00_PARAMETERS p = {.hRoot = CLIENT, .hObjectParent = DEVICE, .hObjectOld = handle};

    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_FREE, &p, sizeof p), 0);
    return p.status;
}

static NvU32 control(NvHandle object, NvV32 command, const void *params, NvU32 size)
{
    NVOS54_PARAMETERS p = {
        .hClient = CLIENT, .hObject = object, .cmd = command, .params = PARAMS, .paramsSize = size};

    memcpy(fake_at(fake, PARAMS), params, size);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_CONTROL, &p, sizeof p), 0);
    return p.status;
}

static NvU32 export(int file, NvU16 place, NvHandle handle)
{
    const NV0000_CTRL_OS_UNIX_EXPORT_OBJECTS_TO_FD_PARAMS p = {.fd = FILE_FD + file,
                                                               .hDevice = DEVICE,
                                                               .maxObjects = PLACES,
                                                               .objects = {handle},
                                                               .numObjects = 1,
                                                               .index = place};

    return control(CLIENT, NV0000_CTRL_CMD_OS_UNIX_EXPORT_OBJECTS_TO_FD, &p, sizeof p);
}

static NvU32 import(int file, NvU16 place, NvHandle handle)
{
    const NV0000_CTRL_OS_UNIX_IMPORT_OBJECTS_FROM_FD_PARAMS p = {.fd = FILE_FD + file,
                                                                 .hParent = DEVICE,
                                                                 .objects = {handle},
                                                                 .numObjects = 1,
                                                                 .index = place};

    return control(CLIENT, NV0000_CTRL_CMD_OS_UNIX_IMPORT_OBJECTS_FROM_FD, &p, sizeof p);
}

/* Close an exported file, and open another one in its place. The driver drops what was exported to it. */
static void reopen(int file)
{
    for (int i = 0; i < PLACES; i++) {
        piece_unref(&of_place[file][i]);
    }
    const uint32_t id = files[file]->id;
    proxy_release(&fake->proxy, id);
    files[file] = fake_open(fake, FAKE_CTL, FILE_FD + file);
}

/* --- tests --------------------------------------------------------------------------------------- */

Test(quota, memory_over_the_limit_is_refused)
{
    cr_assert_eq(alloc(FIRST, LIMIT), NV_OK);
    fake->n_calls = 0;
    cr_assert_eq(alloc(FIRST + 1, 1), NV_ERR_NO_MEMORY);
    cr_assert_eq(fake->n_calls, 0, "the driver was asked");
    cr_assert_eq(fake->request.event.refusal, REFUSAL_QUOTA);
    cr_assert_eq(release(FIRST), NV_OK);
    cr_assert_eq(alloc(FIRST + 1, 1), NV_OK);
    cr_assert_eq(used(), PAGE);
}

Test(quota, a_size_that_the_driver_rounds_up_counts_as_rounded)
{
    cr_assert_eq(alloc(FIRST, HUGE_PAGE + 1), NV_OK);
    cr_assert_eq(used(), 2 * HUGE_PAGE);
}

Test(quota, a_failed_allocation_counts_for_nothing)
{
    next_status = NV_ERR_NO_MEMORY;
    cr_assert_eq(alloc(FIRST, PAGE), NV_ERR_NO_MEMORY);
    cr_assert_eq(used(), 0);
    cr_assert_eq(alloc(FIRST, UINT64_MAX), NV_ERR_NO_MEMORY);
    cr_assert_eq(fake->request.event.refusal, REFUSAL_QUOTA);
}

/* Natively, 64 KiB at a fixed address with an alignment of a gigabyte take a gigabyte. */
Test(quota, a_fixed_address_counts_with_its_alignment)
{
    NV_MEMORY_ALLOCATION_PARAMS params = {
        .size = PAGE, .flags = NVOS32_ALLOC_FLAGS_FIXED_ADDRESS_ALLOCATE, .alignment = LIMIT};

    cr_assert_eq(alloc_with(FIRST, NV01_MEMORY_LOCAL_USER, &params), NV_ERR_NO_MEMORY);
    params.alignment = HUGE_PAGE;
    cr_assert_eq(alloc_with(FIRST, NV01_MEMORY_LOCAL_USER, &params), NV_OK);
    cr_assert_eq(used(), 2 * HUGE_PAGE);
}

static NvU32 alloc_plain(NvHandle parent, NvHandle handle, NvV32 class, const void *params,
                         size_t n)
{
    NVOS64_PARAMETERS p = {.hRoot = CLIENT,
                           .hObjectParent = parent,
                           .hObjectNew = handle,
                           .hClass = class,
                           .pAllocParms = PARAMS};

    memcpy(fake_at(fake, PARAMS), params, n);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &p, sizeof p), 0);
    return p.status;
}

/* The driver takes memory for a channel group without telling. */
Test(quota, channel_groups_and_channels_count)
{
    const NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS copy = {.engineType = 9};
    const NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS compute = {.engineType = 1};
    const NV_CHANNEL_ALLOC_PARAMS channel = {.gpFifoEntries = 1024};
    const NvV32 group = KEPLER_CHANNEL_GROUP_A;

    cr_assert_eq(alloc_plain(DEVICE, FIRST, group, &copy, sizeof copy), NV_OK);
    cr_assert_eq(used(), PAGE);
    cr_assert_eq(alloc_plain(DEVICE, FIRST + 1, group, &compute, sizeof compute), NV_OK);
    const uint64_t of_group = used() - PAGE;
    cr_assert_gt(of_group, HUGE_PAGE);
    cr_assert_eq(
        alloc_plain(FIRST + 1, FIRST + 2, HOPPER_CHANNEL_GPFIFO_A, &channel, sizeof channel),
        NV_OK);
    cr_assert_eq(used(), of_group + 2 * PAGE);
    cr_assert_eq(alloc_plain(DEVICE, FIRST + 3, HOPPER_CHANNEL_GPFIFO_A, &channel, sizeof channel),
                 NV_OK);
    cr_assert_eq(used(), 2 * of_group + 3 * PAGE, "it gets a group of its own");
    atomic_store(&page.gpu_memory[0], used() + of_group - 1);
    cr_assert_eq(alloc_plain(DEVICE, FIRST + 4, group, &compute, sizeof compute), NV_ERR_NO_MEMORY);
}

Test(quota, memory_below_an_unknown_device_is_refused)
{
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    client_set_gpu(client, DEVICE, 5, NO_GPU);
    object_tree_unlock(client);
    cr_assert_eq(alloc(FIRST, PAGE), NV_ERR_INVALID_OBJECT_PARENT);
    cr_assert_eq(fake->request.event.refusal, REFUSAL_QUOTA);
}

Test(quota, the_hosts_memory_has_a_budget_of_its_own)
{
    const NV_MEMORY_ALLOCATION_PARAMS scattered = {.size = 0x5000};
    const NV_MEMORY_ALLOCATION_PARAMS contiguous = {.size = 0x5000, .attr = 2U << 27};

    cr_assert_eq(alloc_with(FIRST, NV01_MEMORY_SYSTEM, &scattered), NV_OK);
    cr_assert_eq(budget_used(&fake->proxy.budgets.pinned), 0x5000);
    cr_assert_eq(alloc_with(FIRST + 1, NV01_MEMORY_SYSTEM, &contiguous), NV_OK);
    cr_assert_eq(budget_used(&fake->proxy.budgets.pinned), 0xd000, "a block of 2^n pages");
    cr_assert_eq(alloc_with(FIRST + 2, NV01_MEMORY_SYSTEM, &scattered), NV_ERR_NO_MEMORY);
    cr_assert_eq(used(), 0);
}

/* A program can map the host's memory and free its object. The pages stay until the program unmaps them. */
Test(quota, a_mapping_holds_memory_of_the_host)
{
    const NV_MEMORY_ALLOCATION_PARAMS params = {.size = 0x5000};
    nv_ioctl_nvos33_parameters_with_fd map = {
        .params = {.hClient = CLIENT, .hDevice = DEVICE, .hMemory = FIRST, .length = 0x5000},
        .fd = FILE_FD,
    };

    cr_assert_eq(alloc_with(FIRST, NV01_MEMORY_SYSTEM, &params), NV_OK);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_MAP_MEMORY, &map, sizeof map), 0);
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    client_free(client, FIRST);
    object_tree_unlock(client);
    cr_assert_eq(budget_used(&fake->proxy.budgets.pinned), 0x5000);
    g_hash_table_insert(fake->kept, GINT_TO_POINTER(files[0]->fd), GINT_TO_POINTER(1));
    const int fd = files[0]->fd;
    const uint32_t id = files[0]->id;
    proxy_release(&fake->proxy, id);
    cr_assert_eq(budget_used(&fake->proxy.budgets.pinned), 0x5000, "it is still mapped");
    g_hash_table_insert(fake->kept, GINT_TO_POINTER(fd), NULL);
    nv_file_table_settle_all(fake->proxy.files);
    cr_assert_eq(budget_used(&fake->proxy.budgets.pinned), 0);
    files[0] = fake_open(fake, FAKE_CTL, FILE_FD);
}

Test(quota, duplicates_and_files_hold_memory)
{
    cr_assert_eq(alloc(FIRST, PAGE), NV_OK);
    cr_assert_eq(duplicate(FIRST, FIRST + 1), NV_OK);
    cr_assert_eq(export(0, 2, FIRST), NV_OK);
    cr_assert_eq(used(), PAGE);
    release(FIRST);
    release(FIRST + 1);
    cr_assert_eq(used(), PAGE, "the file holds it");
    cr_assert_eq(import(0, 2, FIRST + 2), NV_OK);
    reopen(0);
    cr_assert_eq(used(), PAGE, "the imported object holds it");
    release(FIRST + 2);
    cr_assert_eq(used(), 0);
}

Test(quota, what_an_export_replaces_is_given_back)
{
    cr_assert_eq(alloc(FIRST, PAGE), NV_OK);
    cr_assert_eq(alloc(FIRST + 1, 2 * PAGE), NV_OK);
    cr_assert_eq(export(0, 0, FIRST), NV_OK);
    release(FIRST);
    cr_assert_eq(used(), 3 * PAGE);
    cr_assert_eq(export(0, 0, FIRST + 1), NV_OK);
    cr_assert_eq(used(), 2 * PAGE);
    release(FIRST + 1);
    cr_assert_eq(export(0, 0, 0), NV_OK);
    cr_assert_eq(used(), 0, "a place was emptied");
}

Test(quota, fabric_memory_holds_what_it_is_made_of)
{
    NV00F8_ALLOCATION_PARAMETERS fabric = {.map = {.hVidMem = FIRST}};
    NVOS64_PARAMETERS p = {.hRoot = CLIENT,
                           .hObjectParent = DEVICE,
                           .hObjectNew = DEVICE + 1,
                           .hClass = NV_MEMORY_FABRIC,
                           .pAllocParms = PARAMS};

    cr_assert_eq(alloc(FIRST, PAGE), NV_OK);
    memcpy(fake_at(fake, PARAMS), &fabric, sizeof fabric);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &p, sizeof p), 0);
    cr_assert_eq(p.status, NV_OK);
    release(FIRST);
    cr_assert_eq(used(), PAGE);
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    client_free(client, DEVICE + 1);
    object_tree_unlock(client);
    cr_assert_eq(used(), 0);
}

/* Any sequence of calls: ours is the driver's own sum after each. */
Test(quota, the_sum_is_the_drivers)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed(18);
    uint64_t most = 0;

    for (int i = 0; i < ROUNDS; i++) {
        const NvHandle one = FIRST + (NvHandle)g_rand_int_range(rand, 0, HANDLES);
        const NvHandle other = FIRST + (NvHandle)g_rand_int_range(rand, 0, HANDLES);
        const int file = g_rand_int_range(rand, 0, FILES);
        const NvU16 place = (NvU16)g_rand_int_range(rand, 0, PLACES);
        switch (g_rand_int_range(rand, 0, 8)) {
        case 0:
        case 1:
            next_status = g_rand_int_range(rand, 0, 8) ? NV_OK : NV_ERR_NO_MEMORY;
            alloc(one, 1 + g_rand_int(rand) % (LIMIT / 4));
            break;
        case 2:
            duplicate(one, other);
            break;
        case 3:
            export(file, place, g_rand_boolean(rand) ? one : 0);
            break;
        case 4:
            import(file, place, one);
            break;
        case 5:
        case 6:
            release(one);
            break;
        case 7:
            if (g_rand_int_range(rand, 0, 4) == 0) {
                reopen(file);
            }
            break;
        }
        if (used() == live) { /* Criterion keeps a record of each assertion */
            most = MAX(most, live);
            continue;
        }
        cr_assert_fail("round %d: charged %" PRIu64 ", live %" PRIu64, i, used(), live);
    }
    cr_assert_lt(most, LIMIT + HUGE_PAGE);
    cr_assert_gt(most, LIMIT / 2, "the test allocates too little");
}

/* --- what the guest sees ------------------------------------------------------------------------- */

enum { R = 0x8000000, RESERVED = 0x80000 }; /* KiB */

static int sizes(Fake *f, uint32_t command, void *argument)
{
    NVOS54_PARAMETERS *p = argument;
    const bool is_list = p->cmd == NV2080_CTRL_CMD_FB_GET_INFO;
    NV2080_CTRL_FB_GET_INFO_V2_PARAMS *params = (void *)(uintptr_t)p->params;
    NV2080_CTRL_FB_INFO *list = params->fbInfoList;

    (void)f;
    (void)command;
    if (is_list) {
        list = (void *)(uintptr_t)((NV2080_CTRL_FB_GET_INFO_PARAMS *)params)->fbInfoList;
    }
    for (NvU32 i = 0; i < params->fbInfoListSize; i++) {
        const bool is_all = list[i].index == NV2080_CTRL_FB_INFO_INDEX_TOTAL_RAM_SIZE;
        list[i].data = is_all ? R : R - RESERVED;
    }
    p->status = NV_OK;
    return 0;
}

static const NV2080_CTRL_FB_INFO asked[] = {
    {NV2080_CTRL_FB_INFO_INDEX_TOTAL_RAM_SIZE, 0},
    {NV2080_CTRL_FB_INFO_INDEX_HEAP_SIZE, 0},
    {NV2080_CTRL_FB_INFO_INDEX_HEAP_FREE, 0},
    {NV2080_CTRL_FB_INFO_INDEX_LARGEST_FREE_REGION_SIZE_KB, 0},
    {0x1b, 0},
};

static void check_sizes(const NV2080_CTRL_FB_INFO *list)
{
    const NvU32 limit = LIMIT / 1024;

    cr_expect_eq(list[0].data, limit);
    cr_expect_eq(list[1].data, limit);
    cr_expect_eq(list[2].data, limit - 2 * PAGE / 1024);
    cr_expect_eq(list[3].data, limit - 2 * PAGE / 1024);
    cr_expect_eq(list[4].data, R - RESERVED, "this is no size of memory");
}

Test(quota, a_guest_sees_its_share)
{
    NV2080_CTRL_FB_GET_INFO_V2_PARAMS_V560 v2 = {.fbInfoListSize = G_N_ELEMENTS(asked)};
    NV2080_CTRL_FB_GET_INFO_PARAMS v1 = {.fbInfoListSize = G_N_ELEMENTS(asked), .fbInfoList = LIST};
    const NvU32 v2_size =
        driver_abi_lookup(fake->abi, ABI_CONTROL, NV2080_CTRL_CMD_FB_GET_INFO_V2)->layout->size;

    cr_assert_eq(alloc(FIRST, 2 * PAGE), NV_OK);
    fake->answer = sizes;
    memcpy(v2.fbInfoList, asked, sizeof asked);
    control(DEVICE, NV2080_CTRL_CMD_FB_GET_INFO_V2, &v2, v2_size);
    check_sizes(((NV2080_CTRL_FB_GET_INFO_V2_PARAMS *)fake_at(fake, PARAMS))->fbInfoList);
    memcpy(fake_at(fake, LIST), asked, sizeof asked);
    control(DEVICE, NV2080_CTRL_CMD_FB_GET_INFO, &v1, sizeof v1);
    check_sizes(fake_at(fake, LIST));
    atomic_store(&page.gpu_memory[0], QUOTA_UNLIMITED);
    control(DEVICE, NV2080_CTRL_CMD_FB_GET_INFO_V2, &v2, v2_size);
    cr_expect_eq(((NV2080_CTRL_FB_GET_INFO_V2_PARAMS *)fake_at(fake, PARAMS))->fbInfoList[0].data,
                 R);
}

/* For class 0x40, this call allocates nothing, and tells how much memory there is. */
Test(quota, an_old_allocation_shows_the_share)
{
    nv_ioctl_nvos02_parameters_with_fd p = {.params = {.hRoot = CLIENT,
                                                       .hObjectParent = DEVICE,
                                                       .hObjectNew = FIRST,
                                                       .hClass = NV01_MEMORY_LOCAL_USER,
                                                       .limit = UINT64_C(1) << 40},
                                            .fd = -1};

    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC_MEMORY, &p, sizeof p), 0);
    cr_expect_eq(p.params.limit, LIMIT - 1);
    cr_expect_eq(used(), 0);
}

Test(quota, a_list_that_is_longer_than_its_room_is_not_overrun)
{
    const AbiEntry *entry =
        driver_abi_lookup(fake->abi, ABI_CONTROL, NV2080_CTRL_CMD_FB_GET_INFO_V2);
    NV2080_CTRL_FB_GET_INFO_V2_PARAMS_V560 v2 = {.fbInfoListSize = UINT32_MAX};

    cr_expect_eq(control(DEVICE, NV2080_CTRL_CMD_FB_GET_INFO_V2, &v2, entry->layout->size), NV_OK);
}

/* --- the driver's own accounting ------------------------------------------------------------------ */

static NvS32 host_cgroup;

static int limits_of(Fake *f, uint32_t command, void *argument)
{
    NVOS54_PARAMETERS *p = argument;
    const NV0000_CTRL_OS_UNIX_MEMACCT_GET_LIMITS_PARAMS *params = (void *)(uintptr_t)p->params;

    (void)f;
    (void)command;
    host_cgroup = params->cgroupFd;
    p->status = NV_OK;
    return 0;
}

Test(quota, no_guest_names_a_cgroup_of_the_host)
{
    const NV0000_CTRL_OS_UNIX_MEMACCT_GET_LIMITS_PARAMS p = {.cgroupFd = 7};

    fake_free(fake);
    fake = fake_new("610.57.04", NV_CAPS_DEFAULT);
    ctl = fake_open(fake, FAKE_CTL, CTL_FD);
    fake->answer = limits_of;
    cr_assert_eq(control(CLIENT, NV0000_CTRL_OS_UNIX_CMD_MEMACCT_GET_LIMITS, &p, sizeof p), NV_OK);
    cr_expect_eq(host_cgroup, -1);
    cr_expect_eq(((NV0000_CTRL_OS_UNIX_MEMACCT_GET_LIMITS_PARAMS *)fake_at(fake, PARAMS))->cgroupFd,
                 7, "the guest gets its own value back");
}

/* --- ways to hold more than is charged ------------------------------------------------------------ */

/* A driver that says yes to everything, and control commands the next status. */
static int accept(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    switch (command & 0xff) {
    case NV_ESC_RM_ALLOC:
        ((NVOS64_PARAMETERS *)argument)->status = NV_OK;
        break;
    case NV_ESC_RM_DUP_OBJECT:
        ((NVOS55_PARAMETERS *)argument)->status = NV_OK;
        break;
    case NV_ESC_RM_FREE:
        ((NVOS00_PARAMETERS *)argument)->status = NV_OK;
        break;
    case NV_ESC_RM_CONTROL:
        ((NVOS54_PARAMETERS *)argument)->status = next_status;
        break;
    default:
        break;
    }
    return 0;
}

/* 535 and 595 do not know the flag for EGM, and allocate GPU memory. */
Test(quota, an_unknown_flag_does_not_move_memory_to_another_budget)
{
    NVOS32_PARAMETERS p = {
        .hRoot = CLIENT, .hObjectParent = DEVICE, .function = NVOS32_FUNCTION_ALLOC_SIZE};

    p.data.AllocSize.hMemory = FIRST;
    p.data.AllocSize.size = 2 * LIMIT;
    p.data.AllocSize.attr2 = NVOS32_ATTR2_USE_EGM_TRUE << NVOS32_ATTR2_USE_EGM_SHIFT;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_VID_HEAP_CONTROL, &p, sizeof p), 0);
    cr_expect_eq(p.status, NV_ERR_NO_MEMORY);
}

/* The driver does not tie the duplicate to the source's address space. */
Test(quota, a_duplicated_group_outlives_the_address_space)
{
    const GuestProcess process = {FAKE_PROCESS, 1000};
    const uint32_t other = CLIENT + 1;
    const NV_VASPACE_ALLOCATION_PARAMETERS space = {.index = 0};
    const NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS group = {.engineType = 1, .hVASpace = FIRST};
    NVOS55_PARAMETERS p = {.hClient = other,
                           .hParent = DEVICE,
                           .hObject = FIRST + 2,
                           .hClientSrc = CLIENT,
                           .hObjectSrc = FIRST + 1};

    object_tree_add_client(fake->proxy.objects, other, ctl->id, &process);
    Client *client = object_tree_lock(fake->proxy.objects, other);
    client_add(client, DEVICE, NV01_DEVICE_0, &other, 1);
    client_set_gpu(client, DEVICE, 5, 0);
    object_tree_unlock(client);
    fake->answer = accept;
    cr_assert_eq(alloc_plain(DEVICE, FIRST, FERMI_VASPACE_A, &space, sizeof space), NV_OK);
    cr_assert_eq(alloc_plain(DEVICE, FIRST + 1, KEPLER_CHANNEL_GROUP_A, &group, sizeof group),
                 NV_OK);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_DUP_OBJECT, &p, sizeof p), 0);
    const uint64_t before = used();
    cr_assert_gt(before, HUGE_PAGE);
    cr_assert_eq(release(FIRST), NV_OK);
    cr_expect_eq(used(), before);
}

Test(quota, pages_of_512_mib_count_before_the_driver_is_asked)
{
    const NV_MEMORY_ALLOCATION_PARAMS params = {.size = 1, .attr = 3U << 23, .attr2 = 2U << 20};

    cr_expect_eq(alloc_with(FIRST, NV01_MEMORY_LOCAL_USER, &params), NV_ERR_NO_MEMORY);
    cr_expect_eq(fake->n_calls, 0);
}

Test(quota, addresses_count_with_their_page_tables)
{
    NV_MEMORY_ALLOCATION_PARAMS params = {.size = UINT64_C(1) << 40,
                                          .flags = NVOS32_ALLOC_FLAGS_VIRTUAL};

    fake->answer = accept;
    cr_expect_eq(alloc_with(FIRST, NV50_MEMORY_VIRTUAL, &params), NV_ERR_NO_MEMORY, "2 GiB");
    params.size >>= 12;
    cr_expect_eq(alloc_with(FIRST, NV50_MEMORY_VIRTUAL, &params), NV_OK);
    cr_expect_eq(used(), params.size / 512 + PAGE);
    params.flags |= NVOS32_ALLOC_FLAGS_LAZY;
    params.size = UINT64_C(1) << 40;
    cr_expect_eq(alloc_with(FIRST + 1, NV50_MEMORY_VIRTUAL, &params), NV_OK, "as libcuda does");
}

/* The driver prepares no second mapping of a file, but the memory stays. */
static int make_with_errno(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    (void)command;
    ((NVOS02_PARAMETERS *)argument)->status = NV_OK;
    return EINVAL;
}

Test(quota, memory_that_was_made_in_spite_of_an_errno_counts)
{
    nv_ioctl_nvos02_parameters_with_fd p = {.params = {.hRoot = CLIENT,
                                                       .hObjectParent = DEVICE,
                                                       .hObjectNew = FIRST,
                                                       .hClass = NV01_MEMORY_SYSTEM,
                                                       .limit = 0xffff},
                                            .fd = FILE_FD};

    fake->answer = make_with_errno;
    cr_expect_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC_MEMORY, &p, sizeof p), EINVAL);
    cr_expect_eq(budget_used(&fake->proxy.budgets.pinned), 0x10000);
    fake->answer = accept;
    cr_expect_eq(release(FIRST), NV_OK);
    cr_expect_eq(budget_used(&fake->proxy.budgets.pinned), 0, "it is an object like any other");
}

/* --- programs that do nothing wrong --------------------------------------------------------------- */

Test(quota, memory_that_is_mapped_no_more_can_be_had_again)
{
    const NV_MEMORY_ALLOCATION_PARAMS params = {.size = 0x10000};
    nv_ioctl_nvos33_parameters_with_fd map = {
        .params = {.hClient = CLIENT, .hDevice = DEVICE, .hMemory = FIRST, .length = 0x10000},
        .fd = FILE_FD,
    };

    cr_assert_eq(alloc_with(FIRST, NV01_MEMORY_SYSTEM, &params), NV_OK);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_MAP_MEMORY, &map, sizeof map), 0);
    const int fd = files[0]->fd;
    g_hash_table_insert(fake->kept, GINT_TO_POINTER(fd), GINT_TO_POINTER(1));
    proxy_release(&fake->proxy, files[0]->id);
    fake->answer = accept;
    cr_assert_eq(release(FIRST), NV_OK);
    cr_expect_eq(alloc_with(FIRST, NV01_MEMORY_SYSTEM, &params), NV_ERR_NO_MEMORY, "mapped");
    g_hash_table_insert(fake->kept, GINT_TO_POINTER(fd), NULL);
    cr_expect_eq(alloc_with(FIRST, NV01_MEMORY_SYSTEM, &params), NV_OK);
    files[0] = fake_open(fake, FAKE_CTL, FILE_FD);
}

static NvU32 other_status;

static int ask_meanwhile(Fake *f, uint32_t command, void *argument)
{
    Charge *charge = charge_new(&f->proxy.budgets.gpus[0], PAGE);

    (void)command;
    other_status = charge ? NV_OK : NV_ERR_NO_MEMORY;
    charge_unref(charge);
    ((NVOS64_PARAMETERS *)argument)->status = NV_ERR_NO_MEMORY;
    return 0;
}

Test(quota, an_absurd_size_is_in_nobodys_way)
{
    atomic_store(&page.gpu_memory[0], QUOTA_UNLIMITED);
    fake->answer = ask_meanwhile;
    alloc(FIRST, UINT64_MAX);
    cr_expect_eq(fake->n_calls, 0);
    alloc(FIRST, UINT64_C(1) << 60);
    cr_expect_eq(other_status, NV_OK);
    cr_expect_eq(atomic_load(&fake->proxy.budgets.gpus[0].peak), 0, "it was never allocated");
}

/* Up to 565, fabric memory holds what is attached to it. */
Test(quota, what_was_not_attached_is_not_held)
{
    g_autoptr(DriverAbi) abi = fake_abi("535.104.05");
    NV00F8_CTRL_ATTACH_MEM_PARAMS attach = {.numMemInfos = 0,
                                            .memInfos = {[63] = {.hMemory = FIRST}}};
    const NV00F8_ALLOCATION_PARAMETERS fabric = {.allocSize = PAGE};

    fake->answer = accept;
    cr_assert_eq(alloc_plain(DEVICE, DEVICE + 1, NV_MEMORY_FABRIC, &fabric, sizeof fabric), NV_OK);
    cr_assert_eq(alloc(FIRST, PAGE), NV_OK);
    fake->proxy.abi = abi;
    control(DEVICE + 1, NV00F8_CTRL_CMD_ATTACH_MEM, &attach, sizeof attach);
    release(FIRST);
    cr_expect_eq(used(), 0);
    fake->proxy.abi = fake->abi;
    cr_assert_eq(alloc(FIRST, PAGE), NV_OK);
    fake->proxy.abi = abi;
    attach = (NV00F8_CTRL_ATTACH_MEM_PARAMS){.numMemInfos = 1, .memInfos = {{.hMemory = FIRST}}};
    control(DEVICE + 1, NV00F8_CTRL_CMD_ATTACH_MEM, &attach, sizeof attach);
    release(FIRST);
    cr_expect_eq(used(), PAGE);
    release(DEVICE + 1);
    cr_expect_eq(used(), 0);
    fake->proxy.abi = fake->abi;
}
