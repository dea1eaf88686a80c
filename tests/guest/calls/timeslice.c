/* SPDX-License-Identifier: Apache-2.0 */
/* Set the time slice of a channel group and read it back: both are the same, however long it is. */
#include "abi/control/ctrl-channel.h"
#include "tests/guest/rm.h"

enum { H_GROUP = 0x5c000100 };

static void try_slice(const Tree *t, NvU64 wanted)
{
    NVA06C_CTRL_SET_TIMESLICE_PARAMS set = {wanted};
    NVA06C_CTRL_GET_TIMESLICE_PARAMS get = {0};
    int64_t result =
        rm_control(t->ctl, t->client, H_GROUP, NVA06C_CTRL_CMD_SET_TIMESLICE, &set, sizeof set);

    say("set %llu: %s, now %llu", (unsigned long long)wanted, status(result),
        (unsigned long long)set.timesliceUs);
    result =
        rm_control(t->ctl, t->client, H_GROUP, NVA06C_CTRL_CMD_GET_TIMESLICE, &get, sizeof get);
    say("get: %s, %llu", status(result), (unsigned long long)get.timesliceUs);
}

static void make(const Tree *t, NvHandle object, NvU32 class)
{
    Params params = class_params(class);

    if (class == KEPLER_CHANNEL_GROUP_A) {
        params_put(&params, "hVASpace", 0, H_VASPACE);
    }
    say("%x: %s", class, status(rm_alloc(t->ctl, t->client, H_DEVICE, object, class, params.data)));
    params_free(&params);
}

int main(void)
{
    static const NvU64 slices[] = {1, 2048, 2049, 1000000, (NvU64)1 << 32, ~(NvU64)0};
    NVA06C_CTRL_GET_TIMESLICE_PARAMS get = {0};
    Tree t = tree();

    section("time-slices");
    make(&t, H_VASPACE, FERMI_VASPACE_A);
    make(&t, H_GROUP, KEPLER_CHANNEL_GROUP_A);
    say("at first: %s", status(rm_control(t.ctl, t.client, H_GROUP, NVA06C_CTRL_CMD_GET_TIMESLICE,
                                          &get, sizeof get)));
    for (size_t i = 0; i < G_N_ELEMENTS(slices); i++) {
        try_slice(&t, slices[i]);
    }
    section("time-slice-of-another-size");
    say("%s", status(rm_control(t.ctl, t.client, H_GROUP, NVA06C_CTRL_CMD_SET_TIMESLICE, &get, 4)));
    tree_close(&t);
    return 0;
}
