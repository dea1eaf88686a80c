/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/hooks/clean-start.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <gio/gio.h>

#include "cuse-server/oci/hooks/hook-environment.h"
#include "cuse-server/oci/request/given-devices.h"

enum { STACK_BYTES = 8 * 1024 * 1024 }; /* the kernel's own default */

/* --- before any constructor ------------------------------------------------------------------- */

static char hook_path[] = "PATH=" HOOK_PATH;
static char *const hook_environment[] = {hook_path, NULL};

/* The flags that the kernel itself clears when a set-user-ID program is executed (PER_CLEAR_ON_SETID). They make
 * addresses predictable and memory executable. */
enum {
    UNSAFE_PERSONALITY = READ_IMPLIES_EXEC | ADDR_NO_RANDOMIZE | ADDR_COMPAT_LAYOUT | MMAP_PAGE_ZERO
};

bool clean_start_is_hook(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

    return argc > 1 && strcmp(slash ? slash + 1 : argv[0], "nvcuse-runtime") == 0 &&
           strcmp(argv[1], OCI_HOOK_WORD) == 0;
}

static bool has_hook_environment(char **environment)
{
    return environment[0] && strcmp(environment[0], hook_path) == 0 && !environment[1];
}

/* Limit the stack if it is unlimited. Without a limit, libraries lie at predictable addresses. Returns true if the
 * limit was added. */
static bool limit_stack(void)
{
    struct rlimit stack;

    if (getrlimit(RLIMIT_STACK, &stack) < 0 || stack.rlim_cur != RLIM_INFINITY) {
        return false;
    }
    stack.rlim_cur = STACK_BYTES;
    return setrlimit(RLIMIT_STACK, &stack) == 0;
}

/* Clear the unsafe flags. Returns true if any was set, and is now cleared. */
static bool reset_personality(void)
{
    int now = personality(0xffffffff);

    return now > 0 && (now & UNSAFE_PERSONALITY) &&
           personality((unsigned long)(now & ~UNSAFE_PERSONALITY)) >= 0;
}

/* Execute the hook anew in a clean state, unless it is in one. The dynamic loader calls this before the constructors
 * of libraries, preloaded ones included. So it may not use GLib, nor anything that the sanitizers set up. */
__attribute__((no_sanitize("address", "undefined"))) static void start_anew(int argc, char **argv,
                                                                            char **environment)
{
    static const char problem[] = "nvcuse-runtime: cannot start the hook anew\n";

    if (!clean_start_is_hook(argc, argv)) {
        return;
    }
    bool limited = limit_stack();
    bool reset = reset_personality();
    if (!limited && !reset && has_hook_environment(environment)) {
        return;
    }
    execve("/proc/self/exe", argv, hook_environment);
    (void)!write(STDERR_FILENO, problem, sizeof problem - 1);
    _exit(EXIT_FAILURE);
}

__attribute__((section(".preinit_array"),
               used)) static void (*const before_constructors)(int argc, char **argv,
                                                               char **environment) = start_anew;

/* --- in main() -------------------------------------------------------------------------------- */

/* The limits that a hook needs. Core files are forbidden: one would contain what a guest must not see. */
static const struct {
    int resource;
    rlim_t wanted;
} limits[] = {
    {RLIMIT_CORE, 0},
    {RLIMIT_AS, RLIM_INFINITY},
    {RLIMIT_CPU, RLIM_INFINITY},
    {RLIMIT_DATA, RLIM_INFINITY},
    {RLIMIT_FSIZE, RLIM_INFINITY},
    {RLIMIT_NOFILE, 1024},
    {RLIMIT_NPROC, RLIM_INFINITY},
    {RLIMIT_SIGPENDING, 1024},
    {RLIMIT_STACK, STACK_BYTES},
};

/* Set the limits. A process may raise a hard limit only with CAP_SYS_RESOURCE. Without it, the hook gets as much as
 * the hard limit allows. */
static void set_limits(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        struct rlimit now;
        if (getrlimit(limits[i].resource, &now) < 0) {
            continue;
        }
        struct rlimit wanted = {limits[i].wanted, MAX(limits[i].wanted, now.rlim_max)};
        if (setrlimit(limits[i].resource, &wanted) < 0) {
            wanted = (struct rlimit){MIN(limits[i].wanted, now.rlim_max), now.rlim_max};
            (void)setrlimit(limits[i].resource, &wanted);
        }
    }
}

static void reset_signals(void)
{
    const struct itimerval never = {0};
    sigset_t none;

    setitimer(ITIMER_REAL, &never, NULL);
    setitimer(ITIMER_VIRTUAL, &never, NULL);
    setitimer(ITIMER_PROF, &never, NULL);
    for (int number = 1; number <= SIGRTMAX; number++) {
        (void)signal(number, SIG_DFL); /* the signals that cannot be set cannot be ignored either */
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Open /dev/null for each missing standard file. The files are checked in ascending order, so open() always returns
 * the number of the missing one: it is the lowest free number. */
static bool need_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR | O_NOCTTY) != fd) {
            return false;
        }
    }
    return true;
}

bool clean_start(GError **error)
{
    reset_signals();
    set_limits();
    umask(022);
    if (close_range(STDERR_FILENO + 1, ~0U, 0) < 0 || !need_standard_files() || chdir("/") < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot close inherited files and enter /: %s", g_strerror(errno));
        return false;
    }
    return true;
}
