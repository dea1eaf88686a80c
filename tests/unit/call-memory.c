/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "cuse-server/broker/caller-memory.h"
#include "cuse-server/transport/call-memory.h"

enum { PAGE = 4096, BYTES = 1024 * 1024 };

static CallMemory memory;
static char *guest;
static int fd;

static void setup(void)
{
    fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
    cr_assert(fd >= 0);
    guest = mmap(NULL, BYTES + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(guest, MAP_FAILED);
    cr_assert_eq(munmap(guest + BYTES, PAGE), 0);
    memset(guest, 7, BYTES);
    call_memory_init(&memory, fd);
}

static void teardown(void)
{
    call_memory_clear(&memory);
}

TestSuite(call_memory, .init = setup, .fini = teardown);

static char *map(uint64_t addr, size_t len, GuestAccess access)
{
    return memory.base.ops->map(&memory.base, addr, len, access);
}

static bool commit(void)
{
    return memory.base.ops->commit(&memory.base);
}

Test(call_memory, a_megabyte_goes_in_and_out)
{
    char *copy = map((uintptr_t)guest, BYTES, GUEST_INOUT);

    cr_assert_not_null(copy);
    cr_assert_eq(copy[0], 7);
    cr_assert_eq(copy[BYTES - 1], 7);
    cr_assert(commit());
    memset(copy, 9, BYTES);
    cr_assert_eq(guest[0], 7, "a private copy");
    cr_assert(call_memory_write(&memory, 1));
    cr_assert_eq(guest[0], 9);
    cr_assert_eq(guest[BYTES - 1], 9);
}

Test(call_memory, what_changes_after_the_reading_is_not_seen)
{
    const char *copy = map((uintptr_t)guest, PAGE, GUEST_IN);

    guest[0] = 1;
    cr_assert_eq(copy[0], 7);
    cr_assert(call_memory_write(&memory, 1));
    cr_assert_eq(guest[0], 1, "input is never written back");
}

Test(call_memory, output_is_zeroed_and_cut_where_told)
{
    char *first = map((uintptr_t)guest, 8, GUEST_OUT);
    char *second = map((uintptr_t)guest + 8, 8, GUEST_OUT);

    cr_assert_eq(first[0], 0);
    cr_assert_eq(second[7], 0);
    cr_assert(commit());
    cr_assert(call_memory_write(&memory, 1));
    cr_assert_eq(guest[7], 0);
    cr_assert_eq(guest[8], 7);
}

Test(call_memory, a_range_that_is_not_all_there_is_a_fault)
{
    cr_assert_null(map((uintptr_t)guest + BYTES - 4, 8, GUEST_IN));
    cr_assert(memory.fault);
    cr_assert_not(commit());
}

Test(call_memory, output_that_cannot_be_written_is_a_fault)
{
    cr_assert_not_null(map((uintptr_t)guest + BYTES - 4, 8, GUEST_OUT));
    cr_assert(commit());
    cr_assert_not(call_memory_write(&memory, 1));
    cr_assert(memory.fault);
}

Test(call_memory, addresses_of_nobody_are_faults)
{
    const uint64_t bad[] = {0, UINT64_MAX, UINT64_MAX - 7, INT64_MAX, UINT64_C(0xffff800000000000)};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_null(map(bad[i], 8, GUEST_IN));
        cr_assert(memory.fault);
        call_memory_clear(&memory);
        call_memory_init(&memory, fd);
    }
}

Test(call_memory, there_is_a_most)
{
    cr_assert_not_null(map((uintptr_t)guest, CALL_BYTES_MAX - 1, GUEST_OUT));
    cr_assert_not_null(map((uintptr_t)guest, 1, GUEST_OUT));
    cr_assert_not(memory.too_large);
    cr_assert_null(map((uintptr_t)guest, 1, GUEST_OUT));
    cr_assert(memory.too_large);
    cr_assert_not(commit());
    call_memory_clear(&memory);

    call_memory_init(&memory, fd);
    cr_assert_null(map((uintptr_t)guest, SIZE_MAX, GUEST_OUT));
    cr_assert(memory.too_large);
    call_memory_clear(&memory);

    call_memory_init(&memory, fd);
    for (int i = 0; i < CALL_RANGES_MAX; i++) {
        cr_assert_not_null(map((uintptr_t)guest, 1, GUEST_OUT));
    }
    cr_assert_null(map((uintptr_t)guest, 1, GUEST_OUT));
    cr_assert(memory.too_large);
}

static bool is_anything(int file, const void *data)
{
    (void)file;
    (void)data;
    return true;
}

/* Whom it is given for, and that it is of the one who is in a call, the VM's cases show. */
Test(caller_memory, of_nobody_who_is_in_no_call)
{
    int memory_fd;
    int duplicate;
    GuestMembers *members = guest_members_new();
    g_auto(GuestHome) home = {.fd = -1};
    pid_t child = fork();

    if (child == 0) {
        pause();
        _exit(EXIT_FAILURE);
    }
    /* As the listener does when it has a call of the container's. */
    cr_assert(guest_home_find(child, &home));
    guest_members_add(members, &home);
    cr_assert_eq(caller_memory_open(members, child, is_anything, NULL, &memory_fd, &duplicate),
                 EPERM);
    cr_assert_eq(memory_fd, -1);
    cr_assert_eq(duplicate, -1);
    cr_assert_eq(kill(child, SIGKILL), 0);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    cr_assert_eq(caller_memory_open(members, child, is_anything, NULL, &memory_fd, &duplicate),
                 ESRCH);
    cr_assert_eq(memory_fd, -1);
    guest_members_free(members);
}
