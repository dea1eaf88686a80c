/* SPDX-License-Identifier: Apache-2.0 */
/* Two threads of a guest: what is recorded is what the driver did, in the order in which the driver did it. */
#include <sys/ioctl.h>

#include <criterion/criterion.h>

#include "abi/nv-ioctl.h"
#include "abi/status.h"
#include "tests/unit/proxy/effects/uvm-calls.h"

enum { ROUNDS = 300, PAUSE_US = 200 };

/* The driver's own state: whether the memory has a handle, and whether it is mapped. */
static GMutex lock;
static bool has_handle;
static bool is_mapped;

/* The driver acts at once, and answers a while later. */
static void act(uint32_t command, void *argument)
{
    g_mutex_lock(&lock);
    if (command == UVM_MAP_EXTERNAL_ALLOCATION) {
        UVM_MAP_EXTERNAL_ALLOCATION_PARAMS_V550 *p = argument;
        is_mapped = is_mapped || has_handle;
        p->rmStatus = has_handle ? NV_OK : NV_ERR_INVALID_OBJECT;
    } else if (command == UVM_UNMAP_EXTERNAL) {
        is_mapped = false;
    } else if (_IOC_NR(command) == NV_ESC_RM_FREE) {
        has_handle = false;
    } else if (_IOC_NR(command) == NV_ESC_RM_VID_HEAP_CONTROL) {
        has_handle = true;
    }
    g_mutex_unlock(&lock);
    g_usleep((gulong)g_random_int_range(0, PAUSE_US));
}

static void setup(void)
{
    start("580.105.08");
    cr_assert_eq(uvm_create(BASE, RANGE), NV_OK);
    in_driver = act;
}

TestSuite(uvm_race, .init = setup, .fini = stop, .timeout = 60);

static gpointer map_it(gpointer data)
{
    uvm_map(CLIENT, MEMORY, BASE, BYTES, 1);
    return data;
}

static gpointer unmap_it(gpointer data)
{
    uvm_unmap(BASE, BYTES, 0);
    return data;
}

static gpointer free_it(gpointer data)
{
    free_memory(MEMORY);
    return data;
}

/* Run two calls at once, in either order. */
static void race(GThreadFunc first, GThreadFunc second)
{
    GThread *other = g_thread_new("other", first, NULL);

    second(NULL);
    g_thread_join(other);
}

Test(uvm_race, of_mapping_and_unmapping)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        cr_assert_eq(allocate(MEMORY), NV_OK);
        race(i % 2 ? map_it : unmap_it, i % 2 ? unmap_it : map_it);
        cr_assert_eq(free_memory(MEMORY), NV_OK);
        cr_assert_eq(used(), is_mapped ? BYTES : 0, "round %u", i);
        cr_assert_eq(uvm_unmap(BASE, BYTES, 0), NV_OK);
        cr_assert_eq(used(), 0);
    }
}

Test(uvm_race, of_mapping_and_freeing)
{
    unsigned mapped = 0;

    for (unsigned i = 0; i < ROUNDS; i++) {
        cr_assert_eq(allocate(MEMORY), NV_OK);
        race(i % 2 ? map_it : free_it, i % 2 ? free_it : map_it);
        cr_assert_eq(used(), is_mapped ? BYTES : 0, "round %u", i);
        mapped += is_mapped;
        cr_assert_eq(uvm_unmap(BASE, BYTES, 0), NV_OK);
        cr_assert_eq(used(), 0);
    }
    cr_expect_gt(mapped, 0, "the other thread was always first");
}
