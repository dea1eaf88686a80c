/* SPDX-License-Identifier: Apache-2.0 */
/* Driver capabilities as an option or a container's environment names them. */
#include <criterion/criterion.h>

#include "version-tree/driver-version.h"
#include "version-tree/nv-caps.h"

static void check_option(const char *text, NvCaps expected)
{
    NvCaps caps = ~0u;

    cr_assert(nv_caps_parse(text, &caps, NULL), "%s", text);
    cr_assert_eq(caps, expected, "'%s' gave %#x", text, caps);
}

static void check_option_refused(const char *text)
{
    g_autoptr(GError) error = NULL;
    NvCaps caps = 7;

    cr_assert_not(nv_caps_parse(text, &caps, &error), "%s", text);
    cr_assert(g_error_matches(error, DRIVER_ERROR, DRIVER_ERROR_PARSE));
    cr_assert_eq(caps, 7);
}

Test(caps, option_is_a_list)
{
    check_option("compute,utility", NV_CAP_COMPUTE | NV_CAP_UTILITY);
    check_option(" video ,, graphics,", NV_CAP_VIDEO | NV_CAP_GRAPHICS);
    check_option("", 0);
    check_option("all", NV_CAP_COMPUTE | NV_CAP_UTILITY | NV_CAP_GRAPHICS | NV_CAP_VIDEO);
    check_option("all,rdma", NV_CAPS_ALL | NV_CAP_RDMA);
    check_option("profiling,fabric-imex-mgmt", NV_CAP_PROFILING | NV_CAP_FABRIC_IMEX_MGMT);
}

Test(caps, option_refuses_what_it_cannot_give)
{
    check_option_refused("computer");
    check_option_refused("compute utility");
    check_option_refused("COMPUTE");
    check_option_refused("display");
    check_option_refused("compute,ngx");
    check_option_refused("compat32");
}

Test(caps, all_is_never_privileged)
{
    const NvCaps privileged = NV_CAP_FABRIC_IMEX_MGMT | NV_CAP_PROFILING | NV_CAP_RDMA;

    cr_assert_eq(NV_CAPS_ALL & privileged, 0);
    cr_assert_eq(NV_CAPS_SUPPORTED, 0x3b5);
    cr_assert_eq(NV_CAPS_ALL, 0x35);
    cr_assert_eq(NV_CAPS_DEFAULT, 0x11);
}

static void check_environment(const char *value, gboolean legacy, NvCaps allowed, NvCaps expected)
{
    NvCaps caps = ~0u;
    NvCaps unserved = ~0u;

    cr_assert(nv_caps_from_environment(value, legacy, allowed, &caps, &unserved, NULL), "%s",
              value);
    cr_assert_eq(unserved, 0);
    cr_assert_eq(caps, expected, "'%s' gave %#x", value ? value : "(unset)", caps);
}

Test(caps, environment_selects_from_what_is_allowed)
{
    const NvCaps allowed = NV_CAP_COMPUTE | NV_CAP_UTILITY | NV_CAP_VIDEO;

    check_environment(NULL, FALSE, allowed, NV_CAPS_DEFAULT);
    check_environment(NULL, TRUE, allowed, allowed);
    check_environment("", FALSE, allowed, NV_CAPS_DEFAULT);
    check_environment("", TRUE, allowed, NV_CAPS_DEFAULT);
    check_environment("all", FALSE, allowed, allowed);
    check_environment("video,all", FALSE, allowed, allowed);
    check_environment("video", FALSE, allowed, NV_CAP_VIDEO);
    check_environment(NULL, FALSE, NV_CAP_VIDEO | NV_CAP_COMPUTE, NV_CAP_COMPUTE);
}

Test(caps, environment_may_not_ask_for_more)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) unknown = NULL;
    NvCaps caps;
    NvCaps unserved;

    cr_assert_not(nv_caps_from_environment("compute,graphics", FALSE, NV_CAPS_DEFAULT, &caps,
                                           &unserved, &error));
    cr_assert_str_eq(error->message,
                     "driver capability graphics is not allowed to this container "
                     "(NVIDIA_DRIVER_CAPABILITIES=compute,graphics): expected a part of "
                     "compute,utility; allow it with 'caps' in /etc/nvcuse/runtime.conf");
    cr_assert_not(
        nv_caps_from_environment("gpu", FALSE, NV_CAPS_DEFAULT, &caps, &unserved, &unknown));
}

Test(caps, environment_may_name_what_there_is_nothing_for)
{
    g_autoptr(GError) error = NULL;
    NvCaps caps;
    NvCaps unserved;

    cr_assert(nv_caps_from_environment("graphics,compat32,utility,display", FALSE, NV_CAPS_ALL,
                                       &caps, &unserved, NULL));
    cr_assert_eq(caps, NV_CAP_GRAPHICS | NV_CAP_UTILITY);
    cr_assert_eq(unserved, NV_CAP_COMPAT32 | NV_CAP_DISPLAY);
    cr_assert_not(
        nv_caps_from_environment("ngx", FALSE, NV_CAPS_DEFAULT, &caps, &unserved, &error));
    cr_assert_str_eq(error->message,
                     "NVIDIA_DRIVER_CAPABILITIES=ngx: nvcuse has nothing for these driver "
                     "capabilities: expected also a part of compute,utility");
    cr_assert_not(
        nv_caps_from_environment("display,video", FALSE, NV_CAPS_DEFAULT, &caps, &unserved, NULL),
        "what is closed is refused all the same");
}

Test(caps, are_written_in_the_order_of_their_bits)
{
    g_autofree char *some = nv_caps_format(NV_CAP_RDMA | NV_CAP_COMPUTE | NV_CAP_VIDEO, "|");
    g_autofree char *none = nv_caps_format(0, "|");

    cr_assert_str_eq(some, "compute|video|rdma");
    cr_assert_str_eq(none, "");
}
