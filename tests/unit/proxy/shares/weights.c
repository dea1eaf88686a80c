/* SPDX-License-Identifier: Apache-2.0 */
/* Weights: which time slices the driver has after each act of a guest. */
#include <criterion/criterion.h>

#include "abi/status.h"
#include "tests/unit/proxy/shares/one-gpu.h"

static void setup(void)
{
    gpu_setup("580.105.08");
}

TestSuite(weights, .init = setup, .fini = gpu_teardown);

static void set_share(uint32_t share)
{
    page.gpu_share = share;
    proxy_apply_shares(&fake->proxy);
}

Test(weights, without_one_the_host_gets_no_call_of_ours)
{
    make_context(0);
    make_context(1);
    proxy_apply_shares(&fake->proxy);
    free_object(GROUP);
    cr_expect_eq(n_slices + n_switches, 0);
    set_slice(GROUP + 1, 1000000);
    cr_expect_eq(n_slices, 1);
    cr_expect_eq(thing(GROUP + 1)->slice, 2048, "it is only limited");
    set_slice(GROUP + 1, 500);
    cr_expect_eq(thing(GROUP + 1)->slice, 500);
}

Test(weights, the_groups_share_the_instances_time_slice)
{
    static const struct {
        uint32_t share;
        unsigned groups;
        NvU64 slice;
    } cases[] = {
        {25, 1, 1000},           {25, 10, 1000},   {100, 1, 2048},   {100, 2, 1024},
        {100, 10, 1000},         {400, 1, 8192},   {400, 2, 4096},   {400, 3, 2730},
        {400, 10, 1000},         {1000, 1, 20000}, {1000, 2, 10240}, {1000, 10, 2048},
        {UINT32_MAX, 10, 20000},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        gpu_teardown();
        gpu_setup("580.105.08");
        set_share(cases[i].share);
        for (unsigned n = 0; n < cases[i].groups; n++) {
            make_context(n);
        }
        for (unsigned n = 0; n < cases[i].groups; n++) {
            cr_expect_eq(thing(GROUP + n)->slice, cases[i].slice, "%u: %u of %u: %u",
                         cases[i].share, n, cases[i].groups, (unsigned)thing(GROUP + n)->slice);
        }
    }
}

Test(weights, each_act_changes_the_slices_of_all_groups)
{
    set_share(400);
    make_context(0);
    cr_expect_eq(thing(GROUP)->slice, 8192);
    make_context(1);
    cr_expect_eq(thing(GROUP)->slice, 4096);
    cr_expect_eq(thing(GROUP + 1)->slice, 4096);
    schedule(GROUP + 1, false);
    cr_expect_eq(thing(GROUP)->slice, 8192);
    schedule(GROUP + 1, true);
    cr_expect_eq(thing(GROUP)->slice, 4096);
    free_object(GROUP + 1);
    cr_expect_eq(thing(GROUP)->slice, 8192);
    set_share(200);
    cr_expect_eq(thing(GROUP)->slice, 4096);
    set_share(0);
    cr_expect_eq(thing(GROUP)->slice, 2048, "no weight any more: as if it were 100");
}

Test(weights, a_channel_that_is_scheduled_by_itself_is_a_turn)
{
    set_share(400);
    make_context(0);
    make_channel(0xcaf20001, DEVICE, COMPUTE); /* outside a group */
    cr_expect_eq(thing(GROUP)->slice, 8192, "it is not scheduled yet");
    schedule(0xcaf20001, true);
    cr_expect_eq(thing(GROUP)->slice, 4096);
    free_object(0xcaf20001);
    cr_expect_eq(thing(GROUP)->slice, 8192);
}

Test(weights, groups_that_copy_are_no_turns_and_are_only_limited)
{
    set_share(400);
    make_context(0);
    make_group(GROUP + 1, COPY);
    make_channel(CHANNEL + 2, GROUP + 1, COPY);
    schedule(GROUP + 1, true);
    cr_expect_eq(thing(GROUP)->slice, 8192);
    cr_expect_eq(thing(GROUP + 1)->slice, DRIVERS_SLICE);
    set_slice(GROUP + 1, 1000000);
    cr_expect_eq(thing(GROUP + 1)->slice, 2048);
}

Test(weights, a_group_for_copying_with_a_channel_that_computes_is_a_turn)
{
    set_share(400);
    make_context(0);
    make_group(GROUP + 1, COPY);
    make_channel(CHANNEL + 2, GROUP + 1, COMPUTE);
    schedule(GROUP + 1, true);
    cr_expect_eq(thing(GROUP)->slice, 4096);
    cr_expect_eq(thing(GROUP + 1)->slice, 4096);
}

Test(weights, what_a_guest_asks_for_changes_only_what_it_is_told)
{
    set_share(400);
    make_group(GROUP, COMPUTE);
    make_channel(CHANNEL, GROUP, COMPUTE);
    cr_expect_eq(get_slice(GROUP), DRIVERS_SLICE);
    cr_expect_eq(set_slice(GROUP, 1000000), NV_OK);
    cr_expect_eq(thing(GROUP)->slice, 8192);
    reset_counts();
    schedule(GROUP, true);
    cr_expect_eq(n_slices, 0, "it has its time slice already");
    cr_expect_eq(thing(GROUP)->slice, 8192);
    cr_expect_eq(get_slice(GROUP), 1000000);
    make_context(1);
    cr_expect_eq(get_slice(GROUP), 1000000);
    cr_expect_eq(get_slice(GROUP + 1), DRIVERS_SLICE, "it never asked, and was given 4096");
    for (NvU64 slice = 0; slice < 3; slice++) {
        set_slice(GROUP, slice);
        cr_expect_eq(thing(GROUP)->slice, 4096);
        cr_expect_eq(get_slice(GROUP), slice);
    }
}

Test(weights, a_duplicate_of_a_group_is_the_same_turn)
{
    set_share(400);
    make_context(0);
    Client *locked = object_tree_lock(fake->proxy.objects, client());
    client_copy(locked, GROUP + 7, DEVICE, locked, GROUP);
    object_tree_unlock(locked);
    make_context(1);
    cr_expect_eq(thing(GROUP)->slice, 4096);
    locked = object_tree_lock(fake->proxy.objects, client());
    client_free(locked, GROUP + 7);
    object_tree_unlock(locked);
    make_context(2);
    cr_expect_eq(thing(GROUP)->slice, 2730);
}

Test(weights, a_thousand_groups_with_slices_of_a_second_have_the_shortest)
{
    set_share(400);
    for (unsigned i = 0; i < 1000; i++) {
        make_group(GROUP + i, COMPUTE);
        make_channel(CHANNEL + i, GROUP + i, COMPUTE);
        set_slice(GROUP + i, 1000000);
        schedule(GROUP + i, true);
    }
    for (unsigned i = 0; i < 1000; i++) {
        cr_assert_eq(thing(GROUP + i)->slice, 1000);
    }
    cr_expect_lt(n_slices, 1100, "the shortest one is not set again: %u", n_slices);
}

Test(weights, the_file_of_a_group_may_be_closed)
{
    set_share(400);
    make_context(0);
    g_hash_table_add(fake->kept, GINT_TO_POINTER(nv_file_fd(ctl)));
    proxy_release(&fake->proxy, ctl->id);
    reset_counts();
    set_share(100);
    cr_expect_eq(n_slices, 0, "the driver would refuse the client through another file");
}
