/* SPDX-License-Identifier: Apache-2.0 */
/* Files that the broker opens in advance: how they count, and which thread waits for which. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <unistd.h>

#include "cuse-server/proxy/proxy.h"
#include "tests/unit/support/fake-host.h"

enum { FILES = 16 }; /* fake_new() */

static Fake *fake;

static void begin(void)
{
    fake = fake_new("580.105.08", NV_CAPS_DEFAULT);
}

static void end(void)
{
    fake_free(fake);
}

TestSuite(nv_file, .init = begin, .fini = end, .timeout = 60);

/* The table keeps the file. */
static NvFile *reserve(void)
{
    NvFile *file = nv_file_table_reserve(fake->proxy.files, nv_file_table_new_id(fake->proxy.files),
                                         &fake->devices[FAKE_CTL], fake->proxy.host);

    nv_file_unref(file);
    return file;
}

static int give(uint32_t id)
{
    NvFile *file = NULL;
    int error = proxy_open_as(&fake->proxy, id, FAKE_CTL, O_RDWR, &file);

    if (!error) {
        nv_file_unref(file);
    }
    return error;
}

static unsigned n_files(void)
{
    nv_file_table_settle_all(fake->proxy.files);
    return nv_file_table_size(fake->proxy.files);
}

Test(nv_file, one_that_is_opened_in_advance_counts_once_a_guest_has_it)
{
    NvFile *file = reserve();

    for (unsigned i = 0; i < FILES; i++) {
        reserve();
    }
    cr_expect_eq(n_files(), 0);
    cr_expect_eq(nv_file_table_awaits(fake->proxy.files, file->id), &fake->devices[FAKE_CTL]);
    cr_assert_eq(give(file->id), 0);
    cr_expect_eq(n_files(), 1);
    cr_expect_null(nv_file_table_awaits(fake->proxy.files, file->id), "it is not awaited any more");
    cr_expect_geq(nv_file_fd(file), 0);
    proxy_release(&fake->proxy, file->id);
    cr_expect_eq(n_files(), 0);
}

Test(nv_file, one_that_was_never_given_goes_without_a_trace)
{
    NvFile *file = reserve();

    nv_file_unref(nv_file_table_remove(fake->proxy.files, file->id));
    cr_expect_eq(n_files(), 0);
    cr_expect_null(nv_file_table_awaits(fake->proxy.files, 1));
    cr_expect_null(nv_file_table_awaits(fake->proxy.files, 77),
                   "nor is one awaited that never was");
}

Test(nv_file, there_is_no_more_room_for_those_than_for_others)
{
    NvFile *spare = reserve();

    for (unsigned i = 0; i < FILES; i++) {
        cr_assert_eq(give(nv_file_table_new_id(fake->proxy.files)), 0);
    }
    cr_expect_neq(give(spare->id), 0);
    cr_expect_not_null(nv_file_table_awaits(fake->proxy.files, spare->id),
                       "whoever gave it decides");
    nv_file_unref(nv_file_table_add(fake->proxy.files, spare->id, &fake->devices[FAKE_CTL],
                                    fake->proxy.host, -1));
    cr_expect_eq(nv_file_fd(spare), -1, "a file on which nothing succeeds");
    cr_expect_eq(n_files(), FILES + 1);
    proxy_release(&fake->proxy, spare->id);
    cr_expect_eq(n_files(), FILES);
}

static gpointer look_up(gpointer id)
{
    g_autoptr(NvFile) file = nv_file_table_get(fake->proxy.files, GPOINTER_TO_UINT(id));

    return GINT_TO_POINTER(file && nv_file_fd(file) >= 0);
}

static gpointer wait_for(gpointer data)
{
    NvFile *file = data;

    nv_file_wait(file);
    return GINT_TO_POINTER(nv_file_fd(file) >= 0);
}

Test(nv_file, who_calls_before_the_word_is_there_waits_for_it)
{
    NvFile *file = reserve();
    GThread *by_id = g_thread_new("by id", look_up, GUINT_TO_POINTER(file->id));
    GThread *by_file = g_thread_new("by file", wait_for, file);

    g_usleep(20000);
    cr_assert_eq(give(file->id), 0);
    cr_expect(g_thread_join(by_id), "it has its host file");
    cr_expect(g_thread_join(by_file));
    cr_expect(look_up(GUINT_TO_POINTER(file->id)), "nobody waits afterwards");
}

Test(nv_file, one_that_is_closed_before_the_word_is_there_is_left_to_whoever_brings_it)
{
    NvFile *early = reserve();
    NvFile *late = reserve();

    cr_expect(nv_file_table_leave(fake->proxy.files, early));
    cr_assert_eq(give(early->id), 0);
    cr_expect(early->left);
    cr_assert_eq(give(late->id), 0);
    cr_expect_not(nv_file_table_leave(fake->proxy.files, late));
    cr_expect_not(late->left);
}
