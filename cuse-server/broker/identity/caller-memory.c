/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/identity/caller-memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <glib.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/guests/driver-words.h"
#include "cuse-server/broker/guests/notification.h"
#include "cuse-server/broker/identity/guest-rights.h"
#include "cuse-server/broker/identity/guest-thread.h"

/* #syscalls:broker openat newfstatat fstat read close clock_nanosleep */

/* A thread whose request has just arrived may not sleep yet. The kernel shows its system call only while it sleeps. */
enum { LOOKS_MAX = 200, LOOK_MICROSECONDS = 500 };

/* Name a file in the thread's directory, by a descriptor of that directory: it never shows a later thread with the same
 * number. */
static char *thread_file(int directory, const char *name)
{
    return g_strdup_printf("/proc/self/fd/%d/%s", directory, name);
}

/* ioctl(fd, word, argument) */
typedef struct {
    int fd;
    uint32_t word;
} IoctlCall;

/* Parse "NUMBER ARG0 ARG1 ...": the number is decimal, the arguments are hexadecimal. */
static bool parse_ioctl(const char *text, IoctlCall *call)
{
    char *end = NULL;
    guint64 number = g_ascii_strtoull(text, &end, 10);
    char *rest = end;
    guint64 fd = end == text ? 0 : g_ascii_strtoull(end, &rest, 16);

    *call = (IoctlCall){(int)fd, (uint32_t)g_ascii_strtoull(rest, NULL, 16)};
    return end != text && rest != end && number == SYS_ioctl && fd <= INT_MAX;
}

/* Find the ioctl() that a thread is in. The file "syscall" reads "running" if the thread does not sleep. Returns 0 or an
 * errno. */
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

/*
 * Caller: what the broker sees of a thread before it opens the thread's memory. It must be the same afterwards.
 * @path: the thread's directory in /proc
 */
typedef struct {
    const char *path;
    IoctlCall call;
    GuestImage image;
    FileKey file;
} Caller;

/* Check that the thread is in a call for which its memory may be given out. Returns 0 or an errno. */
static int look(const CallerRule *rule, int directory, Caller *caller)
{
    int error = find_call(directory, &caller->call);

    if (error) {
        return error;
    }
    int file = guest_thread_file(caller->path, caller->call.fd);
    error = file < 0 || rule->identify(file, &caller->file, rule->data) != 0 ? EPERM : 0;
    close_if_open(file);
    if (error) {
        return error;
    }
    if (!driver_word(caller->call.word)) {
        return EINVAL;
    }
    return guest_image_read(caller->path, &caller->image)
               ? openers_check(rule->openers, caller->file, caller->path)
               : ESRCH;
}

/* Check that the thread is still in that call, and still runs the same program. Returns 0 or an errno. */
static int look_again(const CallerRule *rule, int directory, const Caller *caller)
{
    IoctlCall now;
    GuestImage image;
    int error = openers_check(rule->openers, caller->file, caller->path);

    if (!error && !guest_image_read(caller->path, &image)) {
        error = ESRCH;
    }
    error = error ? error : find_call(directory, &now);
    if (!error && (now.fd != caller->call.fd || now.word != caller->call.word ||
                   memcmp(&image, &caller->image, sizeof image) != 0)) {
        error = EPERM;
    }
    return error;
}

/*
 * Open the thread's memory. The rights that are checked must be those of the program whose memory this is. So the rights
 * are checked before the memory is opened: a process that a better-privileged program has just started (vfork(),
 * posix_spawn()) is in that program's memory until it executes another. And the memory is given out only if the thread runs
 * the same program and is in the same call afterwards.
 */
static int open_memory(const CallerRule *rule, int directory, pid_t tid, CallerMemory *memory)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", directory);
    g_autofree char *mem = thread_file(directory, "mem");
    g_autofree char *comm = thread_file(directory, "comm");
    Caller caller = {.path = path};
    int error = look(rule, directory, &caller);

    if (error) {
        return error;
    }
    memory->memory = open(mem, O_RDWR | O_CLOEXEC);
    memory->thread = open(comm, O_RDONLY | O_CLOEXEC);
    if (memory->memory < 0 || memory->thread < 0) {
        return ESRCH;
    }
    memory->file = caller.file;
    if (!guest_thread_process(rule->members, tid, &memory->process)) {
        return ESRCH;
    }
    memory->lending = agents_lend(rule->agents, guest_process_group(memory->process.id));
    return look_again(rule, directory, &caller);
}

void caller_memory_clear(CallerMemory *memory)
{
    close_if_open(memory->memory);
    close_if_open(memory->thread);
    *memory = (CallerMemory){.memory = -1, .thread = -1};
}

int caller_memory_open(const CallerRule *rule, pid_t tid, CallerMemory *memory)
{
    g_autofree char *path = g_strdup_printf("/proc/%d", tid);
    int directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    *memory = (CallerMemory){.memory = -1, .thread = -1};
    if (directory < 0) {
        return ESRCH;
    }
    /* The worker does not learn anything about other processes of the host, not even that they exist. */
    int error =
        !guest_members_have(rule->members, tid) ? ESRCH : open_memory(rule, directory, tid, memory);
    close(directory);
    if (error) {
        caller_memory_clear(memory);
    }
    return error;
}

int caller_memory_open_waiting(Openers *openers, const GuestCall *call, FileKey file, int *fd)
{
    g_autofree char *directory = g_strdup_printf("/proc/%d", call->tid);

    *fd = guest_thread_memory(call->tid);
    if (*fd < 0) {
        return ESRCH;
    }
    int error = driver_word(call->command) ? openers_check(openers, file, directory) : EINVAL;
    /* If the thread still waits, its number was not reused, so all that was read is its own. */
    return notification_is_valid(call->listener, call->id) ? error : ESRCH;
}
