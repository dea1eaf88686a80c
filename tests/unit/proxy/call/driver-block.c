/* SPDX-License-Identifier: Apache-2.0 */
/* A driver whose parameters are longer than the table says, for calls that do not tell the driver their size. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "abi/alloc.h"
#include "abi/class.h"
#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/status.h"
#include "abi/uvm.h"
#include "cuse-server/proxy/call/driver-block.h"
#include "tests/unit/support/fake-host.h"

enum {
    CLIENT = 0xc1d00001,
    PARAMS = GUEST_BASE + 0x1000,
    THEIRS = 0x5a, /* the guest's own bytes behind the parameters */
    ANSWER = 0xa5,
};

static size_t table_bytes; /* size of the call's parameters by the table */
static size_t room;        /* how many bytes the driver finds there */

/* Have the kernel copy to and from @end, as the driver would: it must fail there. */
static void check_end(uint8_t *end)
{
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], end - 1, 1), 1);
    cr_assert(write(ends[1], end, 1) == -1 && errno == EFAULT);
    cr_assert(read(ends[0], end, 1) == -1 && errno == EFAULT);
    close(ends[0]);
    close(ends[1]);
}

/* The driver reads and writes up to the end of the memory that it finds. */
static void be_longer(uint8_t *block)
{
    for (size_t i = table_bytes; i < room; i++) {
        cr_assert_eq(block[i], 0, "byte %zu", i);
    }
    memset(block + table_bytes - 1, ANSWER, room - table_bytes + 1);
    check_end(block + room);
}

static int answer(Fake *fake, uint32_t command, void *argument)
{
    (void)fake;
    if (command ==
        _IOC(_IOC_READ | _IOC_WRITE, NV_IOCTL_MAGIC, NV_ESC_RM_ALLOC, sizeof(NVOS64_PARAMETERS))) {
        NVOS64_PARAMETERS *p = argument;
        p->hObjectNew = p->hObjectNew ? p->hObjectNew : CLIENT;
        p->status = NV_OK;
        if (p->hClass == NV01_DEVICE_0) {
            be_longer((uint8_t *)(uintptr_t)p->pAllocParms); // NOLINT(performance-no-int-to-ptr)
        }
    } else {
        be_longer(argument);
    }
    return 0;
}

static void check_answered(const Fake *fake)
{
    const uint8_t *params = fake_at((Fake *)fake, PARAMS);

    cr_assert_eq(params[table_bytes - 1], ANSWER);
    cr_assert_eq(params[table_bytes], THEIRS);
}

/* Make the call twice: bytes that the driver wrote must not be there the next time. */
Test(driver_block, parameters_of_uvm)
{
    g_autoptr(Fake) fake = fake_new("550.40.07", NV_CAPS_DEFAULT);
    NvFile *uvm = fake_open(fake, FAKE_UVM, 3);

    fake->answer = answer;
    table_bytes = sizeof(UVM_ALLOC_SEMAPHORE_POOL_PARAMS);
    room = driver_block_room(table_bytes);
    cr_assert_eq(room, DRIVER_BLOCK_BYTES);
    for (int i = 0; i < 2; i++) {
        memset(fake_at(fake, PARAMS), THEIRS, 2 * table_bytes);
        cr_assert_eq(fake_ioctl(fake, uvm, UVM_ALLOC_SEMAPHORE_POOL, PARAMS), 0);
        check_answered(fake);
    }
}

Test(driver_block, parameters_of_a_class)
{
    g_autoptr(Fake) fake = fake_new("535.309.01", NV_CAPS_DEFAULT);
    NvFile *ctl = fake_open(fake, FAKE_CTL, 3);
    NVOS64_PARAMETERS root = {.hClass = NV01_ROOT};

    fake->answer = answer;
    table_bytes = sizeof(NV0080_ALLOC_PARAMETERS);
    room = driver_block_room(table_bytes);
    cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &root, sizeof root), 0);
    for (NvHandle device = 1; device <= 2; device++) {
        NVOS64_PARAMETERS p = {.hRoot = CLIENT,
                               .hObjectParent = CLIENT,
                               .hObjectNew = device,
                               .hClass = NV01_DEVICE_0,
                               .pAllocParms = PARAMS};
        memset(fake_at(fake, PARAMS), THEIRS, 2 * table_bytes);
        cr_assert_eq(fake_frontend(fake, ctl, NV_ESC_RM_ALLOC, &p, sizeof p), 0);
        cr_assert_eq(p.status, NV_OK);
        cr_assert_eq(p.pAllocParms, PARAMS);
        check_answered(fake);
    }
}

Test(driver_block, room_is_for_eight_times_as_much)
{
    cr_assert_eq(driver_block_room(4), 1024);
    cr_assert_eq(driver_block_room(200), 1600);
    cr_assert_eq(driver_block_room(DRIVER_BLOCK_SHORT), 8 * (size_t)DRIVER_BLOCK_SHORT);
    cr_assert_eq(driver_block_room(DRIVER_BLOCK_SHORT + 1), DRIVER_BLOCK_BYTES);
}

static void check_fits(const DriverAbi *abi, AbiKind kind)
{
    size_t n;
    const AbiEntry *entries = driver_abi_entries(abi, kind, &n);

    for (size_t i = 0; i < n; i++) {
        cr_assert(!entries[i].layout || entries[i].layout->size <= DRIVER_BLOCK_BYTES, "%s",
                  entries[i].name);
    }
}

Test(driver_block, has_room_for_those_of_every_version)
{
    size_t n;
    const DriverRelease *const *nodes = driver_releases(&n);

    for (size_t i = 0; i < n; i++) {
        g_autoptr(DriverAbi) abi = driver_abi_new(nodes[i]);
        check_fits(abi, ABI_UVM);
        check_fits(abi, ABI_ALLOC);
    }
}
