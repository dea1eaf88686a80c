/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a device node belongs to NVIDIA's driver or to another, according to /sys/devices. */
#include <unistd.h>

#include <glib/gstdio.h>

#include <criterion/criterion.h>

#include "cuse-server/inventory/host-numbers.h"

static void make_driver(const char *top, const char *directory, const char *driver)
{
    g_autofree char *path = g_build_filename(top, directory, NULL);
    g_autofree char *link = g_build_filename(path, "driver", NULL);
    g_autofree char *target = g_strconcat("/nowhere/drivers/", driver, NULL);

    cr_assert_eq(g_mkdir_with_parents(path, 0700), 0);
    cr_assert_eq(symlink(target, link), 0);
}

static bool is_of_others(const char *top, const char *node)
{
    g_autofree char *path = g_build_filename(top, node, NULL);

    return host_numbers_node_is_of_others(path);
}

/* As in /sys/devices, a node's driver is bound to a device some directories above the node. */
Test(host_numbers, tells_drivers_from_nvidias)
{
    g_autofree char *top = g_dir_make_tmp("nvcuse-XXXXXX", NULL);
    const char *const remove[] = {"rm", "-r", top, NULL};

    make_driver(top, "pci/0.1", "pcieport");
    make_driver(top, "pci/0.1/gpu", "nvidia");
    make_driver(top, "pci/0.1/display", "i915");
    cr_assert_not(is_of_others(top, "pci/0.1/gpu/drm/card1"));
    cr_assert_not(is_of_others(top, "pci/0.1/gpu/i2c-4/i2c-dev/i2c-4"));
    cr_assert_not(is_of_others(top, "pci/0.1/gpu/graphics/fb0"));
    cr_assert(is_of_others(top, "pci/0.1/display/drm/card0"));
    cr_assert(is_of_others(top, "pci/0.1/display/drm/card0/card0-DP-1/drm_dp_aux_dev/drm_dp_aux0"));
    cr_assert_not(is_of_others(top, "pci/0.1/other/drm/card2"), "no driver that could be told");
    cr_assert_not(is_of_others(top, "virtual/drm/card3"));
    g_spawn_sync(NULL, (char **)remove, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                 NULL);
}
