/* SPDX-License-Identifier: Apache-2.0 */
/* Time slices: which values reach the driver, and which values a guest reads back. */
#include <errno.h>

#include <criterion/criterion.h>

#include "abi/class.h"
#include "abi/control/ctrl-channel.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "tests/unit/support/fake-host.h"

enum { CLIENT = 0xc1d00001, OTHER_CLIENT, GROUP = 0x5c000001, COPY, PARAMS = GUEST_BASE + 0x1000 };

static Fake *fake;
static NvFile *ctl;
static NvU64 driver_slice; /* as the driver has it */
static NvU32 driver_status;

/* The driver: it keeps the value that is set, and returns it. */
static int answer(Fake *f, uint32_t command, void *argument)
{
    NVOS54_PARAMETERS *outer = argument;
    NvU64 *slice = (NvU64 *)(uintptr_t)outer->params;

    (void)f;
    (void)command;
    outer->status = driver_status;
    if (driver_status == NV_OK && outer->cmd == NVA06C_CTRL_CMD_SET_TIMESLICE) {
        driver_slice = *slice;
    } else if (driver_status == NV_OK) {
        *slice = driver_slice;
    }
    return 0;
}

static void add_group(NvHandle handle, NvHandle group)
{
    Client *client;

    object_tree_add_client(fake->proxy.objects, handle, ctl->id, &fake->process);
    client = object_tree_lock(fake->proxy.objects, handle);
    client_add(client, group, KEPLER_CHANNEL_GROUP_A, &handle, 1);
    object_tree_unlock(client);
}

static void setup(void)
{
    fake = fake_new("580.105.08", NV_CAPS_SUPPORTED);
    ctl = fake_open(fake, FAKE_CTL, 3);
    fake->answer = answer;
    driver_slice = 1000;
    driver_status = NV_OK;
    add_group(CLIENT, GROUP);
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(timeslice, .init = setup, .fini = teardown);

static NvU32 call(NvHandle client, NvHandle group, NvV32 command, NvU64 *slice)
{
    NVOS54_PARAMETERS p = {.hClient = client,
                           .hObject = group,
                           .cmd = command,
                           .params = PARAMS,
                           .paramsSize = sizeof *slice};
    NvU64 *at = fake_at(fake, PARAMS);

    *at = *slice;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_CONTROL, &p, sizeof p), 0);
    *slice = *at;
    return p.status;
}

static NvU32 set(NvU64 slice)
{
    const NvU64 wanted = slice;
    NvU32 status = call(CLIENT, GROUP, NVA06C_CTRL_CMD_SET_TIMESLICE, &slice);

    cr_expect_eq(slice, wanted, "the guest reads what it wrote");
    return status;
}

static NvU64 get(NvHandle client, NvHandle group)
{
    NvU64 slice = 7;

    cr_expect_eq(call(client, group, NVA06C_CTRL_CMD_GET_TIMESLICE, &slice), NV_OK);
    return slice;
}

Test(timeslice, as_long_as_the_library_asks_for_and_no_longer)
{
    static const struct {
        NvU64 wanted;
        NvU64 granted;
    } cases[] = {{0, 2048},
                 {1, 1},
                 {1000, 1000},
                 {2047, 2047},
                 {2048, 2048},
                 {2049, 2048},
                 {1000000, 2048},
                 {UINT32_MAX, 2048},
                 {(NvU64)UINT32_MAX + 2, 2048},
                 {UINT64_MAX - 1, 2048},
                 {UINT64_MAX, 2048}};

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        cr_expect_eq(set(cases[i].wanted), NV_OK);
        cr_expect_eq(driver_slice, cases[i].granted, "%" G_GUINT64_FORMAT, cases[i].wanted);
        cr_expect_eq(get(CLIENT, GROUP), cases[i].wanted, "it is told its own");
    }
}

Test(timeslice, before_one_is_set_it_is_the_drivers)
{
    cr_expect_eq(get(CLIENT, GROUP), 1000);
}

Test(timeslice, what_the_driver_refuses_is_not_remembered)
{
    driver_status = NV_ERR_INVALID_ARGUMENT;
    cr_expect_eq(set(1000000), NV_ERR_INVALID_ARGUMENT);
    driver_status = NV_OK;
    cr_expect_eq(get(CLIENT, GROUP), 1000);
}

Test(timeslice, of_a_client_that_is_not_recorded_it_is_no_longer_either)
{
    NvU64 slice = 1000000;

    cr_expect_eq(call(OTHER_CLIENT, GROUP, NVA06C_CTRL_CMD_SET_TIMESLICE, &slice), NV_OK);
    cr_expect_eq(driver_slice, 2048);
    cr_expect_eq(slice, 1000000);
}

Test(timeslice, a_duplicate_is_the_same_group)
{
    set(1000000);
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    client_copy(client, COPY, CLIENT, client, GROUP);
    object_tree_unlock(client);
    cr_expect_eq(get(CLIENT, COPY), 1000000);
}

Test(timeslice, of_a_group_that_was_made_anew_nothing_is_remembered)
{
    set(1000000);
    Client *client = object_tree_lock(fake->proxy.objects, CLIENT);
    client_free(client, GROUP);
    object_tree_unlock(client);
    driver_slice = 1000;
    client = object_tree_lock(fake->proxy.objects, CLIENT);
    client_add(client, GROUP, KEPLER_CHANNEL_GROUP_A, NULL, 0);
    object_tree_unlock(client);
    cr_expect_eq(get(CLIENT, GROUP), 1000);
}

Test(timeslice, a_struct_of_another_size_does_not_reach_the_host)
{
    static const NvU32 sizes[] = {0, 4, 7, 9, 16, 1024};

    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        NVOS54_PARAMETERS p = {.hClient = CLIENT,
                               .hObject = GROUP,
                               .cmd = NVA06C_CTRL_CMD_SET_TIMESLICE,
                               .params = sizes[i] ? PARAMS : 0,
                               .paramsSize = sizes[i]};
        cr_expect_eq(fake_frontend(fake, ctl, NV_ESC_RM_CONTROL, &p, sizeof p), 0);
        cr_expect_eq(p.status, NV_ERR_INVALID_PARAM_STRUCT);
    }
    cr_expect_eq(fake->n_calls, 0);
}

/* The copy of the second round decides. */
static void lengthen(Fake *f, unsigned round)
{
    NvU64 *slice = fake_at(f, PARAMS);

    *slice = round == 1 ? 1000 : 1000000;
}

Test(timeslice, one_that_grows_while_it_is_looked_at_is_no_longer)
{
    fake->between_rounds = lengthen;
    NvU64 slice = 1;
    call(CLIENT, GROUP, NVA06C_CTRL_CMD_SET_TIMESLICE, &slice);
    cr_expect_leq(driver_slice, 2048);
}
