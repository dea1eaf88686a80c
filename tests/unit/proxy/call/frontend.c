/* SPDX-License-Identifier: Apache-2.0 */
/* The ioctls of nvidiactl and nvidiaN: sizes, descriptors, errors, and the names of calls. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "tests/unit/support/fake-host.h"

static Fake *fake;
static NvFile *ctl;

static void setup(void)
{
    fake = fake_new("535.309.01", NV_CAPS_DEFAULT);
    ctl = fake_open(fake, FAKE_CTL, 3);
}

static void teardown(void)
{
    fake_free(fake);
}

TestSuite(frontend, .init = setup, .fini = teardown);

static void assert_refused(int error, int expected, Refusal refusal)
{
    cr_assert_eq(error, expected, "errno %d", error);
    cr_assert_eq(fake->n_calls, 0, "the host was asked");
    cr_assert_eq(fake->request.event.refusal, refusal, "%s",
                 refusal_name(fake->request.event.refusal));
}

static int answer_version(Fake *f, uint32_t command, void *argument)
{
    nv_ioctl_rm_api_version_t *p = argument;

    (void)f;
    (void)command;
    p->reply = NV_RM_API_VERSION_REPLY_RECOGNIZED;
    strcpy(p->versionString, "535.309.01");
    return 0;
}

Test(frontend, a_struct_goes_through_and_comes_back)
{
    nv_ioctl_rm_api_version_t p = {.cmd = NV_RM_API_VERSION_CMD_QUERY};

    fake->answer = answer_version;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_CHECK_VERSION_STR, &p, sizeof p), 0);
    cr_assert_eq(fake->n_calls, 1);
    cr_assert_eq(fake->last.fd, ctl->fd);
    cr_assert_eq(fake->last.command, 0xc04846d2);
    cr_assert_str_eq(p.versionString, "535.309.01");
    cr_assert_eq(fake->request.event.status, CALL_NO_STATUS);
    cr_assert_eq(fake->rounds, 2);
}

Test(frontend, the_type_byte_and_direction_of_the_guest_do_not_count)
{
    nv_ioctl_sys_params_t p = {.memblock_size = 7};

    memcpy(fake_at(fake, GUEST_BASE), &p, sizeof p);
    cr_assert_eq(fake_ioctl(fake, ctl, _IOC(0U, 'x', NV_ESC_SYS_PARAMS, sizeof p), GUEST_BASE), 0);
    cr_assert_eq(fake->last.command, 0xc00846d6);
}

Test(frontend, an_array_of_any_size)
{
    nv_ioctl_card_info_t cards[32] = {0};

    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_CARD_INFO, cards, sizeof cards), 0);
    cr_assert_eq(_IOC_SIZE(fake->last.command), sizeof cards);
    cr_assert_eq(fake_ioctl(fake, ctl, _IOC(3U, 'F', NV_ESC_CARD_INFO, 0), GUEST_BASE), 0);
    cr_assert(fake->last.null_argument);
}

Test(frontend, unknown_numbers_and_wrong_sizes_never_reach_the_host)
{
    char p[64] = {0};

    assert_refused(fake_frontend(fake, ctl, 0xd1, p, 12), EINVAL, REFUSAL_UNKNOWN_IOCTL);
    assert_refused(fake_frontend(fake, ctl, 0x00, p, 12), EINVAL, REFUSAL_UNKNOWN_IOCTL);
    assert_refused(fake_frontend(fake, ctl, 0xff, p, 12), EINVAL, REFUSAL_UNKNOWN_IOCTL);
    assert_refused(fake_frontend(fake, ctl, NV_ESC_SYS_PARAMS, p, 7), EINVAL, REFUSAL_SIZE);
    assert_refused(fake_frontend(fake, ctl, NV_ESC_SYS_PARAMS, p, 9), EINVAL, REFUSAL_SIZE);
    assert_refused(fake_frontend(fake, ctl, NV_ESC_RM_FREE, p, 0), EINVAL, REFUSAL_SIZE);
    cr_assert_eq(fake->rounds, 1, "a wrong size is refused before memory is read");
}

Test(frontend, numa_info_is_the_hosts_alone)
{
    char p[560] = {0};

    assert_refused(fake_frontend(fake, ctl, NV_ESC_NUMA_INFO, p, sizeof p), EINVAL,
                   REFUSAL_BY_DESIGN);
}

Test(frontend, an_entry_whose_capability_is_closed)
{
    char p[128] = {0};

    assert_refused(fake_frontend(fake, ctl, NV_ESC_RM_MAP_MEMORY_DMA, p, 48), EINVAL,
                   REFUSAL_CAPABILITY);
}

Test(frontend, memory_that_is_not_there)
{
    uint32_t command = _IOC(3U, 'F', NV_ESC_SYS_PARAMS, 8);

    cr_assert_eq(fake_ioctl(fake, ctl, command, 0), EFAULT);
    cr_assert_eq(fake_ioctl(fake, ctl, command, UINT64_MAX), EFAULT);
    cr_assert_eq(fake_ioctl(fake, ctl, command, GUEST_BASE + GUEST_SIZE - 4), EFAULT);
    cr_assert_eq(fake->n_calls, 0);
    cr_assert_eq(fake_ioctl(fake, ctl, command, GUEST_BASE + GUEST_SIZE - 8), 0);
    cr_assert_eq(fake->n_calls, 1);
}

static int answer_ebusy(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    (void)command;
    memset(argument, 0xee, 8);
    return EBUSY;
}

Test(frontend, an_errno_of_the_host_comes_back_and_nothing_else)
{
    nv_ioctl_sys_params_t p = {.memblock_size = 7};

    fake->answer = answer_ebusy;
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_SYS_PARAMS, &p, sizeof p), EBUSY);
    cr_assert_eq(p.memblock_size, 7);
}

static int answer_scribble(Fake *f, uint32_t command, void *argument)
{
    (void)f;
    (void)command;
    memset(argument, 0x55, sizeof(nv_ioctl_register_fd_t));
    return 0;
}

Test(frontend, register_fd_is_translated_and_never_copied_out)
{
    NvFile *gpu = fake_open(fake, FAKE_GPU, 4);
    nv_ioctl_register_fd_t p = {.ctl_fd = 3};
    nv_ioctl_register_fd_t seen;

    fake->answer = answer_scribble;
    cr_assert_eq(fake_frontend(fake, gpu, NV_ESC_REGISTER_FD, &p, sizeof p), 0);
    memcpy(&seen, fake->last.argument, sizeof seen);
    cr_assert_eq(seen.ctl_fd, ctl->fd);
    cr_assert_eq(fake->last.fd, gpu->fd);
    cr_assert_eq(p.ctl_fd, 3);
}

Test(frontend, register_fd_with_a_wrong_descriptor)
{
    fake_open(fake, FAKE_UVM, 5);
    for (int i = 0; i < 4; i++) {
        const int fds[] = {-1, 99, 5 /* the wrong kind */, HOST_FD_BASE + 1 /* a host number */};
        nv_ioctl_register_fd_t p = {.ctl_fd = fds[i]};
        assert_refused(fake_frontend(fake, ctl, NV_ESC_REGISTER_FD, &p, sizeof p), EINVAL,
                       REFUSAL_BAD_FD);
    }
}

Test(frontend, a_file_that_was_closed_is_no_longer_a_file)
{
    NvFile *gpu = fake_open(fake, FAKE_GPU, 4);
    nv_ioctl_register_fd_t p = {.ctl_fd = 4};

    cr_assert_eq(fake->n_open, 2);
    proxy_release(&fake->proxy, gpu->id);
    cr_assert_eq(fake->n_open, 1);
    assert_refused(fake_frontend(fake, ctl, NV_ESC_REGISTER_FD, &p, sizeof p), EINVAL,
                   REFUSAL_BAD_FD);
}

Test(frontend, every_call_is_named)
{
    nv_ioctl_sys_params_t p = {0};

    fake_frontend(fake, ctl, NV_ESC_SYS_PARAMS, &p, sizeof p);
    cr_assert_str_eq(fake->request.event.device, "nvidiactl");
    cr_assert_str_eq(fake->request.event.call, "NV_ESC_SYS_PARAMS");
}

Test(frontend, uvm_tools_takes_nothing)
{
    NvFile *tools = fake_open(fake, FAKE_TOOLS, 6);

    assert_refused(fake_ioctl(fake, tools, 0x30000001, GUEST_BASE), EINVAL, REFUSAL_UNKNOWN_IOCTL);
}
