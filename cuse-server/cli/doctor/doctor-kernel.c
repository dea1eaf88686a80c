/* SPDX-License-Identifier: Apache-2.0 */
/* Checks what nvcuse needs from the kernel. The checks try each feature and do not derive it from the kernel's version. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <seccomp.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/cli/doctor/doctor-checks.h"
#include "cuse-server/sandbox/ptrace-scope.h"

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

/* --- the transports of calls ------------------------------------------------------------------- */

/* Check whether the running kernel has a module, or has it built in. */
static bool has_module(const char *file)
{
    static const char *const lists[] = {"modules.builtin", "modules.dep"};
    struct utsname system;

    uname(&system);
    for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
        g_autofree char *path = g_build_filename("/lib/modules", system.release, lists[i], NULL);
        g_autofree char *text = NULL;
        if (g_file_get_contents(path, &text, NULL, NULL) && strstr(text, file)) {
            return true;
        }
    }
    return false;
}

/* Try to open a file. Returns 0 or an errno. */
static int try_to_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        return errno;
    }
    close(fd);
    return 0;
}

static bool is_device(const char *path, struct stat *st)
{
    return stat(path, st) == 0 && S_ISCHR(st->st_mode);
}

/* Choose the level for a missing transport. One of the two transports is enough. @other: path of the other one */
static FindingLevel level_without(const char *other)
{
    return try_to_open(other) == 0 ? FINDING_WARNING : FINDING_PROBLEM;
}

static Finding look_at_cuse(void)
{
    FindingLevel level = level_without("/dev/fuse");
    struct stat st;

    if (!is_device("/dev/cuse", &st)) {
        return has_module("/cuse.ko")
                   ? finding(level, g_strdup("/dev/cuse is not there"),
                             g_strdup("modprobe cuse (modules-load.d does it at boot)"))
                   : finding(level, g_strdup("this kernel has no CUSE"),
                             g_strdup(
                                 "instances take the transport notify; for the stronger one, run a "
                                 "kernel with CONFIG_CUSE, as Debian's are"));
    }
    if (st.st_mode & (S_IRWXG | S_IRWXO) || st.st_uid != 0) {
        return finding(FINDING_WARNING, g_strdup("/dev/cuse is open to others than root"),
                       g_strdup("who opens it makes device nodes: chmod 600 /dev/cuse, and see "
                                "your udev rules"));
    }
    int error = try_to_open("/dev/cuse");
    return error == 0 ? finding_ok("/dev/cuse can be opened")
                      : finding(level, g_strdup_printf("/dev/cuse: %s", g_strerror(error)),
                                g_strdup(error == ENODEV ? "modprobe cuse"
                                                         : "run nvcuse as root, on the host"));
}

static Finding look_at_fuse(void)
{
    int error = try_to_open("/dev/fuse");

    if (error == 0) {
        return finding_ok("/dev/fuse can be opened");
    }
    return finding(level_without("/dev/cuse"), g_strdup_printf("/dev/fuse: %s", g_strerror(error)),
                   g_strdup(error == ENOENT || error == ENODEV
                                ? "modprobe fuse; without it there is no transport notify"
                                : "run nvcuse as root, on the host"));
}

/* --- seccomp ---------------------------------------------------------------------------------- */

enum { PROBE_YES, PROBE_NO, PROBE_NO_LISTENER };

/*
 * Try SECCOMP_ADDFD_FLAG_SEND, in a child. The child makes a seccomp listener for a system call (getpgid) that it does
 * not make, and then sends the listener a request that does not name a pending call. A kernel that has the flag
 * answers that there is no such call (ENOENT).
 */
static G_NORETURN void probe_addfd_send(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    struct seccomp_notif_addfd add = {.flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = STDIN_FILENO};
    int listener;

    if (!filter || seccomp_rule_add(filter, SCMP_ACT_NOTIFY, SCMP_SYS(getpgid), 0) < 0 ||
        seccomp_load(filter) < 0 || (listener = seccomp_notify_fd(filter)) < 0) {
        _exit(PROBE_NO_LISTENER);
    }
    add.srcfd = (uint32_t)listener;
    _exit(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0 && errno == ENOENT ? PROBE_YES
                                                                                  : PROBE_NO);
}

static Finding look_at_seccomp(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        probe_addfd_send();
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) {
        return finding(FINDING_PROBLEM, g_strdup("seccomp could not be tried"),
                       g_strdup("see the kernel's log"));
    }
    switch (WEXITSTATUS(status)) {
    case PROBE_YES:
        return finding_ok("user notification with ADDFD_SEND");
    case PROBE_NO:
        return finding(FINDING_PROBLEM, g_strdup("user notification without ADDFD_SEND"),
                       g_strdup("run Linux 5.14 or newer"));
    default:
        return finding(FINDING_PROBLEM, g_strdup("no seccomp user notification"),
                       g_strdup("run Linux 5.14 or newer with CONFIG_SECCOMP_FILTER; inside a "
                                "container with a listener of its own it cannot work"));
    }
}

/* --- system calls ----------------------------------------------------------------------------- */

static Finding look_at_pidfd_getfd(void)
{
    int pidfd = pidfd_open(getpid(), 0);
    int fd = pidfd < 0 ? -1 : pidfd_getfd(pidfd, STDERR_FILENO, 0);
    int error = errno;

    close_if_open(pidfd);
    if (fd >= 0) {
        close(fd);
        return finding_ok("works");
    }
    return finding(FINDING_PROBLEM, g_strdup_printf("does not work: %s", g_strerror(error)),
                   g_strdup(error == ENOSYS ? "run Linux 5.6 or newer"
                                            : "what runs nvcuse forbids it: see its seccomp "
                                              "profile"));
}

static Finding look_at_kcmp(void)
{
    if (syscall(SYS_kcmp, getpid(), getpid(), KCMP_VM, 0, 0) == 0) {
        return finding_ok("works");
    }
    return finding(
        FINDING_WARNING, g_strdup_printf("does not work: %s", g_strerror(errno)),
        g_strdup("without CONFIG_KCMP, files that a guest has closed and still maps count "
                 "against no limit"));
}

static Finding look_at_landlock(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

    if (version >= 1) {
        return finding(FINDING_OK, g_strdup_printf("ABI %ld", version), NULL);
    }
    return finding(FINDING_WARNING, g_strdup("not available"),
                   g_strdup("add landlock to the kernel's lsm= parameter, for one more wall around "
                            "the worker"));
}

static Finding look_at_mseal(void)
{
    if (syscall(SYS_mseal, NULL, 0, 0) == 0 || errno != ENOSYS) {
        return finding_ok("available");
    }
    return finding(
        FINDING_WARNING, g_strdup("not available"),
        g_strdup("Linux 6.10 or newer: mappings, and memory that is described to the driver, cost "
                 "half as much"));
}

static Finding look_at_ptrace(void)
{
    if (!ptrace_scope_check(NULL)) {
        return finding(FINDING_PROBLEM, g_strdup("forbidden for everybody (yama/ptrace_scope 3)"),
                       g_strdup("no instance starts: set kernel.yama.ptrace_scope=2 in "
                                "/etc/sysctl.d, which lets root trace, and reboot"));
    }
    return finding_ok("allowed for root");
}

const DoctorCheck *doctor_kernel_checks(size_t *n)
{
    static const DoctorCheck checks[] = {
        {"cuse", look_at_cuse},         {"fuse", look_at_fuse},
        {"seccomp", look_at_seccomp},   {"pidfd_getfd", look_at_pidfd_getfd},
        {"kcmp", look_at_kcmp},         {"ptrace", look_at_ptrace},
        {"landlock", look_at_landlock}, {"mseal", look_at_mseal},
    };

    *n = G_N_ELEMENTS(checks);
    return checks;
}
