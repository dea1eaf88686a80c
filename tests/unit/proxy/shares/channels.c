/* SPDX-License-Identifier: Apache-2.0 */
/* The list of channels, when a guest does something while its channels are being switched. */
#include <criterion/criterion.h>

#include "cuse-server/proxy/shares/channel-acts.h"

enum { GPU = 0, FILE_A = 1, CLIENT = 0xc1d00001, FIRST = 0xcaf10001 };

static Channels *channels;
static ChannelGroup *group;
static Channel *one;

static void setup(void)
{
    channels = channels_new();
    group = channel_group_new(channels, GPU, true);
    one = channel_new(group, &(ChannelName){CLIENT, FIRST, FILE_A, 1});
    channel_schedule(one, CHANNEL_STARTS);
}

static void teardown(void)
{
    channel_leave(one);
    channel_group_unref(group);
    channels_free(channels);
}

TestSuite(channels, .init = setup, .fini = teardown);

/* Do what is to be done. @meanwhile: what the guest does before the last act is recorded. Returns the number of acts. */
static guint act(void (*meanwhile)(void))
{
    g_autoptr(GArray) acts = channels_acts(channels);

    if (meanwhile) {
        meanwhile();
    }
    for (guint i = 0; i < acts->len; i++) {
        channel_acted(&g_array_index(acts, ChannelAct, i), true);
    }
    return acts->len;
}

static bool next_is(bool off)
{
    g_autoptr(GArray) acts = channels_acts(channels);

    return acts->len == 1 && g_array_index(acts, ChannelAct, 0).off == off;
}

static void switch_on(void)
{
    channel_set_guest_off(one, false);
}

static void start(void)
{
    channel_schedule(one, CHANNEL_STARTS);
}

static void leave(void)
{
    channel_leave(one);
    one = channel_new(group, &(ChannelName){CLIENT, FIRST, FILE_A, 2});
}

Test(channels, each_is_switched_once)
{
    cr_expect_eq(act(NULL), 0);
    channels_hold(channels, true);
    cr_expect_eq(act(NULL), 1);
    cr_expect_eq(act(NULL), 0);
    channels_hold(channels, false);
    cr_expect(next_is(false));
    cr_expect_eq(act(NULL), 1);
    cr_expect_eq(act(NULL), 0);
}

Test(channels, one_that_the_guest_switches_on_meanwhile_is_switched_off_again)
{
    void (*const ways[])(void) = {switch_on, start};

    for (size_t i = 0; i < G_N_ELEMENTS(ways); i++) {
        channels_hold(channels, true);
        channels_take_changes(channels);
        act(ways[i]);
        cr_expect(channels_take_changes(channels), "somebody has to look again");
        cr_expect(next_is(true));
        act(NULL);
        cr_expect_eq(act(NULL), 0);
        channels_hold(channels, false);
        act(NULL);
    }
}

Test(channels, one_that_the_guest_switches_on_is_on_after_all)
{
    channels_hold(channels, true);
    act(switch_on);
    channels_hold(channels, false);
    cr_expect(next_is(false), "it is not known who was first");
}

Test(channels, one_that_the_guest_had_off_is_on_after_all)
{
    channel_set_guest_off(one, true);
    channels_hold(channels, true);
    cr_expect(channel_keep_off(one), "the driver is not asked");
    channels_hold(channels, false);
    cr_expect(next_is(false));
}

Test(channels, one_that_the_driver_refuses_is_tried_again)
{
    channels_hold(channels, true);
    g_autoptr(GArray) acts = channels_acts(channels);
    channels_take_changes(channels);
    channel_acted(&g_array_index(acts, ChannelAct, 0), false);
    cr_expect(!channels_have_changed(channels), "but not for ever in one go");
    cr_expect(next_is(true));
}

Test(channels, one_that_ends_meanwhile_leaves_its_name_to_another)
{
    channels_hold(channels, true);
    act(leave);
    cr_expect_eq(act(NULL), 0, "the new one is not scheduled");
    channel_schedule(one, CHANNEL_STARTS);
    cr_expect(next_is(true));
}

Test(channels, they_are_found_by_file_and_client)
{
    channel_set_uvm(one, 7);
    for (uint32_t file = 0; file < 10; file++) {
        g_autoptr(GPtrArray) list = channels_of_file(channels, file);
        cr_expect_eq(list->len, file == FILE_A || file == 7, "%u", file);
    }
    g_autoptr(GPtrArray) list = channel_list_new();
    channels_of_client(channels, CLIENT + 1, list);
    cr_expect_eq(list->len, 0);
    channels_of_client(channels, CLIENT, list);
    cr_expect_eq(list->len, 1);
}
