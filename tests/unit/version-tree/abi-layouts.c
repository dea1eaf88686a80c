/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of structs' members, and the flat rows that are made from them. */
#include <string.h>

#include <criterion/criterion.h>

#include "abi/alloc-channel.h"
#include "abi/alloc.h"
#include "abi/control/ctrl-channel.h"
#include "abi/control/ctrl2080-bus.h"
#include "abi/control/ctrl2080-gpu.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "version-tree/show/abi-diff.h"

/* The row of a struct's member; NULL: there is none. */
static const AbiFieldRow *row_of(const GArray *rows, const char *path)
{
    for (guint i = 0; i < rows->len; i++) {
        const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, i);

        if (strcmp(row->path, path) == 0) {
            return row;
        }
    }
    return NULL;
}

static void check_row(const AbiLayout *layout, const char *path, uint32_t offset, uint32_t size,
                      const char *type)
{
    g_autoptr(GArray) rows = abi_layout_rows(layout);
    const AbiFieldRow *row = row_of(rows, path);

    cr_assert_not_null(row, "%s has no %s", layout->name, path);
    cr_assert(row->offset == offset && row->size == size, "%s.%s is at %u, %u bytes", layout->name,
              path, row->offset, row->size);
    cr_assert_str_eq(row->type, type);
}

Test(layouts, name_members_and_arrays)
{
    check_row(&NVOS54_PARAMETERS_layout, "params", 16, 8, "NvP64");
    check_row(&nv_ioctl_card_info_t_layout, "pci_info", 4, 12, "nv_pci_info_t");
    check_row(&nv_ioctl_card_info_t_layout, "dev_name", 60, 10, "NvU8[10]");
    cr_assert_eq(NVOS54_PARAMETERS_layout.n_fields, 7);
}

Test(layouts, spell_out_what_has_no_name)
{
    const AbiLayout *atomics = &NV2080_CTRL_CMD_BUS_GET_PCIE_SUPPORTED_GPU_ATOMICS_PARAMS_layout;
    g_autoptr(GArray) rows = abi_layout_rows(&NVOS32_PARAMETERS_layout);

    check_row(&NVOS32_PARAMETERS_layout, "data.AllocSize.owner", 40, 4, "NvU32");
    check_row(&NVOS32_PARAMETERS_layout, "data.Info.size", 56, 8, "NvU64");
    cr_assert_null(row_of(rows, "data"));
    check_row(atomics, "atomicOp", 0, 104, "struct[13]");
    check_row(atomics, "atomicOp[].attributes", 4, 4, "NvU32");
    /* A union without a member name: its members are the struct's. */
    check_row(&CC_KMB_layout, "hmacBundle", 56, 64, "CC_HMAC_CRYPTOBUNDLE");
    check_row(&CC_KMB_layout, "decryptBundle", 56, 56, "CC_AES_CRYPTOBUNDLE");
}

Test(layouts, a_later_shape_keeps_the_drivers_name)
{
    cr_assert_str_eq(NV_CHANNEL_ALLOC_PARAMS_V570_layout.name, "NV_CHANNEL_ALLOC_PARAMS");
    cr_assert_str_eq(NV_CHANNEL_ALLOC_PARAMS_V570_layout.since, "570");
    check_row(&NV_CHANNEL_ALLOC_PARAMS_V610_layout, "hHandleVASpace", 32, 4, "NvHandle");
    /* The element type has changed its shape as well, but not its name. */
    check_row(&NV2080_CTRL_CMD_NVLINK_GET_NVLINK_STATUS_PARAMS_V570_layout, "linkInfo", 8, 13312,
              "NV2080_CTRL_NVLINK_LINK_STATUS_INFO[64]");
}

/* Every row of every struct of every driver is inside its struct, and after the previous row or in a union. */
Test(layouts, are_sound_at_every_driver)
{
    size_t n;
    const DriverRelease *const *releases = driver_releases(&n);

    for (size_t i = 0; i < n; i++) {
        g_autoptr(DriverAbi) abi = driver_abi_new(releases[i]);
        g_autoptr(GPtrArray) structs = driver_abi_structs(abi);

        cr_assert_gt(structs->len, 300);
        for (guint k = 0; k < structs->len; k++) {
            const AbiLayout *layout = structs->pdata[k];
            g_autoptr(GArray) rows = abi_layout_rows(layout);

            cr_assert_eq(layout->size == 0, layout->kind == ABI_TYPE_OPAQUE, "%s", layout->name);
            cr_assert_eq(rows->len == 0, layout->kind == ABI_TYPE_OPAQUE, "%s", layout->name);
            for (guint r = 0; r < rows->len; r++) {
                const AbiFieldRow *row = &g_array_index(rows, AbiFieldRow, r);

                cr_assert(row->size > 0 && row->size <= layout->size &&
                              row->offset <= layout->size - row->size,
                          "%s.%s", layout->name, row->path);
            }
        }
    }
}

Test(layouts, a_driver_has_one_shape_of_each_struct)
{
    size_t n;
    const DriverRelease *const *releases = driver_releases(&n);

    for (size_t i = 0; i < n; i++) {
        g_autoptr(DriverAbi) abi = driver_abi_new(releases[i]);
        g_autoptr(GPtrArray) structs = driver_abi_structs(abi);

        for (guint k = 1; k < structs->len; k++) {
            const AbiLayout *a = structs->pdata[k - 1], *b = structs->pdata[k];

            cr_assert_lt(strcmp(a->name, b->name), 0, "%s has two shapes", a->name);
        }
    }
}

Test(layouts, differences_are_found_by_name)
{
    g_autoptr(GArray) a = abi_layout_rows(&NV_CHANNEL_ALLOC_PARAMS_layout);
    g_autoptr(GArray) b = abi_layout_rows(&NV_CHANNEL_ALLOC_PARAMS_V570_layout);
    g_autoptr(GArray) same = abi_rows_diff(a, a);
    g_autoptr(GArray) forward = abi_rows_diff(a, b);
    g_autoptr(GArray) backward = abi_rows_diff(b, a);

    cr_assert_eq(same->len, 0);
    cr_assert_eq(forward->len, 1);
    cr_assert_eq(g_array_index(forward, AbiFieldDiff, 0).before, -1);
    cr_assert_eq(backward->len, 1);
    cr_assert_eq(g_array_index(backward, AbiFieldDiff, 0).after, -1);
}

Test(status, has_the_drivers_names)
{
    cr_assert_str_eq(nv_status_name(NV_OK), "NV_OK");
    cr_assert_str_eq(nv_status_name(0x23), "NV_ERR_INVALID_CLIENT");
    cr_assert_str_eq(nv_status_name(0x10006), "NV_WARN_NOTHING_TO_DO");
    cr_assert_null(nv_status_name(0xdeadbeef));
}
