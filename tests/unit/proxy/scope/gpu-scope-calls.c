/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GPU scoping beyond the rules of the table: the calls with arrays, links and groups, a driver that answers nothing, and when
 * the proxy asks the driver.
 */
#include <errno.h>
#include <string.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl2080-bus.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "abi/uvm.h"
#include "tests/unit/proxy/scope/three-gpus.h"
#include "version-tree/show/abi-layouts.h"

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

/*
 * The driver assigns device instances again: the GPU must not go away while the proxy uses the instance that it has just asked
 * for.
 */
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

/* A call that is refused anyway must not start a GPU. */
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
