/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/guest-thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/uio.h>
#include <unistd.h>

#include <glib.h>

pid_t guest_thread_group(pid_t tid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", tid);
    g_autofree char *text = NULL;
    const char *line;

    if (!g_file_get_contents(path, &text, NULL, NULL) || !(line = strstr(text, "\nTgid:"))) {
        errno = ESRCH;
        return -1;
    }
    return (pid_t)strtol(line + strlen("\nTgid:"), NULL, 10);
}

int guest_thread_dup(pid_t tid, int fd)
{
    pid_t process = guest_thread_group(tid);
    int pidfd = process < 0 ? -1 : pidfd_open(process, 0);
    int copy = pidfd < 0 ? -1 : pidfd_getfd(pidfd, fd, 0);
    int saved = errno;

    if (pidfd >= 0) {
        close(pidfd);
    }
    errno = saved;
    return copy;
}

ssize_t guest_thread_string(pid_t tid, uint64_t addr, char *buffer, size_t size)
{
    const size_t page = 4096;
    size_t done = 0;

    /* Page by page: the string may end just before memory that is not there. */
    while (done < size) {
        size_t chunk = MIN(page - (addr + done) % page, size - done);
        struct iovec local = {.iov_base = buffer + done, .iov_len = chunk};
        struct iovec remote = {.iov_base = (void *)(uintptr_t)(addr + done), .iov_len = chunk};
        ssize_t n = process_vm_readv(tid, &local, 1, &remote, 1, 0);
        if (n <= 0) {
            errno = EFAULT;
            return -1;
        }
        const char *end = memchr(buffer + done, '\0', (size_t)n);
        if (end) {
            return end - buffer;
        }
        done += (size_t)n;
    }
    errno = ENAMETOOLONG;
    return -1;
}
