/* SPDX-License-Identifier: Apache-2.0 */
/* Which file each of the broker's threads opens, and that no file's number is used twice. */
#include <criterion/criterion.h>

#include "cuse-server/broker/files/opens.h"

enum { WINDOW = 4096, ROUNDS = 3 * WINDOW, FAR = 1000000 };

static Opens *opens;

static void begin(void)
{
    opens = opens_new();
    opens_renew(opens, 7);
}

static void end(void)
{
    opens_free(opens);
}

TestSuite(opens, .init = begin, .fini = end);

Test(opens, finds_the_file_of_a_thread_and_a_device)
{
    opens_begin(opens, 100, 1, 11);
    opens_begin(opens, 200, 2, 22);
    cr_expect_eq(opens_find(opens, 100, 1), 11);
    cr_expect_eq(opens_find(opens, 200, 2), 22);
    cr_expect_eq(opens_find(opens, 100, 2), 0, "the thread opens another device");
    cr_expect_eq(opens_find(opens, 300, 1), 0, "not a thread of ours");
    cr_expect_eq(opens_find(opens, -1, 1), 0);
}

Test(opens, forgets_what_is_done)
{
    opens_begin(opens, 100, 1, 11);
    opens_begin(opens, 200, 1, 22);
    opens_end(opens, 100);
    cr_expect_eq(opens_find(opens, 100, 1), 0);
    cr_expect_eq(opens_find(opens, 200, 1), 22);
    opens_begin(opens, 100, 1, 33);
    cr_expect_eq(opens_find(opens, 100, 1), 33, "the thread's next");
}

Test(opens, spends_each_number_once_in_any_order)
{
    static const uint64_t order[] = {3, 1, 2, 70, 64, 65, 63, WINDOW, WINDOW - 1};

    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        cr_expect(opens_spend(opens, 7, order[i]), "%zu", i);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        cr_expect_not(opens_spend(opens, 7, order[i]), "%zu again", i);
    }
}

Test(opens, takes_nothing_from_far_below)
{
    cr_expect(opens_spend(opens, 7, 5));
    cr_expect(opens_spend(opens, 7, FAR));
    cr_expect_not(opens_spend(opens, 7, 5), "spent, and its bit is another's by now");
    cr_expect_not(opens_spend(opens, 7, FAR - WINDOW));
    cr_expect(opens_spend(opens, 7, FAR - WINDOW + 1), "the lowest that is told from others");
    cr_expect_not(opens_spend(opens, 7, FAR));
}

/* A number beyond the window's end has the bit of a number that was used. */
Test(opens, goes_round_its_window)
{
    for (uint64_t file = 1; file <= ROUNDS; file++) {
        cr_assert(opens_spend(opens, 7, file), "%lu", (unsigned long)file);
        cr_assert_not(opens_spend(opens, 7, file), "%lu again", (unsigned long)file);
    }
}

Test(opens, takes_no_number_that_could_be_taken_for_another)
{
    cr_expect_not(opens_spend(opens, 7, 0));
    cr_expect_not(opens_spend(opens, 7, UINT64_C(1) << 31));
    cr_expect_not(opens_spend(opens, 7, (UINT64_C(1) << 32) + 1), "32 bits of it are another's");
    cr_expect(opens_spend(opens, 7, 1));
}

Test(opens, begins_anew_with_another_worker)
{
    cr_expect(opens_spend(opens, 7, FAR));
    opens_renew(opens, 8);
    cr_expect_not(opens_spend(opens, 7, FAR + 1), "an open of the last worker's that came late");
    cr_expect(opens_spend(opens, 8, 1));
    cr_expect_not(opens_spend(opens, 8, 1));
}
