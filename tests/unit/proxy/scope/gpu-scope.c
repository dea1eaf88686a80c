/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GPU scoping against a driver with three GPUs, of which the instance has one: every rule of the
 * table at drivers of each series, generated from the table; the calls with arrays; what is asked of
 * the driver and when.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl2080-bus.h"
#include "abi/nv-ioctl.h"
#include "abi/status.h"
#include "abi/uvm.h"
#include "tests/unit/support/fake-host.h"
#include "version-tree/show/abi-layouts.h"

enum {
    PARAMS = GUEST_BASE + 0x1000,
    OURS = 1, /* index of the GPU that the instance has: minor 0 */
    GPUS = 3,
    FREE_INSTANCE = 31,
    PREFILL = 0x33,
};

/* Not in the order of minors, nor of instances. Ids that are found by searching for their bytes. */
static const NvU32 ids[GPUS] = {0x5a5a0300, 0x5b5b0100, 0x5c5c0200};
static const NvU32 minors[GPUS] = {2, 0, 1};
static const NvU32 instances[GPUS] = {0, 5, 1};
static const NvU8 uuids[GPUS] = {0xa1, 0xb2, 0xc3}; /* each byte of it */

static Fake *fake;
static NvFile *ctl;
static NvFile *uvm;
static NvHandle client;
static unsigned n_clients;
static unsigned asked; /* controls of the proxy's own */
static unsigned n_open_in_call;
static NvU8 *seen; /* the target call's parameters as the driver got them */
static NvU32 seen_size;
static NvU32 answer_status;
static const AbiMembers *target;
static void (*say)(NvU8 *params);

#define FOR_EACH_GPU(MEMBER, MEMBERS) \
    ABI_FOR_EACH_MEMBER_OF(MEMBER, MEMBERS, ABI_ROLE_GPU_ID, N_ABI_ROLES)

static const AbiMember *first_of(const AbiMembers *members)
{
    return &members->all[members->begin[ABI_ROLE_GPU_ID]];
}

static bool names_gpus(const AbiMembers *members)
{
    return members->begin[ABI_ROLE_GPU_ID] < members->begin[N_ABI_ROLES];
}

static void put(void *params, const AbiPlace *member, uint32_t i, NvU32 value)
{
    memcpy((char *)params + member->offset + (size_t)i * member->stride + member->within, &value,
           sizeof value);
}

static NvU32 get(const void *params, const AbiPlace *member, uint32_t i)
{
    NvU32 value;

    memcpy(&value,
           (const char *)params + member->offset + (size_t)i * member->stride + member->within,
           sizeof value);
    return value;
}

static void *at(void *params, const AbiPlace *member, uint32_t i)
{
    return (char *)params + member->offset + (size_t)i * member->stride + member->within;
}

/* --- the driver ------------------------------------------------------------------------------- */

static int find(NvU32 id)
{
    for (int i = 0; i < GPUS; i++) {
        if (ids[i] == id) {
            return i;
        }
    }
    return -1;
}

static int card_info(nv_ioctl_card_info_t *cards, size_t size)
{
    if (size / sizeof *cards < GPUS) {
        return EINVAL;
    }
    memset(cards, 0, size);
    for (unsigned i = 0; i < GPUS; i++) {
        cards[i] = (nv_ioctl_card_info_t){
            .valid = 1, .gpu_id = ids[i], .minor_number = minors[i], .pci_info.bus = (NvU8)(i + 1)};
    }
    return 0;
}

/* What the proxy asks for itself. */
static void own_control(NVOS54_PARAMETERS *control)
{
    void *params = (void *)(uintptr_t)control->params;
    int gpu = find(*(NvU32 *)params);

    asked++;
    control->status = NV_OK;
    if (control->cmd == NV0000_CTRL_CMD_GPU_GET_DEVICE_IDS) {
        ((NV0000_CTRL_GPU_GET_DEVICE_IDS_PARAMS *)params)->deviceIds = 0x23;
    } else if (gpu < 0) {
        control->status = NV_ERR_INVALID_ARGUMENT;
    } else if (control->cmd == NV0000_CTRL_CMD_GPU_GET_ID_INFO_V2) {
        ((NV0000_CTRL_GPU_GET_ID_INFO_V2_PARAMS *)params)->deviceInstance = instances[gpu];
    } else if (control->cmd == NV0000_CTRL_CMD_GPU_GET_UUID_FROM_GPU_ID) {
        NV0000_CTRL_GPU_GET_UUID_FROM_GPU_ID_PARAMS *uuid = params;
        memset(uuid->gpuUuid, uuids[gpu], 16);
        uuid->uuidStrLen = 16;
    } else {
        cr_assert_fail("asked 0x%x", control->cmd);
    }
}

static NvU32 target_call(void *params, NvU32 size)
{
    g_free(seen);
    seen = params ? g_memdup2(params, size) : NULL;
    seen_size = size;
    n_open_in_call = fake->n_open;
    if (say && params) {
        say(params);
    }
    return answer_status;
}

static int answer(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    if (_IOC_TYPE(command) != 'F') { /* UVM; the status is somewhere at the end */
        target_call(argument, target->layout->size);
        return 0;
    }
    switch (_IOC_NR(command)) {
    case NV_ESC_CARD_INFO:
        return card_info(argument, _IOC_SIZE(command));
    case NV_ESC_ATTACH_GPUS_TO_FD:
        target_call(argument, _IOC_SIZE(command));
        return 0;
    case NV_ESC_RM_ALLOC: {
        NVOS64_PARAMETERS *alloc = argument;
        if (alloc->hClass == NV01_ROOT_CLIENT) {
            alloc->hObjectNew = 0xc1d00000 + n_clients++;
            alloc->status = NV_OK;
        } else {
            alloc->status = target_call((void *)(uintptr_t)alloc->pAllocParms,
                                        target->layout ? target->layout->size : 0);
        }
        return 0;
    }
    case NV_ESC_RM_CONTROL: {
        NVOS54_PARAMETERS *control = argument;
        if (control->hClient == client) {
            control->status = target_call((void *)(uintptr_t)control->params, control->paramsSize);
        } else {
            own_control(control);
        }
        return 0;
    }
    default:
        cr_assert_fail("call %u", _IOC_NR(command));
        return EINVAL;
    }
}

/* --- the guest -------------------------------------------------------------------------------- */

static void start(const char *version)
{
    NVOS64_PARAMETERS root = {.hClass = NV01_ROOT_CLIENT};

    fake = fake_new(version, ~(NvCaps)0);
    fake->answer = answer;
    proxy_scope_gpus(&fake->proxy);
    ctl = fake_open(fake, FAKE_CTL, 3);
    uvm = fake_open(fake, FAKE_UVM, 4);
    n_clients = 0;
    asked = 0;
    say = NULL;
    answer_status = NV_OK;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &root, sizeof root), 0);
    client = root.hObjectNew;
}

static void stop(void)
{
    fake_free(fake);
    g_clear_pointer(&seen, g_free);
}

/* Make the call that @entry is, with the parameters at PARAMS. */
static void call_entry(const AbiEntry *entry)
{
    NVOS54_PARAMETERS control = {.hClient = client,
                                 .hObject = client,
                                 .cmd = entry->number,
                                 .params = PARAMS,
                                 .paramsSize = entry->layout->size};
    NVOS64_PARAMETERS alloc = {.hRoot = client,
                               .hObjectParent = client,
                               .hObjectNew = 0x77,
                               .hClass = entry->number,
                               .pAllocParms = PARAMS};
    int error = 0;

    switch (entry->kind) {
    case ABI_CONTROL:
        error = fake_frontend(fake, ctl, NV_ESC_RM_CONTROL, &control, sizeof control);
        break;
    case ABI_ALLOC:
        error = fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &alloc, sizeof alloc);
        break;
    case ABI_UVM:
        error = fake_ioctl(fake, uvm, entry->number, PARAMS);
        break;
    default:
        cr_assert_fail("%s", entry->name);
    }
    cr_assert_eq(error, 0, "%s: %d", entry->name, error);
    cr_assert_not_null(seen, "%s did not reach the driver", entry->name);
}

/* Zeroes, and what the handlers insist on. */
static NvU8 *clean_params(const AbiLayout *layout)
{
    NvU8 *params = fake_at(fake, PARAMS);

    memset(params, 0, layout->size);
    for (uint32_t i = 0; i < layout->n_fields; i++) {
        if (strcmp(layout->fields[i].name, "fd") == 0 ||
            strcmp(layout->fields[i].name, "rmCtrlFd") == 0) {
            memcpy(params + layout->fields[i].offset, &(int){3}, sizeof(int));
        }
    }
    return params;
}

/* The bytes of a GPU that is not ours. */
static bool has_foreign(const void *params, size_t size)
{
    for (int gpu = 0; gpu < GPUS; gpu++) {
        NvU8 uuid[16];
        memset(uuid, uuids[gpu], sizeof uuid);
        if (gpu != OURS && (memmem(params, size, &ids[gpu], sizeof ids[gpu]) ||
                            memmem(params, size, uuid, sizeof uuid))) {
            return true;
        }
    }
    return false;
}

/* --- every rule ------------------------------------------------------------------------------- */

static bool is_said_by_guest(AbiRoleKind role)
{
    return role <= ABI_ROLE_GPU_UUID_TO_REGISTER;
}

static void fill_guest(NvU8 *params, const AbiMember *place, int gpu)
{
    for (uint32_t i = 0; i < place->place.n; i++) {
        if (place->role->kind == ABI_ROLE_GPU_ID) {
            put(params, &place->place, i, ids[gpu]);
        } else if (place->role->kind == ABI_ROLE_GPU_DEVICE) {
            put(params, &place->place, i, instances[gpu]);
        } else if (is_said_by_guest(place->role->kind)) {
            memset(at(params, &place->place, i), uuids[gpu], 16);
        }
    }
}

static void check_hidden(const AbiEntry *entry, const AbiMember *place)
{
    for (uint32_t i = 0; i < place->place.n; i++) {
        const void *got = at(seen, &place->place, i);
        if (place->role->kind == ABI_ROLE_GPU_ID) {
            cr_assert_eq(get(seen, &place->place, i), GPU_SCOPE_NO_ID, "%s", entry->name);
        } else if (place->role->kind == ABI_ROLE_GPU_DEVICE) {
            cr_assert_eq(get(seen, &place->place, i), FREE_INSTANCE, "%s", entry->name);
        } else if (is_said_by_guest(place->role->kind)) {
            cr_assert_arr_eq(got, gpu_scope_no_uuid, 16, "%s", entry->name);
        }
    }
}

static void check_guest_rules(const AbiEntry *entry)
{
    g_autofree NvU8 *before = NULL;
    NvU8 *params = clean_params(entry->layout);

    FOR_EACH_GPU(p, target)
    {
        fill_guest(params, p, 0);
    }
    before = g_memdup2(params, entry->layout->size);
    answer_status = NV_ERR_INVALID_ARGUMENT;
    call_entry(entry);
    cr_assert_not(has_foreign(seen, entry->layout->size), "%s: a foreign id reached the driver",
                  entry->name);
    FOR_EACH_GPU(p, target)
    {
        check_hidden(entry, p);
    }
    cr_assert_arr_eq(fake_at(fake, PARAMS), before, entry->layout->size,
                     "%s: the guest's own is not as it was", entry->name);

    params = clean_params(entry->layout);
    FOR_EACH_GPU(p, target)
    {
        fill_guest(params, p, OURS);
    }
    call_entry(entry);
    FOR_EACH_GPU(p, target)
    {
        const AbiPlace *member = &p->place;
        if (is_said_by_guest(p->role->kind)) {
            cr_assert_arr_eq(at(seen, member, 0), at(fake_at(fake, PARAMS), member, 0),
                             member->size, "%s: our own was hidden", entry->name);
            cr_assert_neq(get(seen, member, 0), 0);
        }
    }
    answer_status = NV_OK;
}

static void say_place(NvU8 *params, const AbiMember *place)
{
    const AbiPlace *member = &place->place;

    switch (place->role->kind) {
    case ABI_ROLE_GPU_LIST:
        memset(params + member->offset, 0xff, (size_t)member->n * member->stride);
        for (uint32_t i = 0; i < GPUS; i++) {
            put(params, member, i, ids[i]);
            if (place->beside.n) {
                put(params, &place->beside, i, 7 + i);
            }
        }
        break;
    case ABI_ROLE_GPU_RECORD:
    case ABI_ROLE_GPU_GROUP:
        for (uint32_t i = 0; i < GPUS; i++) {
            put(params, member, i, ids[i]);
        }
        put(params, &place->beside, 0, GPUS);
        break;
    case ABI_ROLE_GPU_MASK:
        put(params, member, 0, 0x23);
        for (uint32_t i = 0; i < place->beside.n; i++) {
            put(params, &place->beside, i, 0x100 + i);
        }
        break;
    case ABI_ROLE_GPU_SAID_ID:
        put(params, member, 0, ids[2]);
        break;
    case ABI_ROLE_GPU_SAID_DEVICE:
        put(params, member, 0, instances[2]);
        break;
    case ABI_ROLE_GPU_FAILED_ID:
        put(params, member, 0, GPU_SCOPE_NO_ID);
        break;
    default: /* ABI_ROLE_GPU_LINK and the groups have a test of their own */
        break;
    }
}

static void say_all(NvU8 *params)
{
    FOR_EACH_GPU(p, target)
    {
        say_place(params, p);
    }
}

static void check_said(const AbiEntry *entry, const AbiMember *place)
{
    NvU8 *params = fake_at(fake, PARAMS);
    const AbiPlace *member = &place->place;

    switch (place->role->kind) {
    case ABI_ROLE_GPU_LIST:
        cr_assert_eq(get(params, member, 0), ids[OURS], "%s", entry->name);
        for (uint32_t i = 1; i < member->n; i++) {
            cr_assert_eq(get(params, member, i), NV0000_CTRL_GPU_INVALID_ID, "%s", entry->name);
        }
        for (uint32_t i = 0; i < place->beside.n; i++) {
            cr_assert_eq(get(params, &place->beside, i), i == 0 ? 7 + OURS : 0, "%s", entry->name);
        }
        break;
    case ABI_ROLE_GPU_RECORD:
        cr_assert_eq(get(params, member, 0), ids[OURS], "%s", entry->name);
        cr_assert_eq(get(params, member, 1), 0, "%s", entry->name);
        cr_assert_eq(get(params, &place->beside, 0), 1, "%s", entry->name);
        break;
    case ABI_ROLE_GPU_MASK:
        cr_assert_eq(get(params, member, 0), 1U << instances[OURS], "%s", entry->name);
        for (uint32_t i = 0; i < place->beside.n; i++) {
            cr_assert_eq(get(params, &place->beside, i), i == instances[OURS] ? 0x100 + i : 0);
        }
        break;
    case ABI_ROLE_GPU_SAID_ID:
        cr_assert_eq(get(params, member, 0), NV0000_CTRL_GPU_INVALID_ID, "%s", entry->name);
        break;
    case ABI_ROLE_GPU_SAID_DEVICE:
        cr_assert_eq(get(params, member, 0), UINT32_MAX, "%s", entry->name);
        break;
    case ABI_ROLE_GPU_FAILED_ID: /* the guest's second, the first that is not ours */
        cr_assert_eq(get(params, member, 0), 0x4444, "%s", entry->name);
        break;
    default:
        break;
    }
}

static void check_said_rules(const AbiEntry *entry)
{
    NvU8 *params = clean_params(entry->layout);

    FOR_EACH_GPU(p, target)
    {
        if (p->role->kind == ABI_ROLE_GPU_FAILED_ID) {
            put(params, &p->beside, 0, ids[OURS]);
            put(params, &p->beside, 1, 0x4444);
            put(params, &p->beside, 2, NV0000_CTRL_GPU_INVALID_ID);
        }
    }
    say = say_all;
    call_entry(entry);
    say = NULL;
    cr_assert_not(has_foreign(fake_at(fake, PARAMS), entry->layout->size),
                  "%s: a foreign id reached the guest", entry->name);
    FOR_EACH_GPU(p, target)
    {
        check_said(entry, p);
    }
}

/* A call that fails says nothing: what the guest had stays. */
static void check_failure(const AbiEntry *entry)
{
    NvU8 *params = clean_params(entry->layout);
    g_autofree NvU8 *before = g_memdup2(params, entry->layout->size);

    answer_status = NV_ERR_INVALID_CLIENT;
    call_entry(entry);
    answer_status = NV_OK;
    if (entry->kind != ABI_UVM) {
        cr_assert_arr_eq(fake_at(fake, PARAMS), before, entry->layout->size, "%s", entry->name);
    }
}

static void check_wrong_size(const AbiEntry *entry)
{
    NvU8 *params = fake_at(fake, PARAMS);
    NvU32 size = entry->layout->size + 4;
    NVOS54_PARAMETERS control = {.hClient = client,
                                 .hObject = client,
                                 .cmd = entry->number,
                                 .params = PARAMS,
                                 .paramsSize = size};

    if (entry->handler != HANDLER_ctrl_simple) {
        return; /* EINVAL, which other tests see */
    }
    memset(params, PREFILL, size);
    answer_status = NV_ERR_INVALID_PARAM_STRUCT;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_CONTROL, &control, sizeof control), 0);
    answer_status = NV_OK;
    cr_assert_eq(control.status, NV_ERR_INVALID_PARAM_STRUCT);
    cr_assert_eq(seen_size, size);
    for (NvU32 i = 0; i < size; i++) {
        cr_assert_eq(seen[i], 0, "%s: what cannot be scoped reached the driver", entry->name);
        cr_assert_eq(params[i], PREFILL, "%s", entry->name);
    }
}

static unsigned check_kind(AbiKind kind)
{
    size_t n;
    const AbiEntry *entries = driver_abi_entries(fake->abi, kind, &n);
    unsigned checked = 0;

    for (size_t e = 0; e < n; e++) {
        target = entries[e].members;
        if (!names_gpus(target)) {
            continue;
        }
        check_guest_rules(&entries[e]);
        check_said_rules(&entries[e]);
        check_failure(&entries[e]);
        if (kind == ABI_CONTROL) {
            check_wrong_size(&entries[e]);
        }
        cr_assert_eq(fake->n_open, 3, "%s: a host file was left open", entries[e].name);
        checked++;
    }
    return checked;
}

static void check_version(const char *version)
{
    start(version);
    unsigned controls = check_kind(ABI_CONTROL);
    unsigned uvm_calls = check_kind(ABI_UVM);
    unsigned classes = check_kind(ABI_ALLOC);
    cr_assert_geq(controls, 16, "%s: %u", version, controls);
    cr_assert_geq(uvm_calls, 14, "%s: %u", version, uvm_calls);
    cr_assert_geq(classes, 1, "%s: %u", version, classes);
    stop();
}

Test(gpu_scope, every_rule_at_535)
{
    check_version("535.309.01");
}

Test(gpu_scope, every_rule_at_550)
{
    check_version("550.90.07");
}

Test(gpu_scope, every_rule_at_570)
{
    check_version("570.195.03");
}

Test(gpu_scope, every_rule_at_580)
{
    check_version("580.105.08");
}

Test(gpu_scope, every_rule_at_590)
{
    check_version("590.48.01");
}

Test(gpu_scope, every_rule_at_620)
{
    check_version("620.06.00");
}

/* --- what the table does not say by itself ---------------------------------------------------- */

static void start_newest(void)
{
    start("590.48.01");
}

TestSuite(gpu_scope_calls, .init = start_newest, .fini = stop);

static int cards(nv_ioctl_card_info_t *to, size_t size)
{
    return fake_frontend(fake, ctl, NV_ESC_CARD_INFO, to, size);
}

Test(gpu_scope_calls, cards)
{
    nv_ioctl_card_info_t got[NV_MAX_DEVICES];

    memset(got, PREFILL, sizeof got);
    cr_assert_eq(cards(got, sizeof got), 0);
    cr_assert_eq(got[0].gpu_id, ids[OURS]);
    cr_assert_eq(got[0].minor_number, 0);
    for (size_t i = sizeof got[0]; i < sizeof got; i++) {
        cr_assert_eq(((const NvU8 *)got)[i], 0, "byte %zu", i);
    }
}

Test(gpu_scope_calls, as_many_slots_as_our_gpus_are_enough)
{
    nv_ioctl_card_info_t got[1] = {0};
    NvU8 none[8] = {0};

    cr_assert_eq(cards(got, sizeof got), 0);
    cr_assert_eq(got[0].gpu_id, ids[OURS]);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_CARD_INFO, none, sizeof none), EINVAL);
}

Test(gpu_scope_calls, attaching)
{
    NvU32 attached[] = {ids[OURS], 0, ids[0], 0x1234};
    const NvU32 expected[] = {ids[OURS], 0, GPU_SCOPE_NO_ID, GPU_SCOPE_NO_ID};
    const NvU32 guest[] = {ids[OURS], 0, ids[0], 0x1234};

    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_ATTACH_GPUS_TO_FD, attached, sizeof attached), 0);
    cr_assert_arr_eq(seen, expected, sizeof expected);
    cr_assert_arr_eq(attached, guest, sizeof guest);
}

static void alloc_device(uint64_t params)
{
    NVOS64_PARAMETERS alloc = {.hRoot = client,
                               .hObjectParent = client,
                               .hObjectNew = 0x77,
                               .hClass = NV01_DEVICE_0,
                               .pAllocParms = params};

    target = driver_abi_lookup(fake->abi, ABI_ALLOC, NV01_DEVICE_0)->members;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &alloc, sizeof alloc), 0);
    cr_assert_eq(alloc.pAllocParms, params);
}

/* The driver gives device instances anew: the GPU must not go while we have just asked for its. */
Test(gpu_scope_calls, a_gpu_is_held_while_a_device_of_it_is_allocated)
{
    unsigned before;

    *(NvU32 *)fake_at(fake, PARAMS) = instances[OURS];
    alloc_device(PARAMS); /* opens the proxy's own files */
    before = fake->n_open;
    alloc_device(PARAMS);
    cr_assert_eq(*(NvU32 *)seen, instances[OURS]);
    cr_assert_eq(n_open_in_call, before + 1);
    cr_assert_eq(fake->n_open, before);
    *(NvU32 *)fake_at(fake, PARAMS) = instances[0];
    alloc_device(PARAMS);
    cr_assert_eq(n_open_in_call, before);
}

Test(gpu_scope_calls, no_parameters_are_instance_0_which_is_not_ours)
{
    alloc_device(0);
    cr_assert_not_null(seen);
    cr_assert_eq(*(NvU32 *)seen, FREE_INSTANCE);
}

/* A guest that is refused anyway must not have a GPU started. */
Test(gpu_scope_calls, nothing_is_asked_for_a_client_that_there_is_not)
{
    NVOS64_PARAMETERS alloc = {.hRoot = client + 0x1000, .hClass = NV01_DEVICE_0};

    fake->n_calls = 0;
    const unsigned before = fake->n_open;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &alloc, sizeof alloc), 0);
    cr_assert_eq(alloc.status, NV_ERR_INVALID_CLIENT);
    cr_assert_eq(fake->n_calls, 0);
    cr_assert_eq(fake->n_open, before);
}

Test(gpu_scope_calls, instances_that_no_driver_has_are_for_the_driver)
{
    *(NvU32 *)fake_at(fake, PARAMS) = 32;
    alloc_device(PARAMS);
    cr_assert_eq(*(NvU32 *)seen, 32);
}

/* --- a driver that knows nothing -------------------------------------------------------------- */

static int refuse_everything(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    (void)command;
    (void)argument;
    return EIO;
}

Test(gpu_scope_calls, without_an_answer_nothing_is_let_through)
{
    nv_ioctl_card_info_t got[NV_MAX_DEVICES] = {0};

    fake->answer = refuse_everything;
    cr_assert_eq(cards(got, sizeof got), EIO);
    cr_assert_eq(fake->n_open, 2, "the file of a failed question stays open");
    fake->answer = answer;
    cr_assert_eq(cards(got, sizeof got), 0, "the next call asks again");
    cr_assert_eq(got[0].gpu_id, ids[OURS]);
}

Test(gpu_scope_calls, nothing_is_asked_before_it_is_needed)
{
    NVOS54_PARAMETERS control = {.hClient = client,
                                 .hObject = client,
                                 .cmd = NV0000_CTRL_CMD_SYSTEM_GET_FEATURES,
                                 .params = PARAMS,
                                 .paramsSize = sizeof(NV0000_CTRL_SYSTEM_GET_FEATURES_PARAMS)};

    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_CONTROL, &control, sizeof control), 0);
    cr_assert_eq(asked, 0);
    cr_assert_eq(fake->n_open, 2);
}

/* --- links and groups ------------------------------------------------------------------------- */

enum { TO_OURS, TO_FOREIGN, TO_SWITCH };

static NvU8 *link_at(void *params, unsigned i)
{
    const AbiPlace *member = &first_of(target)->place;

    return (NvU8 *)params + member->offset + (size_t)i * member->stride;
}

static void say_links(NvU8 *params)
{
    const AbiPlace *member = &first_of(target)->place;
    const uint32_t connected = abi_layout_field(member->type, "connected")->offset;

    for (unsigned i = TO_OURS; i <= TO_SWITCH; i++) {
        NV2080_CTRL_NVLINK_DEVICE_INFO remote = {.bus = i == TO_OURS ? OURS + 1 : 1,
                                                 .deviceType = i == TO_SWITCH ? 3 : 2};
        memset(remote.deviceUUID, i == TO_FOREIGN ? uuids[0] : 0x11, 16);
        memcpy(link_at(params, i) + member->within, &remote, sizeof remote);
        link_at(params, i)[connected] = 1;
    }
}

Test(gpu_scope_calls, links)
{
    const AbiEntry *entry =
        driver_abi_lookup(fake->abi, ABI_CONTROL, NV2080_CTRL_CMD_NVLINK_GET_NVLINK_STATUS);
    NvU8 *params = clean_params(entry->layout);

    target = entry->members;
    const AbiPlace *member = &first_of(target)->place;
    const uint32_t connected = abi_layout_field(member->type, "connected")->offset;
    say = say_links;
    call_entry(entry);
    NV2080_CTRL_NVLINK_DEVICE_INFO remote;
    memcpy(&remote, link_at(params, TO_FOREIGN) + member->within, sizeof remote);
    cr_assert_eq(remote.deviceType, 0xff);
    cr_assert_eq(remote.bus, 0);
    cr_assert_eq(link_at(params, TO_FOREIGN)[connected], 0);
    cr_assert_not(has_foreign(params, entry->layout->size));
    cr_assert_eq(link_at(params, TO_OURS)[connected], 1);
    cr_assert_eq(link_at(params, TO_SWITCH)[connected], 1);
}

static void say_groups(NvU8 *bytes)
{
    NV0000_SYNC_GPU_BOOST_GROUP_INFO_PARAMS *params = (void *)bytes;

    params->groupCount = 2;
    params->pBoostGroups[0] =
        (NV0000_SYNC_GPU_BOOST_GROUP_CONFIG){.gpuCount = 1, .gpuIds = {ids[0]}};
    params->pBoostGroups[1] = (NV0000_SYNC_GPU_BOOST_GROUP_CONFIG){
        .gpuCount = 2, .gpuIds = {ids[2], ids[OURS]}, .boostGroupId = 6};
}

Test(gpu_scope_calls, groups)
{
    const AbiEntry *entry =
        driver_abi_lookup(fake->abi, ABI_CONTROL, NV0000_CTRL_CMD_SYNC_GPU_BOOST_GROUP_INFO);
    NV0000_SYNC_GPU_BOOST_GROUP_INFO_PARAMS *params = (void *)clean_params(entry->layout);

    memset(params, PREFILL, sizeof *params);
    target = entry->members;
    say = say_groups;
    call_entry(entry);
    cr_assert_eq(params->groupCount, 1);
    cr_assert_eq(params->pBoostGroups[0].boostGroupId, 6);
    cr_assert_eq(params->pBoostGroups[0].gpuCount, 1);
    cr_assert_eq(params->pBoostGroups[0].gpuIds[0], ids[OURS]);
    cr_assert_eq(params->pBoostGroups[0].gpuIds[1], 0);
    cr_assert_eq(params->pBoostGroups[1].gpuCount, 0x33333333, "the guest's own");
    cr_assert_not(has_foreign(params, sizeof *params));
}

/* --- the processor's UUID, and partitions' ---------------------------------------------------- */

Test(gpu_scope_calls, a_uuid_of_no_gpu_is_for_the_driver_except_to_register)
{
    static const NvU32 calls[] = {UVM_MIGRATE, UVM_REGISTER_GPU};

    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        const AbiEntry *entry = driver_abi_lookup(fake->abi, ABI_UVM, calls[i]);
        NvU8 *params = clean_params(entry->layout);
        target = entry->members;
        memset(at(params, &first_of(target)->place, 0), 0xcc, 16);
        call_entry(entry);
        NvU32 got = get(seen, &first_of(target)->place, 0);
        cr_assert_eq(got, calls[i] == UVM_MIGRATE ? 0xcccccccc : UINT32_MAX);
        cr_assert_eq(get(params, &first_of(target)->place, 0), 0xcccccccc);
    }
}
