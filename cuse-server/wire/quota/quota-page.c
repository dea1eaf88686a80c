/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/wire/quota/quota-page.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/base/close-if-open.h"

/*
 * #syscalls:broker futex munmap close
 * #syscalls:worker futex
 * #syscalls:before memfd_create ftruncate fcntl mmap munmap close
 */

enum {
    PAGE_BYTES = 4096,
    SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL,
};

G_STATIC_ASSERT(sizeof(QuotaPage) <= PAGE_BYTES);
G_STATIC_ASSERT(ATOMIC_LLONG_LOCK_FREE ==
                2); /* a lock would have to be in the page, and the worker cannot write it */

static void fail(GError **error, const char *what)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot %s the page of quotas: %s",
                what, g_strerror(errno));
}

/* Map the page for writing, and then keep others from doing the same. */
static QuotaPage *map_and_seal(int fd)
{
    void *page = MAP_FAILED;

    if (ftruncate(fd, PAGE_BYTES) == 0) {
        page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (page != MAP_FAILED && fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
        const int saved = errno;
        munmap(page, PAGE_BYTES);
        errno = saved;
        page = MAP_FAILED;
    }
    return page == MAP_FAILED ? NULL : page;
}

QuotaPage *quota_page_new(const InstanceQuota *quota, int *fd, GError **error)
{
    *fd = memfd_create("nvcuse-quotas", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    QuotaPage *page = *fd >= 0 ? map_and_seal(*fd) : NULL;

    if (!page) {
        fail(error, "create");
        close_if_open(*fd);
        *fd = -1;
        return NULL;
    }
    for (unsigned i = 0; i < QUOTA_GPUS_MAX; i++) {
        atomic_store(&page->gpu_memory[i], quota->gpu_memory[i]);
    }
    atomic_store(&page->pinned_memory, quota->pinned_memory);
    atomic_store(&page->gpu_share, quota->gpu_share);
    atomic_store(&page->gpu_cap, quota->gpu_cap);
    atomic_store(&page->changes, 1);
    return page;
}

const QuotaPage *quota_page_map(int fd, GError **error)
{
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, fd, 0);

    if (page == MAP_FAILED) {
        fail(error, "map");
        return NULL;
    }
    return page;
}

void quota_page_announce(QuotaPage *page)
{
    /* 0 stands for "nothing seen yet". */
    if (atomic_fetch_add(&page->changes, 1) == UINT32_MAX) {
        atomic_store(&page->changes, 1);
    }
    (void)syscall(SYS_futex, &page->changes, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

uint32_t quota_page_wait(const QuotaPage *page, uint32_t seen, int milliseconds)
{
    const struct timespec time = {.tv_sec = milliseconds / 1000,
                                  .tv_nsec = milliseconds % 1000 * 1000000L};
    const struct timespec *limit = milliseconds < 0 ? NULL : &time;
    uint32_t changes;
    long result = 0;

    /* The kernel waits only while the page has the value that was seen. It needs no right to write to the page for that
     * (kernel/futex/core.c, get_futex_key()). */
    while ((changes = atomic_load(&page->changes)) == seen && !(result < 0 && errno == ETIMEDOUT)) {
        result = syscall(SYS_futex, &page->changes, FUTEX_WAIT, seen, limit, NULL, 0);
    }
    return changes;
}

void quota_page_free(const QuotaPage *page)
{
    munmap((void *)page, PAGE_BYTES);
}
