/* SPDX-License-Identifier: Apache-2.0 */
/* Slots: which number an instance gets, and when a number is free again. */
#include <criterion/criterion.h>

#include <sys/wait.h>
#include <unistd.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "cuse-server/broker/workers/slots.h"

enum { COUNT = 4, AT_ONCE = 8 };

static char *directory;

static void begin(void)
{
    directory = g_dir_make_tmp("nvcuse-slots-XXXXXX", NULL);
    cr_assert_not_null(directory);
}

static void remove_file(const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);

    (void)g_remove(path);
}

static void end(void)
{
    for (unsigned i = 0; i < AT_ONCE; i++) {
        g_autofree char *name = g_strdup_printf("%u", i);
        remove_file(name);
    }
    remove_file("next");
    g_rmdir(directory);
    g_free(directory);
}

TestSuite(slots, .init = begin, .fini = end, .timeout = 20);

static Slot take_of(unsigned count)
{
    g_autoptr(GError) error = NULL;
    Slot slot = {.lock = -1};

    cr_assert(slot_take_number(directory, count, &slot, &error), "%s", error ? error->message : "");
    return slot;
}

/* The number of the next slot, which is released at once. */
static unsigned next_of(unsigned count)
{
    Slot slot = take_of(count);

    close(slot.lock);
    return slot.number;
}

Test(slots, one_that_is_given_back_comes_again_after_all_others)
{
    for (unsigned i = 0; i < 3 * COUNT; i++) {
        cr_expect_eq(next_of(COUNT), i % COUNT);
    }
}

Test(slots, one_that_is_taken_is_passed_over)
{
    Slot first = take_of(COUNT);

    for (unsigned i = 0; i < 2 * COUNT; i++) {
        cr_expect_neq(next_of(COUNT), first.number);
    }
    close(first.lock);
}

Test(slots, when_all_are_taken_there_is_none)
{
    g_autoptr(GError) error = NULL;
    Slot slots[COUNT];
    Slot more;

    for (unsigned i = 0; i < COUNT; i++) {
        slots[i] = take_of(COUNT);
    }
    cr_expect_not(slot_take_number(directory, COUNT, &more, &error));
    cr_expect(g_error_matches(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE));
    cr_expect_eq(more.lock, -1);
    close(slots[2].lock);
    cr_expect_eq(take_of(COUNT).number, 2);
}

Test(slots, there_may_be_fewer_than_before)
{
    for (unsigned i = 0; i < COUNT - 1; i++) {
        (void)next_of(COUNT);
    }
    cr_expect_lt(next_of(2), 2);
    cr_expect_lt(next_of(2), 2);
    cr_expect_eq(next_of(1), 0);
}

Test(slots, what_is_no_number_is_the_first)
{
    g_autofree char *path = g_build_filename(directory, "next", NULL);

    cr_assert(g_file_set_contents(path, "nonsense", -1, NULL));
    cr_expect_eq(next_of(COUNT), 0);
    cr_expect_eq(next_of(COUNT), 1);
}

/* Each child keeps its slot until all children have one; its exit status is the slot's number. */
Test(slots, those_who_come_at_once_have_different_ones)
{
    pid_t children[AT_ONCE];
    unsigned seen = 0;
    int gate[2];
    char byte;

    cr_assert_eq(pipe(gate), 0);
    for (unsigned i = 0; i < AT_ONCE; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            Slot slot = {.lock = -1};
            bool ok = slot_take_number(directory, AT_ONCE, &slot, NULL);
            (void)!write(gate[1], "", 1);
            g_usleep(G_USEC_PER_SEC / 2);
            _exit(ok ? (int)slot.number : AT_ONCE);
        }
    }
    for (unsigned i = 0; i < AT_ONCE; i++) {
        cr_assert_eq(read(gate[0], &byte, 1), 1);
    }
    for (unsigned i = 0; i < AT_ONCE; i++) {
        int status = 0;
        waitpid(children[i], &status, 0);
        seen |= 1u << WEXITSTATUS(status);
    }
    cr_expect_eq(seen, (1u << AT_ONCE) - 1);
}
