/* SPDX-License-Identifier: Apache-2.0 */
/* A caller's memory that the worker reads and writes by the descriptor that the broker lends, or by what the kernel copied. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "cuse-server/broker/identity/caller-memory.h"
#include "cuse-server/worker/memory/call-memory.h"

enum { PAGE = 4096, BYTES = 1024 * 1024 };

static CallMemory memory;
static char *guest;

static int open_own(void)
{
    int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);

    cr_assert(fd >= 0);
    return fd;
}

static void setup(void)
{
    guest = mmap(NULL, BYTES + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(guest, MAP_FAILED);
    cr_assert_eq(munmap(guest + BYTES, PAGE), 0);
    memset(guest, 7, BYTES);
    call_memory_init(&memory, open_own(), 0);
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
        call_memory_init(&memory, open_own(), 0);
    }
}

Test(call_memory, there_is_a_most)
{
    cr_assert_not_null(map((uintptr_t)guest, GUEST_CALL_BYTES_MAX - 1, GUEST_OUT));
    cr_assert_not_null(map((uintptr_t)guest, 1, GUEST_OUT));
    cr_assert_not(memory.too_large);
    cr_assert_null(map((uintptr_t)guest, 1, GUEST_OUT));
    cr_assert(memory.too_large);
    cr_assert_not(commit());
    call_memory_clear(&memory);

    call_memory_init(&memory, open_own(), 0);
    cr_assert_null(map((uintptr_t)guest, SIZE_MAX, GUEST_OUT));
    cr_assert(memory.too_large);
    call_memory_clear(&memory);

    call_memory_init(&memory, open_own(), 0);
    for (int i = 0; i < CALL_RANGES_MAX; i++) {
        cr_assert_not_null(map((uintptr_t)guest, 1, GUEST_OUT));
    }
    cr_assert_null(map((uintptr_t)guest, 1, GUEST_OUT));
    cr_assert(memory.too_large);
}

/* --- with what the kernel has copied ---------------------------------------------------------- */

/* How the worker gets the rest of the memory. */
typedef struct {
    int error; /* errno value of opening the memory */
    bool may_act;
    unsigned opened;
} Rest;

static int open_rest(gpointer data, int *fd)
{
    Rest *rest = data;

    rest->opened++;
    *fd = rest->error ? -1 : open_own();
    return rest->error;
}

static void close_rest(gpointer data, int fd)
{
    (void)data;
    close(fd);
}

static bool may_act(gpointer data)
{
    return ((Rest *)data)->may_act;
}

static const CallMemoryOps rest_ops = {open_rest, close_rest, may_act};

enum { STRUCT = 32, NEXT = 8192 };

/* The argument is the beginning of the guest's memory; the kernel's copy of it has all bytes 7, and one 1. */
static void carry(Rest *rest, size_t in_size, size_t out_size)
{
    static char copied[STRUCT];

    memset(copied, 7, sizeof copied);
    copied[0] = 1;
    call_memory_clear(&memory);
    call_memory_init_carried(&memory, &(CallCarried){(uintptr_t)guest, copied, in_size, out_size},
                             &rest_ops, rest);
}

Test(call_memory, what_the_kernel_copied_needs_no_descriptor)
{
    Rest rest = {.may_act = true};
    size_t size;

    carry(&rest, STRUCT, STRUCT);
    char *copy = map((uintptr_t)guest, STRUCT, GUEST_INOUT);
    cr_assert_not_null(copy);
    cr_expect_eq(copy[0], 1, "the kernel's copy, and no second reading");
    cr_assert(commit());
    copy[1] = 9;
    cr_assert(call_memory_write(&memory, UINT_MAX));
    cr_expect_eq(guest[1], 7, "the kernel writes it back");
    cr_expect_eq(call_memory_reply(&memory, UINT_MAX, &size), copy);
    cr_expect_eq(size, STRUCT);
    cr_expect_null(call_memory_reply(&memory, 0, &size));
    cr_expect_eq(size, 0);
    cr_expect_eq(rest.opened, 0);
}

Test(call_memory, the_rest_is_opened_once)
{
    Rest rest = {.may_act = true};
    size_t size;

    carry(&rest, STRUCT, STRUCT);
    char *argument = map((uintptr_t)guest, STRUCT, GUEST_INOUT);
    char *inner = map((uintptr_t)guest + PAGE, 8, GUEST_INOUT);
    char *last = map((uintptr_t)guest + NEXT, 8, GUEST_OUT);
    cr_assert(commit());
    cr_expect_eq(rest.opened, 1);
    cr_expect_eq(inner[0], 7);
    argument[0] = inner[0] = last[0] = 9;
    cr_assert(call_memory_write(&memory, 2));
    cr_expect_eq(guest[0], 7);
    cr_expect_eq(guest[PAGE], 9);
    cr_expect_eq(guest[NEXT], 7, "beyond what is written back");
    cr_expect_eq(call_memory_reply(&memory, 1, &size), argument);
}

/* An ioctl word with other directions, or another size, than the driver's struct. */
Test(call_memory, what_the_kernel_does_not_copy_is_read_and_written)
{
    static const struct {
        size_t in;
        size_t out;
        GuestAccess access;
        unsigned opened;
    } words[] = {
        {0, 0, GUEST_INOUT, 1},      {STRUCT, 0, GUEST_INOUT, 1},
        {0, STRUCT, GUEST_INOUT, 1}, {STRUCT - 1, STRUCT - 1, GUEST_INOUT, 1},
        {STRUCT, 0, GUEST_IN, 0},    {STRUCT, STRUCT, GUEST_IN, 0},
        {0, STRUCT, GUEST_OUT, 0},   {STRUCT, 0, GUEST_OUT, 1},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        Rest rest = {.may_act = true};
        size_t size;
        carry(&rest, words[i].in, words[i].out);
        memset(guest, 7, STRUCT);
        char *copy = map((uintptr_t)guest, STRUCT, words[i].access);
        cr_assert_not_null(copy, "%zu", i);
        cr_expect_eq(rest.opened, words[i].opened, "%zu", i);
        copy[2] = 9;
        cr_assert(call_memory_write(&memory, UINT_MAX));
        const bool written = (words[i].access & GUEST_OUT) && words[i].opened;
        cr_expect_eq(guest[2], written ? 9 : 7, "%zu", i);
        const bool replied = (words[i].access & GUEST_OUT) && !words[i].opened;
        cr_expect_eq(call_memory_reply(&memory, UINT_MAX, &size) != NULL, replied, "%zu", i);
    }
}

Test(call_memory, what_is_asked_for_twice_is_read_the_second_time)
{
    Rest rest = {.may_act = true};

    carry(&rest, STRUCT, STRUCT);
    char *first = map((uintptr_t)guest, STRUCT, GUEST_IN);
    char *second = map((uintptr_t)guest, STRUCT, GUEST_IN);
    cr_expect_eq(first[0], 1);
    cr_expect_eq(second[0], 7);
}

Test(call_memory, memory_that_is_denied_is_no_fault)
{
    Rest rest = {.may_act = true, .error = EACCES};

    carry(&rest, STRUCT, STRUCT);
    cr_assert_not_null(map((uintptr_t)guest, STRUCT, GUEST_INOUT));
    cr_expect_not_null(map((uintptr_t)guest + PAGE, 0, GUEST_INOUT), "an empty range is of nobody");
    cr_expect_null(map((uintptr_t)guest + PAGE, 8, GUEST_INOUT));
    cr_expect_null(map((uintptr_t)guest + PAGE, 8, GUEST_OUT), "nor is it there to be written");
    cr_expect_eq(memory.denied, EACCES);
    cr_expect_not(memory.fault);
    cr_expect_not(commit());
    cr_expect_eq(rest.opened, 1, "it is asked for once");
}

Test(call_memory, who_may_not_wait_leaves_it)
{
    Rest rest = {.error = EAGAIN};

    carry(&rest, STRUCT, STRUCT);
    cr_assert_not_null(map((uintptr_t)guest, STRUCT, GUEST_INOUT));
    cr_expect_not(commit(), "it may not act");
    cr_expect(memory.postponed);
    rest.may_act = true;
    carry(&rest, STRUCT, STRUCT);
    cr_expect_null(map((uintptr_t)guest + PAGE, 8, GUEST_IN));
    cr_expect(memory.postponed);
    cr_expect_eq(memory.denied, 0);
    cr_expect_not(commit());
}

/* --- whose it may be -------------------------------------------------------------------------- */

static int is_anything(int fd, FileKey *file, const void *data)
{
    (void)fd;
    (void)data;
    *file = 1;
    return 0;
}

/* The VM's cases show for which process the memory is given out, and that it is the caller's. */
Test(caller_memory, of_nobody_who_is_in_no_call)
{
    CallerMemory lent;
    GuestMembers *members = guest_members_new();
    g_autoptr(Openers) openers = openers_new(1);
    const CallerRule rule = {members, is_anything, NULL, openers, NULL};
    g_auto(GuestHome) home = {.fd = -1};
    pid_t child = fork();

    if (child == 0) {
        pause();
        _exit(EXIT_FAILURE);
    }
    /* Do as the listener does for a call of the container's. */
    cr_assert(guest_home_find(child, &home));
    guest_members_add(members, &home);
    cr_assert_eq(caller_memory_open(&rule, child, &lent), EPERM);
    cr_assert(lent.memory == -1 && lent.thread == -1);
    cr_assert_eq(kill(child, SIGKILL), 0);
    cr_assert_eq(waitpid(child, NULL, 0), child);
    cr_assert_eq(caller_memory_open(&rule, child, &lent), ESRCH);
    cr_assert(lent.memory == -1 && lent.thread == -1);
    guest_members_free(members);
}
