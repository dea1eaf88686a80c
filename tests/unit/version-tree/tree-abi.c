/* SPDX-License-Identifier: Apache-2.0 */
/* Composing a driver's tables from the releases on its path. */
#include <string.h>
#include <time.h>

#include <criterion/criterion.h>

#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/control/ctrl0000.h"
#include "abi/control/ctrl2080-fb.h"
#include "abi/nv-ioctl.h"
#include "abi/uvm.h"
#include "version-tree/driver-abi.h"

static DriverAbi *abi_of(const char *text)
{
    DriverVersion v;

    cr_assert(driver_version_parse(text, &v, NULL));
    cr_assert_not_null(driver_release_find(v), "%s", text);
    return driver_abi_new(driver_release_find(v));
}

/* The layout of an entry at a version; NULL: there is no such entry. */
static const AbiLayout *layout_at(const char *version, AbiKind kind, uint32_t number)
{
    g_autoptr(DriverAbi) abi = abi_of(version);
    const AbiEntry *entry = driver_abi_lookup(abi, kind, number);

    return entry ? entry->layout : NULL;
}

/* ---- a small tree of our own: root <- middle <- left, middle <- right ---- */

#define ENTRY(NUMBER, NAME, HANDLER, CAPS, LAYOUT)                                     \
    {                                                                                  \
        .kind = ABI_CONTROL, .number = (NUMBER), .name = (NAME), .handler = (HANDLER), \
        .caps = (CAPS), .layout = (LAYOUT)                                             \
    }

static const AbiChange root_rows[] = {
    {ABI_ADD, ENTRY(30, "thirty", HANDLER_ctrl_simple, NV_CAP_COMPUTE, NULL)},
    {ABI_ADD, ENTRY(10, "ten", HANDLER_ctrl_simple, NV_CAP_COMPUTE, &NVOS54_PARAMETERS_layout)},
    {ABI_ADD, ENTRY(20, "twenty", HANDLER_ctrl_simple, NV_CAP_COMPUTE, NULL)},
};
static const DriverRelease root = {
    .version = {1, 0, 0}, .changes = root_rows, .n_changes = G_N_ELEMENTS(root_rows)};

static const AbiShape middle_shapes[] = {
    {&NVOS54_PARAMETERS_layout, &NVOS64_PARAMETERS_layout},
};
static const DriverRelease middle = {.version = {2, 0, 0},
                                     .parent = &root,
                                     .shapes = middle_shapes,
                                     .n_shapes = G_N_ELEMENTS(middle_shapes)};

static const AbiChange left_rows[] = {
    {ABI_REMOVE, {.kind = ABI_CONTROL, .number = 20, .name = "twenty"}},
    {ABI_REPLACE, ENTRY(30, "thirty-b", HANDLER_ctrl_info_list, NV_CAP_VIDEO, NULL)},
    {ABI_ADD, ENTRY(5, "five", HANDLER_ctrl_simple, NV_CAP_COMPUTE, &NVOS54_PARAMETERS_layout)},
};
static const AbiShape left_shapes[] = {
    {&NVOS54_PARAMETERS_layout, &NVOS55_PARAMETERS_layout},
};
static const DriverRelease left = {.version = {3, 0, 0},
                                   .parent = &middle,
                                   .changes = left_rows,
                                   .n_changes = G_N_ELEMENTS(left_rows),
                                   .shapes = left_shapes,
                                   .n_shapes = G_N_ELEMENTS(left_shapes)};

static const AbiChange right_rows[] = {
    {ABI_REMOVE, {.kind = ABI_CONTROL, .number = 10, .name = "ten"}},
};
static const DriverRelease right = {.version = {4, 0, 0},
                                    .parent = &middle,
                                    .changes = right_rows,
                                    .n_changes = G_N_ELEMENTS(right_rows)};

Test(composition, sorts_a_nodes_rows_by_number)
{
    g_autoptr(DriverAbi) abi = driver_abi_new(&root);
    size_t n;
    const AbiEntry *entries = driver_abi_entries(abi, ABI_CONTROL, &n);

    cr_assert_eq(n, 3);
    cr_assert(entries[0].number == 10 && entries[1].number == 20 && entries[2].number == 30);
    cr_assert_eq(driver_abi_lookup(abi, ABI_CONTROL, 20), &entries[1]);
    cr_assert_null(driver_abi_lookup(abi, ABI_CONTROL, 15));
    cr_assert_null(driver_abi_lookup(abi, ABI_CONTROL, 0));
    cr_assert_null(driver_abi_lookup(abi, ABI_CONTROL, UINT32_MAX));
    cr_assert_null(driver_abi_lookup(abi, ABI_ALLOC, 20));
}

Test(composition, replaces_adds_and_removes)
{
    g_autoptr(DriverAbi) abi = driver_abi_new(&left);
    const AbiEntry *thirty = driver_abi_lookup(abi, ABI_CONTROL, 30);
    const AbiEntry *five = driver_abi_lookup(abi, ABI_CONTROL, 5);

    cr_assert_null(driver_abi_lookup(abi, ABI_CONTROL, 20));
    cr_assert_str_eq(thirty->name, "thirty-b");
    cr_assert(thirty->handler == HANDLER_ctrl_info_list && thirty->caps == NV_CAP_VIDEO);
    cr_assert(thirty->since == &root && thirty->changed == &left);
    cr_assert(five->since == &left && five->changed == &left);
}

Test(composition, leaves_other_branches_alone)
{
    g_autoptr(DriverAbi) abi = driver_abi_new(&right);

    cr_assert_not_null(driver_abi_lookup(abi, ABI_CONTROL, 20));
    cr_assert_null(driver_abi_lookup(abi, ABI_CONTROL, 10));
    cr_assert_null(driver_abi_lookup(abi, ABI_CONTROL, 5));
    cr_assert_str_eq(driver_abi_lookup(abi, ABI_CONTROL, 30)->name, "thirty");
}

Test(composition, gives_an_entry_the_nearest_shape_of_its_struct)
{
    g_autoptr(DriverAbi) a = driver_abi_new(&root);
    g_autoptr(DriverAbi) b = driver_abi_new(&middle);
    g_autoptr(DriverAbi) c = driver_abi_new(&left);

    cr_assert_eq(driver_abi_lookup(a, ABI_CONTROL, 10)->layout, &NVOS54_PARAMETERS_layout);
    cr_assert_eq(driver_abi_lookup(b, ABI_CONTROL, 10)->layout, &NVOS64_PARAMETERS_layout);
    cr_assert_eq(driver_abi_lookup(b, ABI_CONTROL, 10)->changed, &middle);
    cr_assert_eq(driver_abi_lookup(c, ABI_CONTROL, 10)->layout, &NVOS55_PARAMETERS_layout);
    cr_assert_eq(driver_abi_lookup(c, ABI_CONTROL, 5)->layout, &NVOS55_PARAMETERS_layout);
}

/* ---- the real tree ---- */

Test(tree, rows_fit_their_parents)
{
    size_t n_releases;
    const DriverRelease *const *releases = driver_releases(&n_releases);

    for (size_t i = 0; i < n_releases; i++) {
        g_autoptr(DriverAbi) parent =
            releases[i]->parent ? driver_abi_new(releases[i]->parent) : NULL;

        for (size_t k = 0; k < releases[i]->n_changes; k++) {
            const AbiChange *row = &releases[i]->changes[k];
            const AbiEntry *old =
                parent ? driver_abi_lookup(parent, row->entry.kind, row->entry.number) : NULL;

            cr_assert_eq(old == NULL, row->op == ABI_ADD, "%s", row->entry.name);
            cr_assert(row->op == ABI_REMOVE || row->entry.caps != 0, "%s", row->entry.name);
            cr_assert(row->op == ABI_REMOVE ||
                          abi_handler_kind(row->entry.handler) == row->entry.kind,
                      "%s", row->entry.name);
            cr_assert(row->op != ABI_REMOVE || strcmp(old->name, row->entry.name) == 0);
        }
    }
}

Test(tree, shapes_keep_the_name_and_carry_the_nodes_series)
{
    size_t n_releases;
    const DriverRelease *const *releases = driver_releases(&n_releases);

    for (size_t i = 0; i < n_releases; i++) {
        for (size_t k = 0; k < releases[i]->n_shapes; k++) {
            const AbiShape *shape = &releases[i]->shapes[k];

            cr_assert_str_eq(shape->of->name, shape->is->name);
            cr_assert_null(shape->of->since);
            cr_assert_eq(g_ascii_strtoull(shape->is->since, NULL, 10), releases[i]->version.major,
                         "%s", shape->is->name);
        }
    }
}

Test(tree, every_shape_is_in_use_at_its_node)
{
    size_t n_releases;
    const DriverRelease *const *releases = driver_releases(&n_releases);

    for (size_t i = 0; i < n_releases; i++) {
        g_autoptr(DriverAbi) abi = driver_abi_new(releases[i]);

        for (size_t k = 0; k < releases[i]->n_shapes; k++) {
            bool used = false;

            for (int kind = 0; kind < N_ABI_KINDS; kind++) {
                size_t n;
                const AbiEntry *entries = driver_abi_entries(abi, (AbiKind)kind, &n);

                for (size_t e = 0; e < n; e++) {
                    used |= entries[e].layout == releases[i]->shapes[k].is;
                }
            }
            cr_assert(used, "%s", releases[i]->shapes[k].is->name);
        }
    }
}

Test(tree, a_struct_changes_along_its_own_branch_only)
{
    cr_assert_eq(layout_at("565.57.01", ABI_ALLOC, AMPERE_CHANNEL_GPFIFO_A)->size, 360);
    cr_assert_eq(layout_at("570.86.15", ABI_ALLOC, AMPERE_CHANNEL_GPFIFO_A)->size, 368);
    cr_assert_eq(layout_at("595.71.05", ABI_ALLOC, AMPERE_CHANNEL_GPFIFO_A)->size, 368);
    cr_assert_eq(layout_at("610.43.02", ABI_ALLOC, AMPERE_CHANNEL_GPFIFO_A)->size, 376);
    cr_assert_eq(layout_at("535.309.01", ABI_ALLOC, NV01_MEMORY_SYSTEM)->size, 120);
    cr_assert_eq(layout_at("545.23.06", ABI_ALLOC, NV01_MEMORY_SYSTEM)->size, 128);
    cr_assert_eq(layout_at("550.40.07", ABI_UVM, UVM_MAP_EXTERNAL_ALLOCATION)->size, 1200);
    cr_assert_eq(layout_at("550.54.14", ABI_UVM, UVM_MAP_EXTERNAL_ALLOCATION)->size, 9264);
}

Test(tree, entries_appear_and_disappear)
{
    cr_assert_not_null(layout_at("550.90.12", ABI_CONTROL, 0xc36f0101));
    cr_assert_null(layout_at("555.42.02", ABI_CONTROL, 0xc36f0101));
    cr_assert_not_null(layout_at("595.71.05", ABI_UVM, UVM_CREATE_RANGE_GROUP));
    cr_assert_null(layout_at("610.43.02", ABI_UVM, UVM_CREATE_RANGE_GROUP));
    cr_assert_null(layout_at("545.23.06", ABI_FRONTEND, NV_ESC_WAIT_OPEN_COMPLETE));
    cr_assert_not_null(layout_at("550.40.07", ABI_FRONTEND, NV_ESC_WAIT_OPEN_COMPLETE));
}

Test(tree, a_number_may_change_its_meaning)
{
    g_autoptr(DriverAbi) before = abi_of("570.195.03");
    g_autoptr(DriverAbi) after = abi_of("575.51.02");

    cr_assert_str_eq(driver_abi_lookup(before, ABI_CONTROL, 0x20801358)->name,
                     "NV2080_CTRL_CMD_FB_QUERY_DRAM_ENCRYPTION_INFOROM_SUPPORT");
    cr_assert_str_eq(driver_abi_lookup(after, ABI_CONTROL, 0x20801358)->name,
                     "NV2080_CTRL_CMD_FB_QUERY_DRAM_ENCRYPTION_STATUS");
    cr_assert_null(driver_abi_lookup(after, ABI_CONTROL, 0x20801359));
}

Test(tree, capabilities_and_handlers_change)
{
    g_autoptr(DriverAbi) before = abi_of("545.23.06");
    g_autoptr(DriverAbi) after = abi_of("550.40.07");
    const uint32_t p2p = NV0000_CTRL_CMD_SYSTEM_GET_P2P_CAPS;

    cr_assert_eq(driver_abi_lookup(before, ABI_ALLOC, NV_MEMORY_MAPPER)->caps, NV_CAP_GRAPHICS);
    cr_assert_eq(driver_abi_lookup(after, ABI_ALLOC, NV_MEMORY_MAPPER)->caps, NV_CAP_VIDEO);
    cr_assert_eq(driver_abi_lookup(before, ABI_CONTROL, p2p)->handler, HANDLER_ctrl_get_p2p_caps);
    cr_assert_eq(driver_abi_lookup(after, ABI_CONTROL, p2p)->handler,
                 HANDLER_ctrl_get_p2p_caps_egm);
}

Test(tree, alloc_takes_two_forms)
{
    g_autoptr(DriverAbi) abi = abi_of("580.65.06");
    const AbiEntry *alloc = driver_abi_lookup(abi, ABI_FRONTEND, NV_ESC_RM_ALLOC);

    cr_assert_eq(alloc->layout->size, 48);
    cr_assert_eq(alloc->short_layout->size, 32);
}

/* The most processor time that a composition may take. Sanitizers take several times as much, and neighbours of a busy processor
 * another part. */
#ifdef __SANITIZE_ADDRESS__
enum { COMPOSITION_MS = 10 };
#else
enum { COMPOSITION_MS = 1 };
#endif

Test(tree, composes_quickly)
{
    const DriverRelease *release = driver_release_latest(DRIVER_ARCH_AARCH64);
    struct timespec begin, end;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    for (int i = 0; i < 100; i++) {
        driver_abi_free(driver_abi_new(release));
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    cr_assert_lt((end.tv_sec - begin.tv_sec) * 1000000000L + end.tv_nsec - begin.tv_nsec,
                 COMPOSITION_MS * 100000000L);
}

Test(tree, tables_are_small)
{
    size_t n_releases;
    const DriverRelease *const *releases = driver_releases(&n_releases);

    for (size_t i = 0; i < n_releases; i++) {
        g_autoptr(DriverAbi) abi = driver_abi_new(releases[i]);
        size_t bytes = 0;

        /* A growing array takes at most twice what it holds. */
        for (int kind = 0; kind < N_ABI_KINDS; kind++) {
            size_t n;

            driver_abi_entries(abi, (AbiKind)kind, &n);
            bytes += 2 * n * sizeof(AbiEntry);
        }
        cr_assert_leq(bytes, 65536);
    }
}
