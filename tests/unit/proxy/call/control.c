/* SPDX-License-Identifier: Apache-2.0 */
/* NV_ESC_RM_CONTROL: which commands and parameters reach the host, and what the guest gets back. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "tests/unit/support/fake-host.h"

enum {
    GET_PROBED_IDS = 0x214,  /* NV0000_CTRL_CMD_GPU_GET_PROBED_IDS, ctrl_simple */
    NO_COMMAND = 0x03f60fff, /* nothing */
    LEGACY = 0x20808159,     /* bit 15 */
    BINAPI = 0x20810107,     /* class 0x2081 */
    PARAMS = GUEST_BASE + 0x1000,
};

static Fake *fake;
static NvFile *ctl;
static NVOS54_PARAMETERS host_outer;
static uint8_t host_inner[HOST_PARAMS_MAX];

/* The driver: it notes its input, doubles every byte and answers NV_OK. */
static int answer(Fake *f, uint32_t command, void *argument)
{
    NVOS54_PARAMETERS *outer = argument;
    uint8_t *inner = (uint8_t *)(uintptr_t)outer->params;

    (void)f;
    cr_assert_eq(command, 0xc020462a);
    host_outer = *outer;
    for (uint32_t i = 0; inner && i < outer->paramsSize && i < HOST_PARAMS_MAX; i++) {
        host_inner[i] = inner[i];
        inner[i] = (uint8_t)(inner[i] * 2);
    }
    outer->status = NV_OK;
    return 0;
}

static void setup(void)
{
    fake = fake_new("535.309.01", NV_CAPS_DEFAULT);
    ctl = fake_open(fake, FAKE_CTL, 3);
    fake->answer = answer;
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(control, .init = setup, .fini = teardown);

static int control(NVOS54_PARAMETERS *p)
{
    return fake_frontend(fake, ctl, NV_ESC_RM_CONTROL, p, sizeof *p);
}

Test(control, parameters_go_through_and_the_pointer_is_restored)
{
    NVOS54_PARAMETERS p = {
        .hClient = 1, .hObject = 2, .cmd = GET_PROBED_IDS, .params = PARAMS, .paramsSize = 128};

    memset(fake_at(fake, PARAMS), 3, 129);
    cr_assert_eq(control(&p), 0);
    cr_assert_eq(p.status, NV_OK);
    cr_assert_eq(p.params, PARAMS, "a pointer of the host got out");
    cr_assert_neq(host_outer.params, PARAMS, "a pointer of the guest reached the host");
    cr_assert_eq(host_outer.paramsSize, 128);
    cr_assert_eq(host_inner[127], 3);
    const uint8_t *inner = fake_at(fake, PARAMS);
    cr_assert_eq(inner[0], 6);
    cr_assert_eq(inner[127], 6);
    cr_assert_eq(inner[128], 3, "one byte too many");
    cr_assert_eq(fake->rounds, 3);
    cr_assert_str_eq(fake->request.event.detail, "NV0000_CTRL_CMD_GPU_GET_PROBED_IDS");
}

Test(control, no_parameters_means_a_null_pointer)
{
    NVOS54_PARAMETERS p = {.cmd = GET_PROBED_IDS};

    cr_assert_eq(control(&p), 0);
    cr_assert_eq(host_outer.params, 0);
}

Test(control, an_unknown_command_is_a_status)
{
    NVOS54_PARAMETERS p = {.cmd = NO_COMMAND, .params = PARAMS, .paramsSize = 8, .status = 1};

    memset(fake_at(fake, PARAMS), 3, 8);
    cr_assert_eq(control(&p), 0);
    cr_assert_eq(p.status, NV_ERR_NOT_SUPPORTED);
    cr_assert_eq(fake->n_calls, 0);
    cr_assert_eq(*(uint8_t *)fake_at(fake, PARAMS), 3);
    cr_assert_eq(fake->request.event.refusal, REFUSAL_UNKNOWN_CONTROL);
}

Test(control, legacy_and_binapi_commands_bypass_the_table)
{
    NVOS54_PARAMETERS legacy = {.cmd = LEGACY, .params = PARAMS, .paramsSize = 8};
    NVOS54_PARAMETERS binapi = {.cmd = BINAPI, .params = PARAMS, .paramsSize = 8};

    cr_assert_eq(control(&legacy), 0);
    cr_assert_eq(control(&binapi), 0);
    cr_assert_eq(fake->n_calls, 2);
}

Test(control, size_and_pointer_must_go_together)
{
    NVOS54_PARAMETERS null_pointer = {.cmd = GET_PROBED_IDS, .paramsSize = 8};
    NVOS54_PARAMETERS no_size = {.cmd = GET_PROBED_IDS, .params = PARAMS};
    NVOS54_PARAMETERS huge = {.cmd = GET_PROBED_IDS, .params = PARAMS, .paramsSize = 1048577};
    NVOS54_PARAMETERS wrap = {.cmd = GET_PROBED_IDS, .params = PARAMS, .paramsSize = UINT32_MAX};

    cr_assert_eq(control(&null_pointer), EINVAL);
    cr_assert_eq(control(&no_size), EINVAL);
    cr_assert_eq(control(&huge), EINVAL);
    cr_assert_eq(control(&wrap), EINVAL);
    cr_assert_eq(fake->n_calls, 0);
}

Test(control, what_the_transport_cannot_carry_is_refused)
{
    NVOS54_PARAMETERS p = {.cmd = GET_PROBED_IDS, .params = PARAMS, .paramsSize = 1048576};

    cr_assert_eq(control(&p), E2BIG);
    cr_assert_eq(fake->n_calls, 0);
}

Test(control, parameters_that_are_not_there)
{
    NVOS54_PARAMETERS p = {
        .cmd = GET_PROBED_IDS, .params = GUEST_BASE + GUEST_SIZE - 4, .paramsSize = 8};

    cr_assert_eq(control(&p), EFAULT);
    cr_assert_eq(fake->n_calls, 0);
}

/* --- a guest that changes its memory between rounds ------------------------------------------ */

static void swap_command(Fake *f, unsigned round)
{
    NVOS54_PARAMETERS *p = fake_at(f, GUEST_BASE);

    if (round == 2) { /* the entry has been looked up, and the parameters are fetched now */
        p->cmd = NO_COMMAND;
    }
}

Test(control, a_command_swapped_after_the_check_does_not_reach_the_host)
{
    NVOS54_PARAMETERS p = {.cmd = GET_PROBED_IDS, .params = PARAMS, .paramsSize = 8};

    fake->between_rounds = swap_command;
    cr_assert_eq(control(&p), 0);
    cr_assert_eq(p.status, NV_ERR_NOT_SUPPORTED);
    cr_assert_eq(fake->n_calls, 0);
}

static void grow(Fake *f, unsigned round)
{
    NVOS54_PARAMETERS *p = fake_at(f, GUEST_BASE);

    p->paramsSize = round < 6 ? 8 * round : 64;
}

Test(control, a_size_that_changes_costs_rounds_and_gains_nothing)
{
    NVOS54_PARAMETERS p = {.cmd = GET_PROBED_IDS, .params = PARAMS, .paramsSize = 8};

    memset(fake_at(fake, PARAMS), 1, 256);
    fake->between_rounds = grow;
    cr_assert_eq(control(&p), 0);
    cr_assert_eq(fake->n_calls, 1);
    cr_assert_eq(host_outer.paramsSize, 64);
    cr_assert_eq(host_inner[63], 1);
    cr_assert_geq(fake->rounds, 7);
}
