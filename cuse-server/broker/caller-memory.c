/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/caller-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/broker/driver-words.h"
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

/* ioctl(fd, word, argument) */
typedef struct {
    int fd;
    uint32_t word;
} IoctlCall;

/* "NUMBER ARG0 ARG1 ...", the number decimal and the arguments hexadecimal. */
static bool parse_ioctl(const char *text, IoctlCall *call)
{
    char *end = NULL;
    guint64 number = g_ascii_strtoull(text, &end, 10);
    char *rest = end;
    guint64 fd = end == text ? 0 : g_ascii_strtoull(end, &rest, 16);

    *call = (IoctlCall){(int)fd, (uint32_t)g_ascii_strtoull(rest, NULL, 16)};
    return end != text && rest != end && number == SYS_ioctl && fd <= INT_MAX;
}

/* The ioctl() that a thread is in. The file "syscall" is "running" for a thread that does not sleep. Returns 0 or
 * an errno. */
static int find_call(int directory, IoctlCall *call)
{
    g_autofree char *path = thread_file(directory, "syscall");

    for (int look = 0; look < LOOKS_MAX; look++) {
        g_autofree char *text = NULL;
        if (!g_file_get_contents(path, &text, NULL, NULL)) {
            return ESRCH;
        }
        if (!g_str_has_prefix(text, "running")) {
            return parse_ioctl(text, call) ? 0 : EPERM;
        }
        g_usleep(LOOK_MICROSECONDS);
    }
    return EPERM;
}

/* Is the thread still in this call? */
static int find_again(int directory, const IoctlCall *call)
{
    IoctlCall now;
    int error = find_call(directory, &now);

    return error ? error : now.fd == call->fd && now.word == call->word ? 0 : EPERM;
}

/* Is the thread in a call that memory is given out for, and still the same? Returns 0 or an errno. */
static int check_call(const CallerRule *rule, pid_t tid, int directory, int *duplicate)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", directory);
    IoctlCall call;
    uint32_t file;
    int error = find_call(directory, &call);

    if (error) {
        return error;
    }
    *duplicate = guest_thread_dup(rule->members, tid, call.fd);
    if (*duplicate < 0 || rule->identify(*duplicate, &file, rule->data) != 0) {
        return EPERM;
    }
    if (!driver_word(call.word)) {
        return EINVAL;
    }
    error = openers_check(rule->openers, file, path);
    return error ? error : find_again(directory, &call);
}

static int open_memory(const CallerRule *rule, pid_t tid, int directory, int *fd, int *duplicate)
{
    g_autofree char *path = thread_file(directory, "mem");
    int memory = open(path, O_RDWR | O_CLOEXEC);

    if (memory < 0) {
        return ESRCH;
    }
    /* After opening: if the process executed another program in between, this is of the old one. */
    int error = check_call(rule, tid, directory, duplicate);
    if (error) {
        close(memory);
    } else {
        *fd = memory;
    }
    return error;
}

int caller_memory_open(const CallerRule *rule, pid_t tid, int *fd, int *duplicate)
{
    g_autofree char *path = g_strdup_printf("/proc/%d", tid);
    int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    *fd = -1;
    *duplicate = -1;
    if (directory < 0) {
        return ESRCH;
    }
    int error = open_memory(rule, tid, directory, fd, duplicate);
    close(directory);
    return error;
}

int caller_memory_open_waiting(Openers *openers, const GuestCall *call, uint32_t file, int *fd)
{
    g_autofree char *directory = g_strdup_printf("/proc/%d", call->tid);

    *fd = guest_thread_memory(call->tid);
    if (*fd < 0) {
        return ESRCH;
    }
    int error = driver_word(call->command) ? openers_check(openers, file, directory) : EINVAL;
    /* It still waits: the number was its own when all this was looked at. */
    return notification_is_valid(call->listener, call->id) ? error : ESRCH;
}
