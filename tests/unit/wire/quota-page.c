/* SPDX-License-Identifier: Apache-2.0 */
/* The page of quotas: the worker sees what the broker writes, and cannot write it, whatever it tries. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "cuse-server/wire/quota/quota-page.h"

static QuotaPage *new_page(int *fd)
{
    const InstanceQuota quota = {.by_gpu = true, .gpu_memory = {7, 8}, .pinned_memory = 9};
    g_autoptr(GError) error = NULL;
    QuotaPage *page = quota_page_new(&quota, fd, &error);

    cr_assert_not_null(page, "%s", error ? error->message : "");
    return page;
}

Test(quota_page, a_child_sees_what_the_parent_writes_later)
{
    int fd;
    g_autoptr(QuotaPage) page = new_page(&fd);
    const QuotaPage *read_only = quota_page_map(fd, NULL);
    int status;

    cr_assert_not_null(read_only);
    cr_assert_eq(atomic_load(&read_only->gpu_memory[0]), 7);
    cr_assert_eq(atomic_load(&read_only->gpu_memory[1]), 8);
    cr_assert_eq(atomic_load(&read_only->gpu_memory[2]), QUOTA_UNLIMITED);
    cr_assert_eq(atomic_load(&read_only->pinned_memory), 9);
    const pid_t child = fork();
    if (child == 0) {
        while (atomic_load(&read_only->gpu_memory[31]) != 5) {
            usleep(1000);
        }
        _exit(0);
    }
    atomic_store(&page->gpu_memory[31], 5);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    quota_page_free(read_only);
    close(fd);
}

/* The child ends when it has seen three announcements, and waits in between: it is asleep when the parent announces. */
Test(quota_page, one_that_may_only_read_it_waits_for_what_is_announced, .timeout = 20)
{
    int fd;
    g_autoptr(QuotaPage) page = new_page(&fd);
    const QuotaPage *read_only = quota_page_map(fd, NULL);
    const pid_t child = fork();
    int status;

    if (child == 0) {
        uint32_t seen = 0;
        for (uint32_t wanted = 1; wanted <= 4; wanted++) {
            seen = quota_page_wait(read_only, seen, QUOTA_PAGE_FOREVER);
            if (seen != wanted || atomic_load(&read_only->gpu_cap) != wanted - 1) {
                _exit(1);
            }
        }
        _exit(0);
    }
    for (uint32_t i = 1; i <= 3; i++) {
        usleep(50000);
        cr_assert_eq(waitpid(child, &status, WNOHANG), 0, "it waits");
        atomic_store(&page->gpu_cap, i);
        quota_page_announce(page);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    quota_page_free(read_only);
    close(fd);
}

Test(quota_page, the_count_of_changes_is_never_zero)
{
    int fd;
    g_autoptr(QuotaPage) page = new_page(&fd);

    cr_assert_eq(quota_page_wait(page, 0, QUOTA_PAGE_FOREVER), 1,
                 "the first time it returns at once");
    atomic_store(&page->changes, UINT32_MAX);
    quota_page_announce(page);
    cr_assert_eq(quota_page_wait(page, UINT32_MAX, QUOTA_PAGE_FOREVER), 1);
    close(fd);
}

Test(quota_page, a_wait_may_end_without_a_change, .timeout = 20)
{
    int fd;
    g_autoptr(QuotaPage) page = new_page(&fd);
    const gint64 began = g_get_monotonic_time();

    cr_assert_eq(quota_page_wait(page, 1, 50), 1);
    cr_assert_geq(g_get_monotonic_time() - began, 50 * G_TIME_SPAN_MILLISECOND);
    close(fd);
}

Test(quota_page, nobody_else_can_write_it)
{
    int fd;
    g_autoptr(QuotaPage) page = new_page(&fd);
    const QuotaPage *read_only = quota_page_map(fd, NULL);
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    const int again = open(path, O_RDWR | O_CLOEXEC);

    cr_assert_eq(mprotect((void *)read_only, 4096, PROT_READ | PROT_WRITE), -1);
    for (int i = 0; i < 2; i++) {
        const int file = i ? again : fd;
        cr_assert_geq(file, 0);
        cr_assert_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), MAP_FAILED);
        cr_assert_lt(pwrite(file, "x", 1, 0), 0);
        cr_assert_lt(ftruncate(file, 0), 0);
        cr_assert_lt(ftruncate(file, 1 << 20), 0);
        cr_assert_lt(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), 0);
        cr_assert_lt(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), 0);
    }
    cr_assert_eq(atomic_load(&page->gpu_memory[0]), 7);
    quota_page_free(read_only);
    close(again);
    close(fd);
}

Test(quota_page, a_file_that_cannot_be_mapped_is_an_error)
{
    g_autoptr(GError) error = NULL;

    cr_assert_null(quota_page_map(-1, &error));
    cr_assert_not_null(error);
}
