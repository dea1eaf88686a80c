/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/identity/guest-thread.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/proc-status.h"

/*
 * #syscalls:broker openat newfstatat fstat read close
 * #syscalls:broker gettid pidfd_open pidfd_getfd process_vm_readv
 */

/* Absent from older headers; Linux 6.9. */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

static char *read_proc(pid_t id, const char *file)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/%s", id, file);
    char *text = NULL;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        errno = ESRCH;
    }
    return text;
}

int guest_thread_take(pid_t tid, int fd)
{
    int pidfd = pidfd_open(tid, PIDFD_THREAD);
    int copy = pidfd < 0 ? -1 : pidfd_getfd(pidfd, fd, 0);
    int saved = errno;

    close_if_open(pidfd);
    errno = saved;
    return copy;
}

/* Is the thread the first of its process, with the process's number? Only for such a thread can a plain pidfd be opened. */
static bool is_first(pid_t tid)
{
    int pidfd = pidfd_open(tid, 0);

    close_if_open(pidfd);
    return pidfd >= 0;
}

pid_t guest_thread_group(pid_t tid)
{
    g_autofree char *status = NULL;
    uint64_t group;

    if (is_first(tid)) {
        return tid;
    }
    status = read_proc(tid, "status");
    if (!status || !proc_status_number(status, "Tgid", 0, 10, &group)) {
        errno = ESRCH;
        return -1;
    }
    return (pid_t)group;
}

enum { STAT_UTIME = 14, STAT_STARTTIME = 22 }; /* proc(5) */

/* Read a field of /proc/PID/stat that is in clock ticks. The name, field 2, may contain any characters. */
static bool stat_ticks(pid_t id, int wanted, uint64_t *ticks)
{
    g_autofree char *stat = read_proc(id, "stat");
    const char *at = stat ? strrchr(stat, ')') : NULL;

    for (int field = 2; at && field < wanted; field++) {
        at = strchr(at + 1, ' ');
    }
    if (!at) {
        return false;
    }
    *ticks = strtoull(at + 1, NULL, 10);
    return true;
}

bool guest_thread_process(GuestMembers *members, pid_t tid, GuestProcess *process)
{
    g_autofree char *status = read_proc(tid, "status");
    uint64_t group;
    uint64_t uid;
    uint64_t ticks;

    if (!guest_members_have(members, tid) || !status ||
        !proc_status_number(status, "Tgid", 0, 10, &group) ||
        !proc_status_number(status, "Uid", 1, 10, &uid) ||
        !stat_ticks((pid_t)group, STAT_STARTTIME, &ticks)) {
        errno = ESRCH;
        return false;
    }
    *process = (GuestProcess){.id = guest_process_id(ticks, (pid_t)group), .uid = (uint32_t)uid};
    return true;
}

/* Read the ids of a process or thread in all pid namespaces, from the broker's down to its own. Returns how many there are. */
static unsigned find_numbers(pid_t id, uint32_t numbers[PID_NAMESPACE_LEVELS_MAX])
{
    g_autofree char *status = read_proc(id, "status");
    unsigned n = 0;
    uint64_t value;

    while (status && n < PID_NAMESPACE_LEVELS_MAX &&
           proc_status_number(status, "NSpid", n, 10, &value)) {
        numbers[n++] = (uint32_t)value;
    }
    return n;
}

bool guest_thread_number(GuestMembers *members, pid_t tid, uint64_t process, uint32_t *number)
{
    const pid_t group = guest_process_group(process);
    uint32_t asking[PID_NAMESPACE_LEVELS_MAX];
    uint32_t numbers[PID_NAMESPACE_LEVELS_MAX];
    const unsigned level = find_numbers(tid, asking);
    const unsigned n = find_numbers(group, numbers);
    GuestProcess now;

    /* Take the number from the namespace that is as deep as that of @tid, if it is the same namespace. The last condition
     * checks that all this was about the process that is meant. */
    if (level == 0 || level > n || !guest_members_have(members, tid) ||
        !guest_members_share_namespace(tid, group, n - level) ||
        !guest_thread_process(members, group, &now) || now.id != process) {
        errno = ESRCH;
        return false;
    }
    *number = numbers[level - 1];
    return true;
}

bool guest_thread_is_numbered(pid_t tid, pid_t other, uint32_t number)
{
    uint32_t asking[PID_NAMESPACE_LEVELS_MAX];
    uint32_t numbers[PID_NAMESPACE_LEVELS_MAX];
    const unsigned level = find_numbers(tid, asking);
    const unsigned n = find_numbers(other, numbers);

    return level > 0 && level <= n && numbers[level - 1] == number &&
           guest_members_share_namespace(tid, other, n - level);
}

bool guest_thread_capabilities(pid_t tid, uint64_t *capabilities)
{
    g_autofree char *status = read_proc(tid, "status");
    uint64_t permitted;
    uint64_t effective;

    if (!status || !proc_status_number(status, "CapPrm", 0, 16, &permitted) ||
        !proc_status_number(status, "CapEff", 0, 16, &effective)) {
        errno = ESRCH;
        return false;
    }
    *capabilities = permitted | effective;
    return true;
}

pid_t guest_thread_tracer(pid_t tid)
{
    g_autofree char *status = read_proc(tid, "status");
    uint64_t tracer;

    return status && proc_status_number(status, "TracerPid", 0, 10, &tracer) ? (pid_t)tracer : 0;
}

unsigned guest_thread_filters(pid_t tid)
{
    g_autofree char *status = read_proc(tid, "status");
    uint64_t filters;

    return status && proc_status_number(status, "Seccomp_filters", 0, 10, &filters)
               ? (unsigned)filters
               : 0;
}

bool guest_thread_has_signal(pid_t tid)
{
    g_autofree char *status = read_proc(tid, "status");
    uint64_t own;
    uint64_t shared;
    uint64_t blocked;

    return status && proc_status_number(status, "SigPnd", 0, 16, &own) &&
           proc_status_number(status, "ShdPnd", 0, 16, &shared) &&
           proc_status_number(status, "SigBlk", 0, 16, &blocked) &&
           ((own | shared) & ~blocked) != 0;
}

uint64_t guest_thread_time(pid_t tid)
{
    uint64_t ticks;

    return stat_ticks(tid, STAT_UTIME, &ticks) ? ticks : 0;
}

int guest_thread_file(const char *directory, int fd)
{
    g_autofree char *path = g_strdup_printf("%s/fd/%d", directory, fd);
    struct stat link;
    int file = open(path, O_PATH | O_CLOEXEC);

    /* The link's mode shows whether the file is open for reading and writing. A descriptor that was opened with O_PATH
     * allows neither. Source: fs/proc/fd.c, tid_fd_update_inode(). */
    if (file >= 0 && (lstat(path, &link) < 0 || !(link.st_mode & (S_IRUSR | S_IWUSR)))) {
        close(file);
        file = -1;
    }
    if (file < 0) {
        errno = EBADF;
    }
    return file;
}

int guest_thread_memory(pid_t tid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/mem", tid);

    return open(path, O_RDWR | O_CLOEXEC);
}

bool guest_threads_have_pidfds(void)
{
    int pidfd = pidfd_open(gettid(), PIDFD_THREAD);

    close_if_open(pidfd);
    return pidfd >= 0 || errno != EINVAL;
}

/* Is the descriptor a pidfd? Recognise it by its name, which no file in a file system can have. To read the fdinfo of other
 * files may wait for a guest: the kernel needs an epoll file's lock for that, and holds it while it polls the files in it. */
static bool is_pidfd(pid_t tid, int fd)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", tid, fd);
    g_autofree char *name = g_file_read_link(path, NULL);

    return name && (g_str_has_prefix(name, "pidfd:") || g_str_equal(name, "anon_inode:[pidfd]"));
}

pid_t guest_thread_pidfd_target(pid_t tid, int pidfd)
{
    g_autofree char *file = g_strdup_printf("fdinfo/%d", pidfd);
    g_autofree char *info = is_pidfd(tid, pidfd) ? read_proc(tid, file) : NULL;
    uint64_t target;

    return info && proc_status_number(info, "Pid", 0, 10, &target) ? (pid_t)target : 0;
}

bool guest_thread_read(pid_t tid, uint64_t addr, void *buffer, size_t size)
{
    struct iovec local = {.iov_base = buffer, .iov_len = size};
    struct iovec remote = {.iov_base = (void *)(uintptr_t)addr, .iov_len = size};

    if (process_vm_readv(tid, &local, 1, &remote, 1, 0) != (ssize_t)size) {
        errno = EFAULT;
        return false;
    }
    return true;
}

ssize_t guest_thread_string(pid_t tid, uint64_t addr, char *buffer, size_t size)
{
    const size_t page = 4096; /* the smallest page that any machine has */
    size_t done = 0;

    /* Read page by page: the string may end just before memory that is not mapped. */
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
