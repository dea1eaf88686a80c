/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Act as an attacker who controls a process: have its main thread make one of our system calls in place of its next one, and
 * report the result.
 *
 * usage: possess PID NUMBER
 * It prints "killed by signal N", "exit status N", or "result N" (a negative errno, or the call's return value; the process
 * then continues with that).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

static int fail(const char *what)
{
    fprintf(stderr, "possess: %s: %s\n", what, strerror(errno));
    return EXIT_FAILURE;
}

static int say_end(int status)
{
    if (WIFSIGNALED(status)) {
        printf("killed by signal %d\n", WTERMSIG(status));
    } else {
        printf("exit status %d\n", WEXITSTATUS(status));
    }
    return EXIT_SUCCESS;
}

/* Wait for a stop. Returns: false if the process has ended, with @status, or cannot be waited for. */
static int wait_stop(pid_t pid, int *status)
{
    return waitpid(pid, status, __WALL) == pid && WIFSTOPPED(*status);
}

/* Continue to the next stop at a system call; the wait that the process is in is interrupted and started again. */
static int next_syscall(pid_t pid, int *status)
{
    do {
        if (ptrace(PTRACE_SYSCALL, pid, 0, 0) < 0 || !wait_stop(pid, status)) {
            return 0;
        }
    } while (WSTOPSIG(*status) != (SIGTRAP | 0x80));
    return 1;
}

static int is_entry(pid_t pid)
{
    struct __ptrace_syscall_info info = {0};

    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    return info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

int main(int argc, char **argv)
{
    struct user_regs_struct registers;
    int status = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: possess PID NUMBER\n");
        return 2;
    }
    pid_t pid = (pid_t)strtol(argv[1], NULL, 10);
    if (ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD) < 0 ||
        ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0 || !wait_stop(pid, &status)) {
        return fail("stop it");
    }
    do {
        if (!next_syscall(pid, &status)) {
            return fail("wait for a system call");
        }
    } while (!is_entry(pid)); /* its present call ends first */
    if (ptrace(PTRACE_GETREGS, pid, 0, &registers) < 0) {
        return fail("read registers");
    }
    registers.orig_rax = strtoull(argv[2], NULL, 0);
    registers.rdi = registers.rsi = registers.rdx = registers.r10 = 0;
    if (ptrace(PTRACE_SETREGS, pid, 0, &registers) < 0) {
        return fail("write registers");
    }
    if (!next_syscall(pid, &status)) {
        return say_end(status);
    }
    if (ptrace(PTRACE_GETREGS, pid, 0, &registers) < 0) {
        return fail("read the result");
    }
    /* A filter's signal arrives after this stop; without one the process reaches its next call. */
    if (!next_syscall(pid, &status)) {
        return say_end(status);
    }
    printf("result %lld\n", (long long)registers.rax);
    ptrace(PTRACE_DETACH, pid, 0, 0);
    return EXIT_SUCCESS;
}
