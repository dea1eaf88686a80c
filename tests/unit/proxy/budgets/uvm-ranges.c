/* SPDX-License-Identifier: Apache-2.0 */
/* What is mapped in a UVM file, compared after random calls with a model that knows every page. */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/proxy/budgets/uvm-ranges.h"

enum {
    GPUS = 3,
    RANGES = 4,
    RANGE_PAGES = 12,
    PAGES = RANGES * RANGE_PAGES,
    PAGE = 4096,
    STEPS = 20000,
    SEED = 18,
};

/* Memory that was allocated. @handle: the reference that its object holds; NULL: the object was freed */
typedef struct {
    Charge *handle;
    uint64_t bytes;
} Memory;

/* Which memory a call mapped. A call's pages that are neighbours are one mapping. */
typedef struct {
    unsigned memory;
} Mapping;

/* The model. @pages: number of the mapping that is there, plus 1; 0: nothing */
static Memory memories[STEPS];
static Mapping mappings[STEPS * GPUS];
static unsigned n_memories;
static unsigned n_mappings;
static unsigned pages[GPUS][PAGES];
static bool range_exists[RANGES];

static const uint8_t gpus[GPUS][UVM_GPU_UUID_SIZE] = {{1}, {2}, {1, [15] = 1}};
static Budgets budgets;
static UvmRanges *ranges;
static GRand *numbers;

static unsigned below(unsigned n)
{
    return (unsigned)g_rand_int_range(numbers, 0, (gint32)n);
}

static UvmArea area_of(unsigned first, unsigned n)
{
    return (UvmArea){(uint64_t)first * PAGE, (uint64_t)n * PAGE};
}

static void setup(void)
{
    budgets_init(&budgets, NULL, false);
    ranges = uvm_ranges_new();
    numbers = g_rand_new_with_seed(SEED);
}

static void teardown(void)
{
    uvm_ranges_free(ranges);
    g_rand_free(numbers);
}

TestSuite(uvm_ranges, .init = setup, .fini = teardown);

/* --- the model --------------------------------------------------------------------------------- */

static uint64_t model_used(void)
{
    g_autofree bool *held = g_new0(bool, STEPS);
    uint64_t sum = 0;

    for (unsigned g = 0; g < GPUS; g++) {
        for (unsigned p = 0; p < PAGES; p++) {
            if (pages[g][p]) {
                held[mappings[pages[g][p] - 1].memory] = true;
            }
        }
    }
    for (unsigned m = 0; m < n_memories; m++) {
        sum += held[m] || memories[m].handle ? memories[m].bytes : 0;
    }
    return sum;
}

static unsigned model_size(void)
{
    unsigned n = 0;

    for (unsigned r = 0; r < RANGES; r++) {
        n += range_exists[r];
    }
    for (unsigned g = 0; g < GPUS; g++) {
        for (unsigned p = 0; p < PAGES; p++) {
            n += pages[g][p] && (p == 0 || pages[g][p - 1] != pages[g][p]);
        }
    }
    return n;
}

static void model_set(unsigned gpu, unsigned first, unsigned n, unsigned value)
{
    for (unsigned p = first; p < first + n; p++) {
        pages[gpu][p] = value;
    }
}

/* --- random calls ------------------------------------------------------------------------------ */

static void allocate(void)
{
    Memory *memory = &memories[n_memories++];

    memory->bytes = 1 + below(1U << 20);
    memory->handle = charge_new(&budgets.any_gpu, memory->bytes);
    cr_assert(memory->handle);
}

static void free_one(void)
{
    if (n_memories > 0) {
        charge_unref(g_steal_pointer(&memories[n_memories - 1 - below(MIN(n_memories, 8))].handle));
    }
}

static void map_some(unsigned first, unsigned n)
{
    const unsigned memory = n_memories > 0 ? n_memories - 1 - below(MIN(n_memories, 4)) : 0;
    const unsigned n_gpus = 1 + below(GPUS);
    const UvmArea area = area_of(first, n);

    if (n_memories == 0 || !memories[memory].handle) {
        return;
    }
    for (unsigned i = 0; i < n_gpus; i++) {
        const unsigned gpu = below(GPUS); /* the same GPU may come twice */
        uvm_ranges_map(ranges, gpus[gpu], &area, memories[memory].handle);
        mappings[n_mappings] = (Mapping){memory};
        model_set(gpu, first, n, ++n_mappings);
    }
}

static void unmap_some(unsigned first, unsigned n)
{
    const unsigned gpu = below(GPUS);
    const UvmArea area = area_of(first, n);
    const unsigned before = uvm_ranges_size(ranges);
    const bool splits = uvm_ranges_splits(ranges, gpus[gpu], &area);

    if (below(4) == 0) { /* memory that does not count replaces what was there as well */
        uvm_ranges_map(ranges, gpus[gpu], &area, NULL);
    } else {
        uvm_ranges_unmap(ranges, gpus[gpu], &area);
    }
    model_set(gpu, first, n, 0);
    cr_assert_eq(splits, uvm_ranges_size(ranges) == before + 1);
    cr_assert_leq(uvm_ranges_size(ranges), before + 1);
}

static void toggle_range(unsigned range)
{
    const UvmArea area = area_of(range * RANGE_PAGES, RANGE_PAGES);

    range_exists[range] = !range_exists[range];
    if (range_exists[range]) {
        uvm_ranges_add(ranges, UVM_RANGE_EXTERNAL, &area);
        return;
    }
    uvm_ranges_remove(ranges, area.base);
    for (unsigned g = 0; g < GPUS; g++) {
        model_set(g, range * RANGE_PAGES, RANGE_PAGES, 0);
    }
}

static void step(void)
{
    const unsigned range = below(RANGES);
    const unsigned offset = below(RANGE_PAGES);
    const unsigned first = range * RANGE_PAGES + offset;
    const unsigned n = 1 + below(RANGE_PAGES - offset);
    const unsigned what = below(100);

    if (what < 10) {
        allocate();
    } else if (what < 20) {
        free_one();
    } else if (what < 60 && range_exists[range]) {
        map_some(first, n);
    } else if (what < 95) {
        unmap_some(first, n);
    } else if (what < 97 || !range_exists[range]) {
        toggle_range(range);
    } else if (what == 97) {
        const unsigned gpu = below(GPUS);
        uvm_ranges_drop_gpu(ranges, gpus[gpu]);
        model_set(gpu, 0, PAGES, 0);
    }
}

Test(uvm_ranges, hold_what_a_model_of_every_page_holds)
{
    unsigned most = 0;

    for (unsigned i = 0; i < STEPS; i++) {
        step();
        cr_assert_eq(budget_used(&budgets.any_gpu), model_used(), "after step %u", i);
        cr_assert_eq(uvm_ranges_size(ranges), model_size(), "after step %u", i);
        most = MAX(most, model_size());
    }
    cr_expect_gt(most, 20, "the calls mapped next to nothing");
    for (unsigned m = 0; m < n_memories; m++) {
        charge_unref(g_steal_pointer(&memories[m].handle));
    }
    uvm_ranges_free(g_steal_pointer(&ranges));
    cr_assert_eq(budget_used(&budgets.any_gpu), 0);
}

/* --- borders ----------------------------------------------------------------------------------- */

static void map(uint64_t base, uint64_t length)
{
    g_autoptr(Charge) charge = charge_new(&budgets.any_gpu, 0x10000);

    uvm_ranges_map(ranges, gpus[0], &(UvmArea){base, length}, charge);
}

Test(uvm_ranges, reach_to_the_last_address_and_not_beyond)
{
    map(UINT64_MAX - PAGE + 1, PAGE);
    map(UINT64_MAX - PAGE + 1, PAGE + 1);
    map(PAGE, 0);
    map(PAGE, UINT64_MAX);
    cr_assert_eq(uvm_ranges_size(ranges), 1);
    cr_assert_eq(budget_used(&budgets.any_gpu), 0x10000);
    uvm_ranges_unmap(ranges, gpus[0], &(UvmArea){0, UINT64_MAX});
    cr_assert_eq(uvm_ranges_size(ranges), 1, "the last byte is still mapped");
    uvm_ranges_unmap(ranges, gpus[0], &(UvmArea){UINT64_MAX, 1});
    cr_assert_eq(uvm_ranges_size(ranges), 0);
    cr_assert_eq(budget_used(&budgets.any_gpu), 0);
}

Test(uvm_ranges, know_semaphore_pools_by_their_bounds)
{
    const UvmArea pool = area_of(4, 4);
    const UvmArea external = area_of(8, 4);

    uvm_ranges_add(ranges, UVM_RANGE_SEMAPHORE_POOL, &pool);
    uvm_ranges_add(ranges, UVM_RANGE_EXTERNAL, &external);
    cr_expect(uvm_ranges_have_pool(ranges, &pool));
    cr_expect_not(uvm_ranges_have_pool(ranges, &external));
    cr_expect_not(uvm_ranges_have_pool(ranges, &(UvmArea){pool.base, pool.length - PAGE}));
    cr_expect_not(uvm_ranges_have_pool(ranges, &(UvmArea){pool.base, pool.length + PAGE}));
    cr_expect_not(uvm_ranges_have_pool(ranges, &(UvmArea){pool.base + PAGE, pool.length - PAGE}));
    uvm_ranges_remove(ranges, pool.base);
    cr_expect_not(uvm_ranges_have_pool(ranges, &pool));
    cr_expect_eq(uvm_ranges_size(ranges), 1);
}
