/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that nvidia-uvm maps counts until the driver has certainly dropped the last mapping. */
#include <errno.h>

#include <criterion/criterion.h>

#include "abi/status.h"
#include "tests/unit/proxy/effects/uvm-calls.h"

enum { OBJECTS_MAX = 64 }; /* fake_new() */

static void setup(void)
{
    start("580.105.08");
    cr_assert_eq(uvm_create(BASE, RANGE), NV_OK);
}

TestSuite(uvm_external, .init = setup, .fini = stop, .timeout = 60);

static void map_and_free(unsigned n_gpus)
{
    cr_assert_eq(allocate(MEMORY), NV_OK);
    cr_assert_eq(uvm_map(CLIENT, MEMORY, BASE, BYTES, n_gpus), NV_OK);
    cr_assert_eq(free_memory(MEMORY), NV_OK);
    cr_assert_eq(used(), BYTES, "the driver still has it");
}

Test(uvm_external, memory_counts_until_its_last_page_is_unmapped)
{
    map_and_free(1);
    cr_assert_eq(uvm_unmap(BASE, BYTES / 2, 0), NV_OK);
    cr_assert_eq(used(), BYTES, "half of it keeps all of it");
    cr_assert_eq(uvm_unmap(BASE + BYTES / 2, BYTES / 2, 0), NV_OK);
    cr_assert_eq(used(), 0);
}

Test(uvm_external, each_gpu_holds_the_memory)
{
    map_and_free(2);
    cr_assert_eq(uvm_unmap(BASE, BYTES, 0), NV_OK);
    cr_assert_eq(used(), BYTES);
    cr_assert_eq(uvm_unmap(BASE, BYTES, 1), NV_OK);
    cr_assert_eq(used(), 0);
}

Test(uvm_external, the_object_holds_what_is_not_mapped_any_more)
{
    cr_assert_eq(allocate(MEMORY), NV_OK);
    cr_assert_eq(uvm_map(CLIENT, MEMORY, BASE, BYTES, 1), NV_OK);
    cr_assert_eq(uvm_unmap(BASE, BYTES, 0), NV_OK);
    cr_assert_eq(used(), BYTES);
    cr_assert_eq(free_memory(MEMORY), NV_OK);
    cr_assert_eq(used(), 0);
}

Test(uvm_external, what_is_mapped_takes_from_the_limit)
{
    map_and_free(1);
    cr_assert_eq(allocate(MEMORY), NV_OK);
    cr_assert_eq(allocate(SECOND), NV_ERR_NO_MEMORY, "of two, one is mapped");
    cr_assert_eq(used(), BOTH);
    cr_assert_eq(uvm_unmap(BASE, BYTES, 0), NV_OK);
    cr_assert_eq(allocate(SECOND), NV_OK);
}

Test(uvm_external, a_mapping_replaces_what_was_there)
{
    map_and_free(1);
    cr_assert_eq(allocate(SECOND), NV_OK);
    cr_assert_eq(uvm_map(CLIENT, SECOND, BASE + BYTES / 2, BYTES, 1), NV_OK);
    cr_assert_eq(used(), BOTH, "half of the first is still there");
    cr_assert_eq(uvm_map(CLIENT, SECOND, BASE, BYTES, 1), NV_OK);
    cr_assert_eq(used(), BYTES);
    cr_assert_eq(uvm_map(CLIENT, DEVICE, BASE, BOTH, 1), NV_OK, "it is not memory");
    cr_assert_eq(free_memory(SECOND), NV_OK);
    cr_assert_eq(used(), 0);
}

static void free_range_with(const char *version)
{
    start(version);
    cr_assert_eq(uvm_create(BASE, RANGE), NV_OK);
    cr_assert_eq(uvm_create(BASE + RANGE, RANGE), NV_OK);
    const unsigned before = objects();
    map_and_free(2);
    cr_assert_eq(uvm_free(BASE + RANGE, RANGE), NV_OK);
    cr_assert_eq(used(), BYTES, "%s: that was the other range", version);
    cr_assert_eq(uvm_free(BASE, RANGE), NV_OK);
    cr_assert_eq(used(), 0, "%s", version);
    cr_assert_eq(objects(), before - 2, "%s", version);
    stop();
}

/* The three pairs of forms of UVM_FREE and UVM_MAP_EXTERNAL_ALLOCATION. */
Test(uvm_external_forms, freeing_a_range_unmaps_everything_there, .timeout = 60)
{
    free_range_with("535.309.01");
    free_range_with("570.86.15");
    free_range_with("590.44.01");
}

Test(uvm_external, a_gpu_that_goes_holds_nothing)
{
    static const uint32_t commands[] = {UVM_UNREGISTER_GPU, UVM_UNREGISTER_GPU_VASPACE};

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        map_and_free(2);
        cr_assert_eq(uvm_unregister(commands[i], 0), NV_OK);
        cr_assert_eq(used(), BYTES);
        cr_assert_eq(uvm_unregister(commands[i], 1), NV_OK);
        cr_assert_eq(used(), 0);
    }
}

Test(uvm_external, calls_that_fail_change_nothing)
{
    map_and_free(1);
    cr_assert_eq(allocate(SECOND), NV_OK);
    const unsigned before = objects();
    next_status = NV_ERR_INVALID_ADDRESS;
    cr_assert_eq(uvm_map(CLIENT, SECOND, BASE + BYTES, BYTES, 1), next_status);
    cr_assert_eq(uvm_map(CLIENT, SECOND, BASE, BYTES, 1), next_status);
    cr_assert_eq(uvm_unmap(BASE, BYTES, 0), next_status);
    cr_assert_eq(uvm_free(BASE, RANGE), next_status);
    cr_assert_eq(uvm_unregister(UVM_UNREGISTER_GPU, 0), next_status);
    cr_assert_eq(uvm_create(BASE + RANGE, RANGE), next_status);
    next_status = NV_OK;
    cr_assert_eq(objects(), before);
    cr_assert_eq(free_memory(SECOND), NV_OK);
    cr_assert_eq(used(), BYTES, "the first is still mapped, and the second is not");
}

/* --- the file ---------------------------------------------------------------------------------- */

Test(uvm_external, a_file_that_is_released_holds_nothing)
{
    const unsigned before = objects();

    map_and_free(2);
    cr_assert_eq(objects(), before + 2);
    proxy_release(&fake->proxy, uvm->id);
    cr_assert_eq(used(), 0);
    cr_assert_eq(objects(), before - 1, "the range has gone as well");
}

Test(uvm_external, a_closed_file_that_the_driver_keeps_holds_everything)
{
    const int fd = uvm->fd;

    map_and_free(1);
    g_hash_table_insert(fake->kept, GINT_TO_POINTER(fd), GINT_TO_POINTER(1));
    proxy_release(&fake->proxy, uvm->id);
    nv_file_table_settle_all(fake->proxy.files);
    cr_assert_eq(used(), BYTES);
    g_hash_table_remove(fake->kept, GINT_TO_POINTER(fd));
    nv_file_table_settle_all(fake->proxy.files);
    cr_assert_eq(used(), 0);
}

/* --- clients and limits ------------------------------------------------------------------------- */

Test(uvm_external, memory_of_clients_that_are_not_the_callers_is_refused)
{
    const unsigned calls = fake->n_calls;

    cr_assert_eq(uvm_map(OTHER, MEMORY, BASE, BYTES, 1), NV_ERR_INVALID_CLIENT);
    cr_assert_eq(uvm_map(0xc1d00077, MEMORY, BASE, BYTES, 1), NV_ERR_INVALID_CLIENT);
    cr_assert_eq(uvm_map(0, MEMORY, BASE, BYTES, 1), NV_ERR_INVALID_CLIENT);
    cr_assert_eq(fake->n_calls, calls);
}

/* Map pages of their own until the instance has no room. Returns how many. */
static unsigned fill(void)
{
    unsigned n = 0;

    cr_assert_eq(allocate(MEMORY), NV_OK);
    while (uvm_map(CLIENT, MEMORY, BASE + (uint64_t)n * 0x3000, 0x3000, 1) == NV_OK) {
        n++;
        cr_assert_lt(n, OBJECTS_MAX);
    }
    return n;
}

Test(uvm_external, mappings_count_as_objects_and_can_always_be_unmapped)
{
    const unsigned n = fill();

    cr_assert_gt(n, OBJECTS_MAX / 2);
    cr_assert_eq(uvm_create(BASE + RANGE, RANGE), NV_OK, "there was room for one of two");
    cr_assert_eq(objects(), OBJECTS_MAX);
    const unsigned calls = fake->n_calls;
    cr_assert_eq(uvm_unmap(BASE + 0x1000, 0x1000, 0), NV_ERR_INSUFFICIENT_RESOURCES, "it splits");
    cr_assert_eq(uvm_create(BASE + 2 * RANGE, RANGE), NV_ERR_INSUFFICIENT_RESOURCES);
    cr_assert_eq(fake->n_calls, calls);
    cr_assert_eq(uvm_unmap(BASE, 0x3000, 0), NV_OK);
    cr_assert_eq(uvm_unmap(BASE + 0x4000, 0x1000, 0), NV_OK, "now there is room for a split");
    cr_assert_eq(objects(), OBJECTS_MAX);
}

Test(uvm_external, more_gpus_than_the_struct_has_room_for_are_not_read)
{
    cr_assert_eq(uvm_map(CLIENT, MEMORY, BASE, BYTES, UINT32_MAX), NV_ERR_INSUFFICIENT_RESOURCES);
}

/* --- memory that nvidia-uvm manages -------------------------------------------------------------- */

static int map_file(uint64_t length, uint64_t address, Refusal *refusal)
{
    return proxy_map(&fake->proxy, uvm, length, address, refusal);
}

Test(uvm_external, managed_memory_is_refused_and_semaphore_pools_are_not)
{
    UVM_ALLOC_SEMAPHORE_POOL_PARAMS_V550 pool = {.base = BASE + RANGE, .length = 0x2000};
    Refusal refusal;

    cr_assert_eq(map_file(BYTES, BASE, &refusal), 0, "until it is to be refused");
    fake->proxy.managed = MANAGED_REFUSE;
    cr_assert_eq(map_file(0x2000, BASE + RANGE, &refusal), ENOMEM);
    cr_assert_eq(refusal, REFUSAL_QUOTA);
    cr_assert_eq(call(uvm, UVM_ALLOC_SEMAPHORE_POOL, &pool), 0);
    cr_assert_eq(map_file(0x2000, BASE + RANGE, &refusal), 0);
    cr_assert_eq(refusal, REFUSAL_NONE);
    cr_assert_eq(map_file(0x1fff, BASE + RANGE, &refusal), 0, "whole pages are mapped");
    cr_assert_eq(map_file(0x1000, BASE + RANGE, &refusal), ENOMEM);
    cr_assert_eq(map_file(0x3000, BASE + RANGE, &refusal), ENOMEM);
    cr_assert_eq(map_file(BYTES, BASE, &refusal), ENOMEM, "an external range is no pool");
    cr_assert_eq(map_file(UINT64_MAX, BASE, &refusal), ENOMEM);
    cr_assert_eq(uvm_free(BASE + RANGE, 0x2000), NV_OK);
    cr_assert_eq(map_file(0x2000, BASE + RANGE, &refusal), ENOMEM);
}

Test(uvm_external, the_question_does_not_wait_for_a_call_that_changes_ranges)
{
    Refusal refusal;

    fake->proxy.managed = MANAGED_REFUSE;
    uvm_ranges_lock(uvm->ranges);
    cr_assert_eq(map_file(0x2000, BASE, &refusal), ENOMEM);
    uvm_ranges_unlock(uvm->ranges);
}
