/* SPDX-License-Identifier: Apache-2.0 */
/* Probing the filters of a process. */
#include "tests/hostile/tightness/probe.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_SECONDS = 10, X32_BIT = 0x40000000, NO_SECCOMP = 3, MAX_ERRNO = 4095 };

/* The child's progress, in memory that it shares with its tracer. */
typedef struct {
    _Atomic size_t at;
    atomic_bool done;
} Progress;

/* --- in the child ----------------------------------------------------------------------------- */

static long call_64(long number, const long *a)
{
    register long r10 __asm__("r10") = a[3];
    register long r8 __asm__("r8") = a[4];
    register long r9 __asm__("r9") = a[5];
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

/* The sixth argument would be in the frame pointer; it keeps the value that this has. */
static long call_32(long number, const long *a)
{
    long result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
                     : "r8", "r9", "r10", "r11", "memory");
    return (int)result;
}

static long call(const Probe *probe)
{
    return probe->abi == PROBE_I386  ? call_32(probe->number, probe->arguments)
           : probe->abi == PROBE_X32 ? call_64(probe->number | X32_BIT, probe->arguments)
                                     : call_64(probe->number, probe->arguments);
}

static bool trace_every_call(void)
{
    struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE)};
    const struct sock_fprog program = {.len = 1, .filter = all};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* After it has installed the filter, it makes only the calls to probe. */
static _Noreturn void child_main(Probe *probes, size_t n, Progress *progress)
{
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0 || raise(SIGSTOP) != 0 || !trace_every_call()) {
        _exit(NO_SECCOMP);
    }
    for (size_t i = atomic_load(&progress->at); i < n; i++) {
        atomic_store(&progress->at, i);
        long result = call(&probes[i]);
        if (probes[i].verdict == PROBE_UNKNOWN) {
            probes[i].error = result < 0 && result >= -MAX_ERRNO ? -result : 0;
            probes[i].verdict = PROBE_ERROR;
        }
    }
    atomic_store(&progress->done, true);
    for (;;) {
        (void)getppid(); /* the tracer ends the child here */
    }
}

/* --- in its tracer ---------------------------------------------------------------------------- */

/* Have the kernel skip the call that the child is stopped in. */
static void leave_out(pid_t child)
{
    ptrace(PTRACE_POKEUSER, child, offsetof(struct user_regs_struct, orig_rax), -1L);
}

/* Continue after a stop. Returns: false when the child has probed all. */
static bool go_on(pid_t child, int status, Probe *probes, Progress *progress)
{
    int signal = WSTOPSIG(status);
    Probe *probe = &probes[atomic_load(&progress->at)];

    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8)) {
        if (atomic_load(&progress->done)) {
            return false;
        }
        probe->verdict = PROBE_ALLOWED;
        leave_out(child);
        signal = 0;
    } else if (signal == SIGSYS) {
        probe->verdict = PROBE_TRAPPED;
        signal = 0;
    } else if (signal == SIGSTOP || signal == SIGTRAP) {
        signal = 0;
    }
    ptrace(PTRACE_CONT, child, 0, signal);
    return true;
}

/* Follow a child to its end. Returns: false if it could not begin. */
static bool follow(pid_t child, Probe *probes, Progress *progress)
{
    int status = 0;

    (void)waitpid(child, &status, 0); /* the stop that the child makes itself */
    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL);
    ptrace(PTRACE_CONT, child, 0, 0);
    for (;;) {
        alarm(ANSWER_SECONDS);
        pid_t who = waitpid(child, &status, 0);
        alarm(0);
        Probe *probe = &probes[atomic_load(&progress->at)];
        if (who < 0) {
            probe->verdict = PROBE_NO_ANSWER;
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return true;
        }
        if (WIFEXITED(status)) {
            return WEXITSTATUS(status) != NO_SECCOMP;
        }
        if (WIFSIGNALED(status)) {
            probe->verdict = PROBE_KILLED;
            return true;
        }
        if (!go_on(child, status, probes, progress)) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            return true;
        }
    }
}

static void wake(int signal)
{
    (void)signal;
}

bool probes_run(Probe *probes, size_t n)
{
    const struct sigaction interrupting = {.sa_handler = wake};
    Progress *progress =
        mmap(NULL, sizeof *progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool ok = progress != MAP_FAILED;

    sigaction(SIGALRM, &interrupting, NULL);
    while (ok && !atomic_load(&progress->done) && atomic_load(&progress->at) < n) {
        pid_t child = fork();
        if (child == 0) {
            child_main(probes, n, progress);
        }
        ok = child > 0 && follow(child, probes, progress);
        atomic_fetch_add(&progress->at, 1);
    }
    return ok;
}
