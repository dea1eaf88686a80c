/* SPDX-License-Identifier: Apache-2.0 */
/* The list of ioctls that a worker may make at the host, by driver version and capabilities. */
#include <criterion/criterion.h>

#include "cuse-server/proxy/host-commands.h"

static GArray *commands_of(const char *version, NvCaps caps, bool scope_gpus)
{
    DriverVersion parsed;

    cr_assert(driver_version_parse(version, &parsed, NULL));
    g_autoptr(DriverAbi) abi = driver_abi_new(driver_release_find(parsed));
    return host_commands(abi, caps, scope_gpus);
}

/* For comparison: nvproxy's filter, which has the words of all versions at once. */
Test(host_commands, words_of_the_usual_capabilities)
{
    static const uint32_t wanted[] = {
        0xc0384627, 0xc0104629, 0xc020462a, 0xc030462b, 0xc01c4634, 0xc0184635,
        0xc0b8464a, 0xc038464e, 0xc020464f, 0xc028465e, 0xc00446c9, 0xc01046ce,
        0xc01046cf, 0xc04846d2, 0xc00846d6, 0xc00846da, 0x30000001,
    };
    static const uint32_t closed[] = {
        0xc0384641, 0xc0384654, 0xc0604657, 0xc03046d9, 0xc020462b, /* the shorter form of alloc */
        0xc010462a, 0xc01046d7, 0x5401,     0,
    };
    g_autoptr(GArray) commands = commands_of("580.105.08", NV_CAP_COMPUTE | NV_CAP_UTILITY, false);

    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        cr_expect(host_commands_have(commands, wanted[i]), "%#x is missing", wanted[i]);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(closed); i++) {
        cr_expect_not(host_commands_have(commands, closed[i]), "%#x is open", closed[i]);
    }
}

Test(host_commands, arrays_may_have_any_size)
{
    g_autoptr(GArray) commands = commands_of("580.105.08", NV_CAP_UTILITY, false);

    cr_expect(host_commands_have(commands, 0xc00046c8));
    cr_expect(host_commands_have(commands, 0xc90046c8));
    cr_expect_not(host_commands_have(commands, 0x400046c8), "another direction");
}

Test(host_commands, follow_the_version)
{
    g_autoptr(GArray) old = commands_of("535.104.05", NV_CAP_UTILITY | NV_CAP_RDMA, false);
    g_autoptr(GArray) new = commands_of("580.105.08", NV_CAP_UTILITY | NV_CAP_RDMA, false);

    cr_expect_not(host_commands_have(old, 0xc00846da), "NV_ESC_WAIT_OPEN_COMPLETE came with 550");
    cr_expect(host_commands_have(new, 0xc00846da));
    /* The size of nv_ioctl_export_to_dma_buf_fd_t has grown. */
    cr_expect(host_commands_have(old, 0xca2846d9));
    cr_expect_not(host_commands_have(old, 0xca3046d9));
    cr_expect(host_commands_have(new, 0xca3046d9));
    cr_expect_not(host_commands_have(new, 0xca2846d9));
}

Test(host_commands, scoping_asks_for_itself)
{
    g_autoptr(GArray) without = commands_of("580.105.08", 0, false);
    g_autoptr(GArray) with = commands_of("580.105.08", 0, true);

    cr_expect_eq(without->len, 0);
    cr_expect_eq(with->len, 3);
    cr_expect(host_commands_have(with, 0xc020462a));
}
