/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's system call filter, tried from inside: which calls are allowed, refused or end the process. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cuse-server/sandbox/syscall-filter.h"
#include "tests/unit/support/filtered.h"

static const IoctlWord words[] = {
    {"exact", 0xc020462a, IOCTL_WORD_EXACT},
    {"any size", 0xc00046c8, 0xc000ffff},
};

static bool install(GError **error)
{
    const SyscallPolicy policy = {SYSCALLS_WORKER, words, G_N_ELEMENTS(words)};

    return syscall_filter_install(&policy, error);
}

/* How a worker that calls @what ends. */
static int outcome(void (*what)(void))
{
    return filtered(install, what);
}

static void opens(void)
{
    (void)open("/dev/null", O_RDWR | O_CLOEXEC);
}

/* malloc() makes this call, and works without it. */
static void opens_for_reading(void)
{
    if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0 || errno != ENOENT) {
        _exit(EXIT_FAILURE);
    }
}

static void connects(void)
{
    socket(AF_INET, SOCK_STREAM, 0);
}

static void executes(void)
{
    execl("/bin/true", "true", NULL);
}

static void forks(void)
{
    (void)fork();
}

static void maps_code(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void makes_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static void shares_memory(void)
{
    (void)mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void traces(void)
{
    syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void unknown_ioctl(void)
{
    ioctl(0, 0xc0204601);
}

static void ioctl_of_another_size(void)
{
    ioctl(0, 0xc010462a);
}

static void ioctl_with_upper_bits(void)
{
    ioctl(0, 0x1c020462aUL);
}

static void foreign_abi(void)
{
    long result;
    /* getpid() through the system call gate of 32-bit programs. */
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
}

/* The kernel refuses a negative descriptor. */
static void negative_descriptor(void)
{
    ioctl(-1, 0xc020462a);
}

/* A sanitized build logs the call instead. */
#ifdef __SANITIZE_ADDRESS__
#define KILLED ALIVE
#else
#define KILLED (-SIGSYS)
#endif

Test(syscall_filter, ends_whoever_leaves_the_list)
{
    static void (*const forbidden[])(void) = {
        opens,
        connects,
        executes,
        forks,
        maps_code,
        makes_code,
        shares_memory,
        traces,
        unknown_ioctl,
        ioctl_of_another_size,
        ioctl_with_upper_bits,
        negative_descriptor,
    };

    for (size_t i = 0; i < G_N_ELEMENTS(forbidden); i++) {
        if (KILLED == ALIVE) {
            cr_skip_test("a sanitized build only logs");
        }
        cr_expect_eq(outcome(forbidden[i]), KILLED, "number %zu", i);
    }
}

/* Some processors and hypervisors do not have this kind of system call. */
static bool has_foreign_abi(void)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        foreign_abi();
        _exit(0);
    }
    return waitpid(child, &status, 0) == child && WIFEXITED(status);
}

Test(syscall_filter, ends_whoever_uses_another_abi)
{
    if (KILLED == ALIVE) {
        cr_skip_test("a sanitized build only logs");
    }
    if (!has_foreign_abi()) {
        cr_skip_test("this machine has no 32-bit system calls");
    }
    cr_expect_eq(outcome(foreign_abi), KILLED);
}

static gpointer thread_main(gpointer data)
{
    return data;
}

static void works(void)
{
    GThread *thread = g_thread_new("thread", thread_main, NULL);

    g_thread_join(thread);
    g_free(g_malloc0(1 << 24));
    if (ioctl(1000, 0xc020462a) == 0 || errno != EBADF || ioctl(1000, 0xc12346c8UL) == 0) {
        _exit(EXIT_FAILURE);
    }
}

Test(syscall_filter, lets_a_worker_work)
{
    cr_expect_eq(outcome(works), ALIVE);
    cr_expect_eq(outcome(opens_for_reading), ALIVE, "an open for reading is refused");
}

Test(syscall_filter, says_what_it_allows)
{
    const SyscallPolicy policy = {SYSCALLS_WORKER, words, G_N_ELEMENTS(words)};
    g_autofree char *text = syscall_filter_text(&policy);

    cr_expect_not_null(strstr(text, "    0xc020462a  exact\n"), "%s", text);
    cr_expect_not_null(strstr(text, "    0xc00046c8, any size  any size\n"), "%s", text);
    cr_expect_not_null(strstr(text, "worker/broker-link.c"), "%s", text);
    cr_expect_null(strstr(text, "socket"), "%s", text);
}
