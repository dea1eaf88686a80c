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
