/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/workers/worker-spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/wire/worker-spec.h"

/* #syscalls:before openat close dup2 clone close_range fcntl execveat write exit_group */

enum { EXIT_CANNOT_EXECUTE = 127 };

/* What the child needs. The parent prepares it, so that the child only makes system calls. */
typedef struct {
    int program;
    int null;
    int spec;
    const int *keep;
    size_t n;
    char *const *argv;
    char *const *environment;
} Spawn;

static bool keep_over_exec(int fd)
{
    return fd < 0 || fcntl(fd, F_SETFD, 0) == 0;
}

/* Arrange the child's descriptors. The worker keeps standard error for its complaints. Standard input and output become
 * /dev/null, since they may be a terminal. */
static bool arrange_files(const Spawn *spawn)
{
    bool ok = dup2(spawn->null, STDIN_FILENO) >= 0 && dup2(spawn->null, STDOUT_FILENO) >= 0 &&
              close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0 &&
              keep_over_exec(spawn->spec);

    for (size_t i = 0; ok && i < spawn->n; i++) {
        ok = keep_over_exec(spawn->keep[i]);
    }
    return ok;
}

static G_NORETURN void run_child(const Spawn *spawn)
{
    static const char complaint[] = "nvcuse: cannot execute the worker's program\n";

    if (arrange_files(spawn)) {
        (void)syscall(SYS_execveat, spawn->program, "", spawn->argv, spawn->environment,
                      AT_EMPTY_PATH);
    }
    (void)!write(STDERR_FILENO, complaint, sizeof complaint - 1);
    _exit(EXIT_CANNOT_EXECUTE);
}

/*
 * Fork a child into a new pid namespace. unshare() would apply to all later children as well. clone3() passes its flags in
 * memory, where no filter can see them, so systemd's RestrictNamespaces= refuses it. The order of arguments is that of
 * x86-64; the third is the address that the kernel writes the pidfd to.
 */
static pid_t fork_into_namespace(int *pidfd)
{
    return (pid_t)syscall(SYS_clone, CLONE_NEWPID | CLONE_PIDFD | SIGCHLD, NULL, pidfd, NULL, 0L);
}

pid_t worker_spawn(int spec, const int *keep, size_t n, int *pidfd, GError **error)
{
    char number[16];
    char program[] = WORKER_PROGRAM;
    char *argv[] = {program, number, NULL};
    const Spawn spawn = {
        /* Execute the file that runs already: its path may name another file by now. */
        .program = open("/proc/self/exe", O_PATH | O_CLOEXEC),
        .null = open("/dev/null", O_RDWR | O_CLOEXEC),
        .spec = spec,
        .keep = keep,
        .n = n,
        .argv = argv,
        .environment = worker_environment(),
    };
    pid_t pid = -1;

    g_snprintf(number, sizeof number, "%d", spec);
    if (spawn.program >= 0 && spawn.null >= 0) {
        pid = fork_into_namespace(pidfd);
    }
    if (pid == 0) {
        run_child(&spawn);
    }
    if (pid < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot start the worker in a pid namespace of its own: %s", g_strerror(errno));
    }
    close(spawn.program);
    close(spawn.null);
    return pid;
}
