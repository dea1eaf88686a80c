/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/caller-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/broker/guest-thread.h"
#include "cuse-server/broker/notification.h"

/* #syscalls:broker openat newfstatat fstat read close clock_nanosleep */

/* A thread that has just asked may not sleep yet; its system call shows only when it does. */
enum { LOOKS_MAX = 200, LOOK_MICROSECONDS = 500 };

/* Everything is looked up in the thread's own directory: it is of no later thread of its number. */
static char *thread_file(int directory, const char *name)
{
    return g_strdup_printf("/proc/self/fd/%d/%s", directory, name);
}

/*
 * The descriptor of the ioctl() a thread is in, or -1 with errno. The file "syscall" is "NUMBER ARG0
 * ARG1 ...", the number decimal and the arguments hexadecimal; "running" for a thread that does not
 * sleep.
 */
static int ioctl_descriptor(int directory)
{
    g_autofree char *path = thread_file(directory, "syscall");

    for (int look = 0; look < LOOKS_MAX; look++) {
        g_autofree char *text = NULL;
        char *end = NULL;
        if (!g_file_get_contents(path, &text, NULL, NULL)) {
            errno = ESRCH;
            return -1;
        }
        if (!g_str_has_prefix(text, "running")) {
            guint64 number = g_ascii_strtoull(text, &end, 10);
            guint64 fd = end == text ? 0 : g_ascii_strtoull(end, NULL, 16);
            errno = EPERM;
            return end != text && number == SYS_ioctl && fd <= INT_MAX ? (int)fd : -1;
        }
        g_usleep(LOOK_MICROSECONDS);
    }
    errno = EPERM;
    return -1;
}

/* Is the thread in an ioctl() on a file of ours, and still the same? Returns 0 or an errno. */
static int check_call(GuestMembers *members, pid_t tid, int directory, CallerFileCheck is_own,
                      const void *data, int *duplicate)
{
    int fd = ioctl_descriptor(directory);

    if (fd < 0) {
        return errno;
    }
    *duplicate = guest_thread_dup(members, tid, fd);
    if (*duplicate < 0 || !is_own(*duplicate, data)) {
        return EPERM;
    }
    return ioctl_descriptor(directory) == fd ? 0 : EPERM;
}

static int open_memory(GuestMembers *members, pid_t tid, int directory, CallerFileCheck is_own,
                       const void *data, int *fd, int *duplicate)
{
    g_autofree char *path = thread_file(directory, "mem");
    int memory = open(path, O_RDWR | O_CLOEXEC);

    if (memory < 0) {
        return ESRCH;
    }
    /* After opening: if the process executed another program in between, this is of the old one. */
    int error = check_call(members, tid, directory, is_own, data, duplicate);
    if (error) {
        close(memory);
    } else {
        *fd = memory;
    }
    return error;
}

int caller_memory_open(GuestMembers *members, pid_t tid, CallerFileCheck is_own, const void *data,
                       int *fd, int *duplicate)
{
    g_autofree char *path = g_strdup_printf("/proc/%d", tid);
    int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    *fd = -1;
    *duplicate = -1;
    if (directory < 0) {
        return ESRCH;
    }
    int error = open_memory(members, tid, directory, is_own, data, fd, duplicate);
    close(directory);
    return error;
}

int caller_memory_open_waiting(const GuestCall *call, int *fd)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/mem", call->tid);
    int memory = open(path, O_RDWR | O_CLOEXEC);

    *fd = -1;
    if (memory < 0) {
        return ESRCH;
    }
    /* It still waits: the number was its own when the file was opened. */
    if (!notification_is_valid(call->listener, call->id)) {
        close(memory);
        return ESRCH;
    }
    *fd = memory;
    return 0;
}
