/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz every handler, through the fake host: the input is a guest. It opens, closes, polls and calls; its memory also comes
 * from the input, shaped by the driver's tables, and changes between the rounds of a call. The host answers as a driver
 * would, or with bytes of the input.
 *
 * Beside the findings of the sanitizers: the host gets calls only on files that it opened, with an ioctl word that a
 * worker's filter allows, and with pointers to the worker's own memory of the size that the call tells; and when the guest
 * has ended nothing is left.
 *
 * FUZZ_FOCUS is the kind of most calls: ABI_FRONTEND, ABI_CONTROL, ABI_ALLOC or ABI_UVM.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "abi/class.h"
#include "abi/control/ctrl-channel.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl2080-gr.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "abi/uvm.h"
#include "cuse-server/proxy/effects/effects.h"
#include "tests/fuzz/input.h"
#include "tests/unit/support/fake-host.h"

enum {
    FILES_MAX = 10,
    CALLS_MAX = 64,
    FILES_EVER_MAX = 2 * CALLS_MAX, /* each act opens a file, or lets the host install one */
    MUTATIONS_MAX = 6,
    KEPT_MAX = 4,
    DMA_BUF_FD = HOST_FD_BASE + 999,
    PARAMS = GUEST_BASE + 0x1000, /* where the inner parameters are */
};

static const AbiKind focus_kind = FUZZ_FOCUS;
static Input input;
static QuotaPage page = {.gpu_memory = {1 << 30, 1 << 20}, .pinned_memory = 1 << 30};

/* --- the driver ------------------------------------------------------------------------------- */

/* Read the memory that the driver would read: the sanitizer knows which memory is the worker's. */
static void touch(NvP64 pointer, size_t size)
{
    const volatile uint8_t *bytes = (const volatile uint8_t *)(uintptr_t)pointer;

    for (size_t i = 0; bytes && i < size; i++) {
        (void)bytes[i];
    }
}

static void set_field(const AbiLayout *layout, void *argument, const char *name, uint64_t value)
{
    for (uint32_t i = 0; layout && i < layout->n_fields; i++) {
        const AbiField *field = &layout->fields[i];
        if (g_ascii_strcasecmp(field->name, name) == 0 && field->size <= sizeof value) {
            memcpy((char *)argument + field->offset, &value, field->size);
        } else if (field->type->n_fields > 0 && field->size == field->type->size) {
            set_field(field->type, (char *)argument + field->offset, name, value);
        }
    }
}

static void answer_control(NVOS54_PARAMETERS *control)
{
    touch(control->params, control->paramsSize);
    control->status = NV_OK;
    if (control->cmd == NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2 &&
        control->paramsSize == sizeof(NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS)) {
        NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS *info = (void *)(uintptr_t)control->params;
        info->deviceInstance = info->gpuId & 3;
    } else if (control->cmd == NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID &&
               control->paramsSize == sizeof(NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS)) {
        NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS *uuid = (void *)(uintptr_t)control->params;
        uuid->uuidStrLen = 16;
        memset(uuid->gpuUuid, (int)(uuid->gpuId & 15), 16);
    } else if (control->params && (input_byte(&input) & 3) == 0) {
        uint8_t answer[32];
        size_t wanted = input_byte(&input) & 31U;
        size_t n = MIN(control->paramsSize, wanted);
        input_take(&input, answer, n);
        memcpy((void *)(uintptr_t)control->params, answer, n);
    }
}

/* The driver uses the class's size, not paramsSize. */
static void answer_alloc(const Fake *fake, NVOS64_PARAMETERS *alloc)
{
    static uint32_t clients;
    const AbiEntry *entry = driver_abi_lookup(fake->abi, ABI_ALLOC, alloc->hClass);

    touch(alloc->pAllocParms, entry && entry->layout ? entry->layout->size : 0);
    if (alloc->hObjectNew == 0) {
        alloc->hObjectNew = 0xc1d00000U + clients++ % 6;
    }
    alloc->status = NV_OK;
}

static void answer_cards(nv_ioctl_card_info_t *cards, size_t n)
{
    for (size_t i = 0; i < n && i < 3; i++) {
        cards[i] = (nv_ioctl_card_info_t){
            .valid = 1, .gpu_id = (NvU32)(0x100 * (i + 1)), .minor_number = (NvU32)i};
    }
}

/* Answer like a driver that accepts everything. */
static void answer_well(const Fake *fake, uint32_t command, void *argument, bool is_frontend)
{
    const AbiEntry *entry = driver_abi_lookup(fake->abi, is_frontend ? ABI_FRONTEND : ABI_UVM,
                                              is_frontend ? _IOC_NR(command) : command);

    if (!argument) {
        return;
    }
    if (is_frontend && _IOC_NR(command) == NV_ESC_RM_CONTROL) {
        answer_control(argument);
    } else if (is_frontend && _IOC_NR(command) == NV_ESC_RM_ALLOC) {
        answer_alloc(fake, argument);
    } else if (is_frontend && _IOC_NR(command) == NV_ESC_CARD_INFO) {
        answer_cards(argument, _IOC_SIZE(command) / sizeof(nv_ioctl_card_info_t));
    } else if (entry) {
        if (is_frontend && entry->number == NV_ESC_EXPORT_TO_DMABUF_FD) {
            set_field(entry->layout, argument, "fd", DMA_BUF_FD);
        }
        set_field(entry->layout, argument, "status", NV_OK);
        set_field(entry->layout, argument, "rmStatus", NV_OK);
    }
}

/* The driver: it succeeds or returns an errno, and sometimes writes bytes of the input over the end of its parameters. */
static int answer(Fake *fake, uint32_t command, void *argument)
{
    bool is_frontend = _IOC_TYPE(command) == NV_IOCTL_MAGIC && _IOC_DIR(command) == 3;
    size_t size = is_frontend ? _IOC_SIZE(command) : 0;
    uint8_t choice = input_byte(&input);

    g_assert_cmpint(fake->last.fd, >, HOST_FD_BASE);
    answer_well(fake, command, argument, is_frontend);
    if (argument && size > 0 && (choice & 7) == 7) {
        uint8_t scribble[32];
        size_t n = MIN(size, choice >> 3);
        input_take(&input, scribble, n);
        /* The handler restores the pointers in it. */
        memcpy((uint8_t *)argument + size - n, scribble, n);
    }
    return choice >= 240 ? EINVAL : 0;
}

/* --- the guest -------------------------------------------------------------------------------- */

static void mutate(Fake *fake, unsigned round)
{
    uint16_t where;

    if (round <= MUTATIONS_MAX && (input_byte(&input) & 7) == 7) {
        input_take(&input, &where, sizeof where);
        *(uint8_t *)fake_at(fake, GUEST_BASE + where) ^= input_byte(&input);
    }
}

static void change_process(Fake *fake)
{
    uint8_t choice = input_byte(&input);

    fake->process = (GuestProcess){FAKE_PROCESS + (choice & 1), 1000 + (choice >> 1 & 1)};
    if ((choice & 15) == 15) {
        fake->process.id = 0;
    }
}

static const AbiEntry *choose_entry(const Fake *fake, AbiKind kind)
{
    size_t n;
    const AbiEntry *entries = driver_abi_entries(fake->abi, kind, &n);
    uint16_t choice;

    input_take(&input, &choice, sizeof choice);
    return &entries[choice % n];
}

/* Most guests make a tree: clients, devices, subdevices, memory. */
static const AbiEntry *choose_class(Fake *fake)
{
    static const uint32_t trunk[] = {NV01_ROOT_CLIENT,      NV01_ROOT_CLIENT,   NV01_DEVICE_0,
                                     NV20_SUBDEVICE_0,      NV01_MEMORY_SYSTEM, FERMI_VASPACE_A,
                                     KEPLER_CHANNEL_GROUP_A};
    uint8_t choice = input_byte(&input);
    NVOS64_PARAMETERS *alloc = fake_at(fake, GUEST_BASE);

    if (choice >= 128) {
        return choose_entry(fake, ABI_ALLOC);
    }
    if (choice & 64) {
        alloc->hObjectParent = alloc->hRoot;
    }
    return driver_abi_lookup(fake->abi, ABI_ALLOC, trunk[choice % G_N_ELEMENTS(trunk)]);
}

/* Two of the numbers lead to the tables of commands and classes. */
static const AbiEntry *choose_inner(Fake *fake, uint32_t number)
{
    AbiKind kind = number == NV_ESC_RM_CONTROL ? ABI_CONTROL : ABI_ALLOC;
    const AbiEntry *entry = kind == ABI_ALLOC ? choose_class(fake) : choose_entry(fake, kind);
    uint64_t params = PARAMS;
    uint32_t size = entry->layout ? entry->layout->size : 0;

    if (size > 0 && size <= 0x3000) {
        input_struct(&input, entry->layout, fake_at(fake, PARAMS));
    }
    memcpy(fake_at(fake, GUEST_BASE + (kind == ABI_CONTROL ? 8 : 12)), &entry->number, 4);
    if (input_byte(&input) < 250) {
        params = entry->layout ? params : 0;
        memcpy(fake_at(fake, GUEST_BASE + 16), &params, 8);
        memcpy(fake_at(fake, GUEST_BASE + (kind == ABI_CONTROL ? 24 : 32)), &size, 4);
    }
    return entry;
}

/* Choose a frontend number: most of the time the one that leads to the focus. */
static const AbiEntry *choose_frontend(const Fake *fake)
{
    uint32_t focus = focus_kind == ABI_CONTROL ? NV_ESC_RM_CONTROL : NV_ESC_RM_ALLOC;

    if (focus_kind != ABI_FRONTEND && input_byte(&input) < 200) {
        return driver_abi_lookup(fake->abi, ABI_FRONTEND, focus);
    }
    return choose_entry(fake, ABI_FRONTEND);
}

static uint32_t frontend_call(Fake *fake)
{
    const AbiEntry *entry = choose_frontend(fake);
    const AbiLayout *layout = entry->layout;
    uint32_t size = layout ? layout->size : 72U * (input_byte(&input) & 7);
    uint8_t choice = input_byte(&input);

    if (entry->short_layout && (choice & 1)) {
        layout = entry->short_layout;
        size = layout->size;
    }
    if (layout) {
        input_struct(&input, layout, fake_at(fake, GUEST_BASE));
    }
    if (entry->number == NV_ESC_RM_CONTROL || entry->number == NV_ESC_RM_ALLOC) {
        choose_inner(fake, entry->number);
    }
    if (choice >= 250) {
        size = input_byte(&input);
    } else if (effect_of(entry->handler) && effect_of(entry->handler)->argument == ARGUMENT_ARRAY &&
               choice >= 128) {
        size *= choice & 31;
    }
    return (uint32_t)_IOC(3U, NV_IOCTL_MAGIC, entry->number, size & 0x3fff);
}

static uint32_t uvm_call(Fake *fake)
{
    const AbiEntry *entry = choose_entry(fake, ABI_UVM);

    if (entry->layout && entry->layout->size <= 0x3000) {
        input_struct(&input, entry->layout, fake_at(fake, GUEST_BASE));
    }
    return entry->number;
}

static void one_call(Fake *fake, NvFile *file)
{
    uint8_t choice = input_byte(&input);
    uint64_t argument = choice == 254 ? 0 : GUEST_BASE;
    uint32_t command;

    if (choice == 255) {
        input_take(&input, &command, sizeof command);
    } else if ((file->device->kind == DEVICE_FRONTEND) == (choice < 250)) {
        command = frontend_call(fake);
    } else {
        command = uvm_call(fake);
    }
    fake_ioctl(fake, file, command, argument);
}

/* --- what most guests have -------------------------------------------------------------------- */

static void allocate(Fake *fake, NvFile *file, NvHandle client, NvHandle parent, NvHandle object,
                     uint32_t class)
{
    const AbiEntry *entry = driver_abi_lookup(fake->abi, ABI_ALLOC, class);
    NVOS64_PARAMETERS alloc = {.hRoot = client,
                               .hObjectParent = parent,
                               .hObjectNew = object,
                               .hClass = class,
                               .pAllocParms = entry && entry->layout ? PARAMS : 0};

    memcpy(fake_at(fake, GUEST_BASE), &alloc, sizeof alloc);
    fake_ioctl(fake, file, (uint32_t)_IOC(3U, NV_IOCTL_MAGIC, NV_ESC_RM_ALLOC, sizeof alloc),
               GUEST_BASE);
}

static void control(Fake *fake, NvFile *file, NvHandle client, NvHandle object, uint32_t command)
{
    const AbiEntry *entry = driver_abi_lookup(fake->abi, ABI_CONTROL, command);
    const NVOS54_PARAMETERS control = {.hClient = client,
                                       .hObject = object,
                                       .cmd = command,
                                       .params = PARAMS,
                                       .paramsSize = entry ? entry->layout->size : 0};

    memcpy(fake_at(fake, GUEST_BASE), &control, sizeof control);
    fake_ioctl(fake, file, (uint32_t)_IOC(3U, NV_IOCTL_MAGIC, NV_ESC_RM_CONTROL, sizeof control),
               GUEST_BASE);
}

/* Make a channel in the group and one without a group, and start, stop or switch them, or free something. */
static void run_channels(Fake *fake, NvFile *file, NvHandle client, NvHandle device)
{
    const uint8_t choice = input_byte(&input);
    NVA06F_CTRL_GPFIFO_SCHEDULE_PARAMS schedule = {.bEnable = choice & 1};
    NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS off = {.bDisable = choice & 1,
                                                    .numChannels = 1 + (choice >> 1 & 1),
                                                    .hClientList = {client, client},
                                                    .hChannelList = {device + 4, device + 5}};
    NVOS00_PARAMETERS gone = {
        .hRoot = client, .hObjectParent = device, .hObjectOld = device + (choice >> 2 & 7)};

    memset(fake_at(fake, PARAMS), 0, 0x1000);
    allocate(fake, file, client, device + 3, device + 4, TURING_CHANNEL_GPFIFO_A);
    allocate(fake, file, client, device, device + 5, TURING_CHANNEL_GPFIFO_A);
    memcpy(fake_at(fake, PARAMS), &schedule, sizeof schedule);
    control(fake, file, client, device + 3, NVA06C_CTRL_CMD_GPFIFO_SCHEDULE);
    memcpy(fake_at(fake, PARAMS), &schedule, sizeof schedule);
    control(fake, file, client, device + 5, NVA06F_CTRL_CMD_GPFIFO_SCHEDULE);
    if (choice & 64) {
        memcpy(fake_at(fake, PARAMS), &off, sizeof off);
        control(fake, file, client, device, NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS);
    }
    if (choice & 128) {
        memcpy(fake_at(fake, GUEST_BASE), &gone, sizeof gone);
        fake_ioctl(fake, file, (uint32_t)_IOC(3U, NV_IOCTL_MAGIC, NV_ESC_RM_FREE, sizeof gone),
                   GUEST_BASE);
    }
}

/* Make a client with a device and, below it, memory, an address space and a group of channels in that. */
static void plant(Fake *fake, NvFile *file)
{
    const NvHandle client = 0xc1d00000U + input_byte(&input) % 3;
    const NvHandle device = 0x5c000000U;
    const AbiEntry *group = driver_abi_lookup(fake->abi, ABI_ALLOC, KEPLER_CHANNEL_GROUP_A);

    memset(fake_at(fake, PARAMS), 0, 0x1000);
    allocate(fake, file, 0, 0, client, NV01_ROOT_CLIENT);
    allocate(fake, file, client, client, device, NV01_DEVICE_0);
    allocate(fake, file, client, device, device + 1, NV01_MEMORY_SYSTEM);
    allocate(fake, file, client, device, device + 2, FERMI_VASPACE_A);
    if (group) {
        set_field(group->layout, fake_at(fake, PARAMS), "hVASpace", device + 2);
    }
    allocate(fake, file, client, device, device + 3, KEPLER_CHANNEL_GROUP_A);
    run_channels(fake, file, client, device);
}

/* Map a file, and make, map, unmap and free ranges of nvidia-uvm, so near to one another that they meet. */
static void map(Fake *fake, NvFile *file)
{
    static const uint32_t calls[] = {UVM_CREATE_EXTERNAL_RANGE, UVM_MAP_EXTERNAL_ALLOCATION,
                                     UVM_UNMAP_EXTERNAL,        UVM_FREE,
                                     UVM_UNREGISTER_GPU,        UVM_ALLOC_SEMAPHORE_POOL};
    const uint8_t where = input_byte(&input);
    const uint64_t page_bytes = 4096;
    Refusal refusal;

    proxy_map(&fake->proxy, file, page_bytes * (1 + (where & 3)), page_bytes * (where >> 2 & 7),
              &refusal);
    for (unsigned i = 0; file->device->kind == DEVICE_UVM && i < 6; i++) {
        const uint8_t how = input_byte(&input);
        const AbiEntry *entry = driver_abi_lookup(fake->abi, ABI_UVM, calls[how % 6]);
        void *params = fake_at(fake, GUEST_BASE);
        if (!entry) {
            continue;
        }
        memset(params, 0, entry->layout->size);
        set_field(entry->layout, params, "base", page_bytes * (1 + (how >> 3 & 7)));
        set_field(entry->layout, params, "length", page_bytes * (1 + (where >> 5)));
        set_field(entry->layout, params, "gpuAttributesCount", 1);
        set_field(entry->layout, params, "rmCtrlFd", UINT32_MAX);
        set_field(entry->layout, params, "hClient", 0xc1d00000U + where % 3);
        set_field(entry->layout, params, "hMemory", 0x5c000001U);
        fake_ioctl(fake, file, calls[how % 6], GUEST_BASE);
    }
}

/* Duplicate an object of one client for another; it may have been shared before. */
static void share(Fake *fake, NvFile *file)
{
    const NvHandle from = 0xc1d00000U + input_byte(&input) % 3;
    const NvHandle to = 0xc1d00000U + input_byte(&input) % 3;
    const uint8_t which = input_byte(&input);
    const uint8_t how = input_byte(&input);
    NVOS57_PARAMETERS policy = {
        .hClient = from,
        .hObject = 0x5c000000U + which % 4,
        .sharePolicy = {.target = to,
                        .accessMask = {{how & 64 ? 0 : UINT32_MAX}},
                        .type = (NvU16)(how & 7),
                        .action = (NvU8)(how >> 3 & 7)},
    };
    NVOS55_PARAMETERS copy = {
        .hClient = to,
        .hParent = which & 64 ? to : 0x5c000000U,
        .hObject = 0x5c000004U + (which >> 3 & 1),
        .hClientSrc = from,
        .hObjectSrc = 0x5c000000U + which % 4,
    };

    if (how & 128) {
        memcpy(fake_at(fake, GUEST_BASE), &policy, sizeof policy);
        fake_ioctl(fake, file, (uint32_t)_IOC(3U, NV_IOCTL_MAGIC, NV_ESC_RM_SHARE, sizeof policy),
                   GUEST_BASE);
    }
    change_process(fake);
    memcpy(fake_at(fake, GUEST_BASE), &copy, sizeof copy);
    fake_ioctl(fake, file, (uint32_t)_IOC(3U, NV_IOCTL_MAGIC, NV_ESC_RM_DUP_OBJECT, sizeof copy),
               GUEST_BASE);
}

static void on_waiter(PollWaiter *waiter)
{
    g_free(waiter);
}

static void wait_for_events(Fake *fake, NvFile *file)
{
    PollWaiter *waiter = g_new0(PollWaiter, 1);
    unsigned events = input_byte(&input);

    *waiter = (PollWaiter){on_waiter, on_waiter};
    fake->events = input_byte(&input);
    proxy_poll(file, events, waiter);
    proxy_file_event(&fake->proxy, file->id, input_byte(&input));
}

/* --- files that the driver keeps --------------------------------------------------------------- */

/* The host keeps some of the files that the guest closes, few enough for the limit. */
static void close_file(Fake *fake, const NvFile *file)
{
    if (file->id % 4 == 3 && fake->n_remnants < KEPT_MAX) {
        g_hash_table_insert(fake->kept, GINT_TO_POINTER(nv_file_fd(file)), GINT_TO_POINTER(1));
    }
    proxy_release(&fake->proxy, file->id);
}

static void let_go(Fake *fake)
{
    GHashTableIter iter;

    g_hash_table_iter_init(&iter, fake->kept);
    while (g_hash_table_iter_next(&iter, NULL, NULL)) {
        g_hash_table_iter_replace(&iter, NULL);
    }
}

/* Acts that are not calls: change the caller, and what the host can do for it. */
static void change_circumstances(Fake *fake)
{
    uint8_t choice = input_byte(&input);

    change_process(fake);
    fake->no_entry = choice & 16 ? (choice & 32 ? EBUSY : EOPNOTSUPP) : 0;
    fake->proxy.share_uvm = choice & 64;
    if (choice & 128) {
        let_go(fake);
    }
}

static void note_change(gpointer data)
{
    (void)data;
}

static void note_time(uint32_t gpu, uint64_t nanoseconds, gpointer data)
{
    (void)data;
    g_assert_cmpuint(gpu, <, QUOTA_GPUS_MAX);
    g_assert_cmpuint(nanoseconds, <, UINT64_MAX / 2);
}

static const GpuTimeOps time_ops = {.changed = note_change, .time = note_time};

/* The operator pauses or resumes the instance, or changes its weight. A cap would need another thread. */
static void change_shares(Fake *fake)
{
    if (!fake->proxy.shares) {
        return;
    }
    page.gpu_share = input_byte(&input);
    page.paused = page.gpu_share % 2;
    proxy_apply_shares(&fake->proxy);
    time_shares_read(fake->proxy.shares);
}

static void act(Fake *fake, uint32_t *files)
{
    static const unsigned kinds[] = {FAKE_CTL, FAKE_GPU, FAKE_UVM, FAKE_UVM, FAKE_TOOLS, FAKE_CTL};
    uint8_t choice = input_byte(&input);
    unsigned slot = choice % FILES_MAX;
    g_autoptr(NvFile) file = nv_file_table_get(fake->proxy.files, files[slot]);

    if (!file) {
        unsigned device =
            focus_kind == ABI_UVM ? kinds[slot % 5] : kinds[slot % 6 == 2 ? 2 : slot & 1];
        /* Files that the host installs, and closed ones that the driver keeps, count against the limit as well. */
        const NvFile *opened = fake_open_if_room(fake, device, (int)slot);
        files[slot] = opened ? opened->id : 0;
    } else if (choice >= 250) {
        close_file(fake, file);
    } else if (choice >= 240) {
        wait_for_events(fake, file);
        change_shares(fake);
    } else if (choice >= 230) {
        change_circumstances(fake);
    } else if (choice >= 220 && file->device->kind == DEVICE_FRONTEND) {
        plant(fake, file);
    } else if (choice >= 210 && file->device->kind == DEVICE_FRONTEND) {
        share(fake, file);
    } else if (choice >= 195) {
        map(fake, file);
    } else {
        one_call(fake, file);
    }
}

static void check_given_back(const Budgets *budgets)
{
    g_assert_cmpuint(budget_used(&budgets->any_gpu), ==, 0);
    g_assert_cmpuint(budget_used(&budgets->pinned), ==, 0);
    for (unsigned i = 0; i < QUOTA_GPUS_MAX; i++) {
        g_assert_cmpuint(budget_used(&budgets->gpus[i]), ==, 0);
    }
}

/* End the guest: close all its files, including those that the host installed. */
static void release_all(Fake *fake)
{
    let_go(fake);
    for (uint32_t id = 1; id <= FILES_EVER_MAX; id++) {
        proxy_release(&fake->proxy, id);
    }
    g_assert_cmpuint(object_tree_size(fake->proxy.objects).clients, ==, 0);
    g_assert_cmpuint(object_tree_size(fake->proxy.objects).objects, ==, 0);
    g_assert_cmpuint(nv_file_table_size(fake->proxy.files), ==, 0);
    check_given_back(&fake->proxy.budgets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const versions[] = {"535.309.01", "550.90.12", "570.195.03", "610.57.04"};
    static const DriverAbi *abis[G_N_ELEMENTS(versions)];
    static const InstanceQuota quota = {.by_gpu = true};
    uint32_t files[FILES_MAX] = {0};

    input = (Input){data, size};
    uint8_t choice = input_byte(&input);
    const DriverAbi **abi = &abis[choice % G_N_ELEMENTS(versions)];
    if (!*abi) {
        *abi = fake_abi(versions[choice % G_N_ELEMENTS(versions)]);
    }
    Fake *fake = fake_new_on(*abi, choice & 64 ? NV_CAP_UTILITY : NV_CAPS_SUPPORTED);
    fake->answer = answer;
    fake->between_rounds = mutate;
    for (int i = 0; i < 2; i++) { /* change_process() */
        g_hash_table_insert(fake->numbers, GINT_TO_POINTER(FAKE_PROCESS + i),
                            GINT_TO_POINTER(1 + i));
    }
    if ((choice & 0x30) == 0x30) { /* makes a call many times as long */
        page.gpu_share = page.paused = 0;
        proxy_set_quota(&fake->proxy, &quota, &page);
        proxy_count_time(&fake->proxy, &time_ops, NULL);
        proxy_scope_gpus(&fake->proxy);
    }
    for (unsigned i = 0; i < CALLS_MAX && input.size > 0; i++) {
        act(fake, files);
    }
    release_all(fake);
    fake_free(fake);
    return 0;
}
