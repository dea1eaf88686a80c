/* SPDX-License-Identifier: Apache-2.0 */
/* Guest memory by FUSE's retries: which ranges are asked for in each round, and when a call is complete. */
#include <string.h>

#include <criterion/criterion.h>

#include "cuse-server/worker/memory/retry-memory.h"

static void *map(RetryMemory *memory, uint64_t addr, size_t len, GuestAccess access)
{
    return memory->base.ops->map(&memory->base, addr, len, access);
}

static bool commit(RetryMemory *memory)
{
    return memory->base.ops->commit(&memory->base);
}

Test(retry_memory, first_round_asks_for_everything_and_commits_nothing)
{
    RetryMemory memory;
    struct iovec in[RETRY_RANGES_MAX];
    struct iovec out[RETRY_RANGES_MAX];
    size_t n_in;
    size_t n_out;

    retry_memory_init(&memory, NULL, 0, 0, true);
    cr_assert_null(map(&memory, 0x1000, 32, GUEST_INOUT));
    cr_assert_null(map(&memory, 0x2000, 8, GUEST_IN));
    cr_assert_not_null(map(&memory, 0x3000, 4, GUEST_OUT));
    cr_assert_not(commit(&memory));

    retry_memory_lists(&memory, in, &n_in, out, &n_out);
    cr_assert_eq(n_in, 2);
    cr_assert_eq((uintptr_t)in[0].iov_base, 0x1000);
    cr_assert_eq(in[0].iov_len, 32);
    cr_assert_eq((uintptr_t)in[1].iov_base, 0x2000);
    cr_assert_eq(n_out, 2);
    cr_assert_eq((uintptr_t)out[0].iov_base, 0x1000);
    cr_assert_eq((uintptr_t)out[1].iov_base, 0x3000);
    cr_assert_eq(out[1].iov_len, 4);
    retry_memory_clear(&memory);
}

Test(retry_memory, last_round_deals_out_the_bytes_in_the_order_of_asking)
{
    const char data[] = "aaaabb";
    RetryMemory memory;

    retry_memory_init(&memory, data, 6, 4, true);
    char *first = map(&memory, 0x1000, 4, GUEST_INOUT);
    const char *second = map(&memory, 0x2000, 2, GUEST_IN);
    cr_assert_eq(memcmp(first, "aaaa", 4), 0);
    cr_assert_eq(memcmp(second, "bb", 2), 0);
    cr_assert(commit(&memory));

    /* The copies are private: writing to one changes neither the other nor the round's data. */
    memset(first, 'x', 4);
    cr_assert_eq(memcmp(second, "bb", 2), 0);
    cr_assert_str_eq(data, "aaaabb");
    retry_memory_clear(&memory);
}

Test(retry_memory, a_range_only_partly_here_is_not_here)
{
    RetryMemory memory;

    retry_memory_init(&memory, "abc", 3, 4, true);
    cr_assert_null(map(&memory, 0x1000, 4, GUEST_INOUT));
    cr_assert_not(commit(&memory));
    retry_memory_clear(&memory);
}

Test(retry_memory, bytes_left_over_or_a_wrong_out_size_need_another_round)
{
    RetryMemory memory;

    retry_memory_init(&memory, "abcdef", 6, 4, true);
    cr_assert_not_null(map(&memory, 0x1000, 4, GUEST_INOUT));
    cr_assert_not(commit(&memory), "two bytes were not asked for");
    retry_memory_clear(&memory);

    retry_memory_init(&memory, "abcd", 4, 8, true);
    cr_assert_not_null(map(&memory, 0x1000, 4, GUEST_INOUT));
    cr_assert_not(commit(&memory), "the kernel would write 8 bytes back, not 4");
    retry_memory_clear(&memory);
}

Test(retry_memory, a_thread_that_must_not_block_never_commits)
{
    RetryMemory memory;

    retry_memory_init(&memory, "abcd", 4, 0, false);
    cr_assert_not_null(map(&memory, 0x1000, 4, GUEST_IN));
    cr_assert(retry_memory_matches(&memory));
    cr_assert_not(commit(&memory));
    retry_memory_clear(&memory);
}

Test(retry_memory, output_starts_as_zeroes_and_is_cut_where_told)
{
    RetryMemory memory;
    struct iovec iov[RETRY_RANGES_MAX];
    const char zeroes[64] = {0};

    retry_memory_init(&memory, "abcd", 4, 4 + 64, true);
    map(&memory, 0x1000, 4, GUEST_INOUT);
    cr_assert_eq(memcmp(map(&memory, 0x2000, 64, GUEST_OUT), zeroes, 64), 0);
    cr_assert(commit(&memory));
    cr_assert_eq(retry_memory_reply(&memory, 0, iov), 0);
    cr_assert_eq(retry_memory_reply(&memory, 1, iov), 1);
    cr_assert_eq(iov[0].iov_len, 4);
    cr_assert_eq(retry_memory_reply(&memory, 99, iov), 2);
    retry_memory_clear(&memory);
}

Test(retry_memory, too_much_is_told_and_not_allocated)
{
    RetryMemory memory;

    retry_memory_init(&memory, NULL, 0, 0, true);
    cr_assert_null(map(&memory, 0x1000, RETRY_BYTES_MAX, GUEST_INOUT));
    cr_assert_not(memory.too_large, "exactly as much as the kernel carries");
    cr_assert_null(map(&memory, 0x1000, 1, GUEST_IN));
    cr_assert(memory.too_large);
    cr_assert_not(commit(&memory));
    retry_memory_clear(&memory);

    retry_memory_init(&memory, NULL, 0, 0, true);
    cr_assert_null(map(&memory, 0x1000, SIZE_MAX, GUEST_OUT));
    cr_assert(memory.too_large);
    retry_memory_clear(&memory);

    retry_memory_init(&memory, NULL, 0, 0, true);
    for (int i = 0; i < RETRY_RANGES_MAX; i++) {
        map(&memory, 0x1000, 1, GUEST_IN);
    }
    cr_assert_not(memory.too_large);
    cr_assert_null(map(&memory, 0x1000, 1, GUEST_IN));
    cr_assert(memory.too_large);
    retry_memory_clear(&memory);
}

Test(retry_memory, an_empty_range_is_here_at_once)
{
    RetryMemory memory;

    retry_memory_init(&memory, NULL, 0, 0, true);
    cr_assert_not_null(map(&memory, 0, 0, GUEST_INOUT));
    cr_assert(commit(&memory));
    retry_memory_clear(&memory);
}
