/* SPDX-License-Identifier: Apache-2.0 */
/* Pauses: which channels the driver runs after each act of a guest, before, while and after it is paused. */
#include <criterion/criterion.h>

#include "abi/nv-ioctl.h"
#include "abi/status.h"
#include "abi/uvm.h"
#include "tests/unit/proxy/shares/one-gpu.h"

enum { LONE = 0xcaf20001 };

static void setup(void)
{
    gpu_setup("580.105.08");
}

TestSuite(pause, .init = setup, .fini = gpu_teardown);

static void set_paused(bool paused)
{
    page.paused = paused;
    proxy_apply_shares(&fake->proxy);
}

static void add_lone_channel(void)
{
    make_channel(LONE, DEVICE, COPY);
    schedule(LONE, true);
}

Test(pause, all_channels_stop_and_run_again)
{
    const unsigned open = fake->n_open;

    make_context(0);
    make_context(1);
    add_lone_channel();
    make_channel(LONE + 1, DEVICE, COPY); /* not scheduled */
    cr_expect_eq(n_running(), 5);
    set_paused(true);
    cr_expect_eq(n_running(), 0);
    cr_expect_eq(n_switches, 1);
    set_paused(true);
    cr_expect_eq(n_switches, 1, "they are off already");
    set_paused(false);
    cr_expect_eq(n_running(), 5);
    cr_expect_eq(n_switches, 2);
    for (unsigned i = 0; i < 2; i++) {
        free_object(GROUP + i);
        free_object(LONE + i);
    }
    cr_expect_eq(fake->n_open, open + 1, "only the file that found the GPU is open");
}

Test(pause, many_channels_take_a_call_for_64_of_them)
{
    for (unsigned i = 0; i < 65; i++) {
        make_context(i);
    }
    set_paused(true);
    cr_expect_eq(n_running(), 0);
    cr_expect_eq(n_switches, 3);
    set_paused(false);
    cr_expect_eq(n_running(), 130);
    cr_expect_eq(n_switches, 6);
}

Test(pause, a_channel_that_is_born_meanwhile_runs_until_the_call_ends)
{
    set_paused(true);
    make_context(0);
    add_lone_channel();
    cr_expect_eq(n_running(), 0);
    cr_expect_eq(n_started, 3);
    set_paused(false);
    cr_expect_eq(n_running(), 3);
}

Test(pause, an_instance_may_be_paused_from_the_start)
{
    const InstanceQuota quota = {.by_gpu = false};

    proxy_clear(&fake->proxy);
    proxy_init(&fake->proxy, fake->abi, NV_CAPS_SUPPORTED, fake->devices,
               G_N_ELEMENTS(fake->devices), &(ProxyLimits){16, {4, 64}}, &fake->host);
    page.paused = true;
    proxy_set_quota(&fake->proxy, &quota, &page);
    gpu_start();
    make_context(0);
    cr_expect_eq(n_running(), 0);
    set_paused(false);
    cr_expect_eq(n_running(), 2);
}

Test(pause, what_is_scheduled_is_not_scheduled_again)
{
    gpu_teardown();
    gpu_setup("535.309.01");
    set_paused(true);
    make_context(0);
    add_lone_channel();
    cr_expect_eq(n_running(), 0);
    cr_expect_eq(n_started, 3);
    const unsigned before = n_schedules;
    for (unsigned i = 0; i < 10; i++) {
        cr_expect_eq(schedule(GROUP, true), NV_OK);
        cr_expect_eq(schedule(CHANNEL, true), NV_OK);
        cr_expect_eq(schedule(LONE, true), NV_OK);
    }
    cr_expect_eq(n_schedules, before, "what is scheduled is not scheduled again");
    cr_expect_eq(n_started, 3);
    set_paused(false);
    cr_expect_eq(n_running(), 3);
}

Test(pause, a_guest_that_switches_its_channels_on_gains_nothing)
{
    make_context(0);
    set_paused(true);
    reset_counts();
    for (unsigned i = 0; i < 10; i++) {
        cr_expect_eq(switch_off(CHANNEL, false), NV_OK);
        cr_expect_eq(schedule(GROUP, true), NV_OK);
        cr_expect_eq(schedule(CHANNEL + 1, true), NV_OK);
        cr_expect_eq(schedule(GROUP, false), NV_OK);
        cr_expect_eq(schedule(GROUP, true), NV_OK);
        cr_expect_eq(n_running(), 0);
    }
    cr_expect_eq(n_started, 0);
    set_paused(false);
    cr_expect_eq(n_running(), 2);
}

Test(pause, what_a_guest_has_switched_off_stays_off)
{
    make_context(0);
    switch_off(CHANNEL, true);
    set_paused(true);
    switch_off(CHANNEL + 1, true);
    set_paused(false);
    cr_expect_eq(n_running(), 0);
    switch_off(CHANNEL, false);
    cr_expect_eq(n_running(), 1);
    set_paused(true);
    switch_off(CHANNEL + 1, false);
    cr_expect_eq(n_running(), 0, "the wish is recorded");
    set_paused(false);
    cr_expect_eq(n_running(), 2);
}

Test(pause, a_wish_before_the_pause_takes_effect_is_not_lost)
{
    make_context(0);
    switch_off(CHANNEL, true);
    page.paused = true; /* the worker has not been told yet */
    switch_off(CHANNEL, false);
    set_paused(true);
    cr_expect_eq(n_running(), 0);
    set_paused(false);
    cr_expect_eq(n_running(), 2);
}

Test(pause, what_does_not_run_any_more_is_not_switched_on)
{
    make_context(0);
    set_paused(true);
    schedule(GROUP, false);
    reset_counts();
    set_paused(false);
    cr_expect_eq(n_switches, 0);
    cr_expect_eq(n_running(), 0);
    schedule(GROUP, true);
    cr_expect_eq(n_running(), 2);
}

Test(pause, channels_run_while_they_are_freed)
{
    make_context(0);
    make_context(1);
    add_lone_channel();
    set_paused(true);
    free_object(CHANNEL);
    free_object(GROUP + 1);
    free_object(LONE);
    cr_expect_eq(freed_off, 0);
    cr_expect_eq(n_running(), 0, "the one that is left is off again");
    free_object(DEVICE);
    cr_expect_eq(freed_off, 0);
    cr_expect_eq(n_mixed, 0);
}

Test(pause, channels_run_while_their_client_is_freed)
{
    make_context(0);
    set_paused(true);
    free_object(client());
    cr_expect_eq(freed_off, 0);
    set_paused(false);
    cr_expect_eq(n_mixed, 0);
}

Test(pause, channels_of_a_killed_guest_run_before_its_file_is_closed)
{
    const unsigned open = fake->n_open;

    make_context(0);
    set_paused(true);
    proxy_release(&fake->proxy, ctl->id);
    cr_expect_eq(n_running(), 2, "this driver keeps what a driver frees");
    cr_expect_eq(fake->n_open, open, "the file that found the GPU takes the place of the guest's");
    reset_counts();
    set_paused(true);
    cr_expect_eq(n_switches, 0, "nothing is left");
}

Test(pause, channels_of_a_file_that_the_driver_keeps_stay_off)
{
    make_context(0);
    set_paused(true);
    g_hash_table_add(fake->kept, GINT_TO_POINTER(nv_file_fd(ctl)));
    proxy_release(&fake->proxy, ctl->id);
    cr_expect_eq(n_running(), 0, "a guest that maps the file could still use them");
}

static NvU32 free_through(NvFile *file, NvHandle handle)
{
    NVOS00_PARAMETERS p = {.hRoot = client(), .hObjectParent = DEVICE, .hObjectOld = handle};

    cr_assert_eq(fake_frontend(fake, file, NV_ESC_RM_FREE, &p, sizeof p), 0);
    return p.status;
}

Test(pause, channels_do_not_run_for_a_free_that_fails)
{
    NvFile *other = fake_open(fake, FAKE_CTL, 4);

    make_context(0);
    set_paused(true);
    reset_counts();
    cr_expect_eq(free_through(other, client()), NV_ERR_INVALID_CLIENT);
    cr_expect_eq(free_through(other, CHANNEL), NV_ERR_INVALID_CLIENT);
    cr_expect_eq(n_switches, 0);
    cr_expect_eq(n_started, 0);
    cr_expect_eq(n_running(), 0);
}

Test(pause, tells_whether_the_driver_has_done_it)
{
    make_context(0);
    page.paused = true;
    refuses_to_switch = true;
    cr_expect_not(proxy_apply_shares(&fake->proxy));
    cr_expect_eq(n_running(), 2);
    cr_expect_not(proxy_apply_shares(&fake->proxy));
    refuses_to_switch = false;
    cr_expect(proxy_apply_shares(&fake->proxy), "it is tried again");
    cr_expect_eq(n_running(), 0);
    page.paused = false;
    cr_expect(proxy_apply_shares(&fake->proxy));
}

static int uvm_call(NvFile *uvm, uint32_t number, const void *params, size_t size)
{
    memcpy(fake_at(fake, GUEST_BASE), params, size);
    return fake_ioctl(fake, uvm, number, GUEST_BASE);
}

static unsigned seen_running; /* during the last call of nvidia-uvm */
static FakeAnswer inner;

static int look(Fake *f, uint32_t command, void *argument)
{
    if (command == UVM_UNREGISTER_CHANNEL) {
        seen_running = n_running();
    }
    return inner(f, command, argument);
}

Test(pause, a_channel_runs_while_nvidia_uvm_gives_it_up)
{
    const UVM_REGISTER_CHANNEL_PARAMS in = {
        .rmCtrlFd = 3, .hClient = client(), .hChannel = CHANNEL};
    const UVM_UNREGISTER_CHANNEL_PARAMS out = {.hClient = client(), .hChannel = CHANNEL};
    NvFile *uvm = fake_open(fake, FAKE_UVM, 4);

    make_context(0);
    cr_assert_eq(uvm_call(uvm, UVM_REGISTER_CHANNEL, &in, sizeof in), 0);
    set_paused(true);
    inner = fake->answer;
    fake->answer = look;
    cr_assert_eq(uvm_call(uvm, UVM_UNREGISTER_CHANNEL, &out, sizeof out), 0);
    cr_expect_eq(seen_running, 1);
    cr_expect_eq(n_running(), 0);
    reset_counts();
    proxy_release(&fake->proxy, uvm->id);
    cr_expect_eq(n_switches, 0, "closing it gains nothing");
    cr_expect_eq(n_running(), 0);
}

Test(pause, a_channel_does_not_run_for_a_call_through_another_file_of_nvidia_uvm)
{
    const UVM_REGISTER_CHANNEL_PARAMS in = {
        .rmCtrlFd = 3, .hClient = client(), .hChannel = CHANNEL};
    const UVM_UNREGISTER_CHANNEL_PARAMS out = {.hClient = client(), .hChannel = CHANNEL};
    NvFile *uvm = fake_open(fake, FAKE_UVM, 4);
    NvFile *other = fake_open(fake, FAKE_UVM, 5);

    make_context(0);
    cr_assert_eq(uvm_call(uvm, UVM_REGISTER_CHANNEL, &in, sizeof in), 0);
    set_paused(true);
    reset_counts();
    cr_assert_eq(uvm_call(other, UVM_UNREGISTER_CHANNEL, &out, sizeof out), 0);
    cr_expect_eq(n_switches, 0);
    proxy_release(&fake->proxy, other->id);
    cr_expect_eq(n_switches, 0);
    proxy_release(&fake->proxy, uvm->id);
    cr_expect_eq(n_switches, 2, "on, and off again: closing the file takes the registration away");
}

Test(pause, a_channel_that_the_driver_does_not_know_does_not_save_the_others)
{
    make_context(0);
    make_context(1);
    thing(CHANNEL + 1)->handle = 1;
    set_paused(true);
    cr_expect_eq(n_running(), 1, "only the one that has no name");
    set_paused(false);
    cr_expect_eq(n_running(), 4);
}

Test(pause, when_the_instance_ends_all_channels_run)
{
    make_context(0);
    set_paused(true);
    proxy_clear(&fake->proxy);
    cr_expect_eq(n_running(), 2);
    proxy_init(&fake->proxy, fake->abi, NV_CAPS_SUPPORTED, fake->devices,
               G_N_ELEMENTS(fake->devices), &(ProxyLimits){16, {4, 64}}, &fake->host);
}
