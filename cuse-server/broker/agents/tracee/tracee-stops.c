/* SPDX-License-Identifier: Apache-2.0 */
/* Stops: how the broker waits until a thread that it holds stops or ends, why that happened, and how the thread goes on. */
#include "cuse-server/broker/agents/tracee/tracee-stops.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* #syscalls:broker ptrace wait4 waitid sched_yield */

/* Missing from the headers of C libraries. The kernel defines it in include/uapi/asm-generic/siginfo.h. */
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

/* Wait until a thread that is alone stops or ends. If it ends, call @ends before reaping it. A stop is fetched by a call
 * that accepts only stops: the thread may be killed between the two calls, and an end must not be reaped in place of the
 * stop. */
static bool wait_alone(const Tracee *tracee, int *status)
{
    const int options = __WALL | __WNOTHREAD;

    for (;;) {
        siginfo_t news = {0};
        const long found = TEMP_FAILURE_RETRY(
            waitid(P_PID, (id_t)tracee->tid, &news, WEXITED | WSTOPPED | WNOWAIT | options));
        if (found < 0 || news.si_code == CLD_EXITED || news.si_code == CLD_KILLED ||
            news.si_code == CLD_DUMPED) {
            if (tracee->ends) {
                tracee->ends(tracee->data);
            }
            return TEMP_FAILURE_RETRY(waitpid(tracee->tid, status, options)) == tracee->tid;
        }
        news = (siginfo_t){0};
        if (waitid(P_PID, (id_t)tracee->tid, &news, WSTOPPED | WNOHANG | options) == 0 &&
            news.si_pid == tracee->tid) {
            *status = news.si_status << 8 |
                      0x7f; /* as waitpid() reports it: kernel/exit.c, wait_task_stopped() */
            return true;
        }
    }
}

/*
 * Wait until a thread stops or ends. The kernel does not report the end of a process's first thread before all its other
 * threads are gone. A thread that the broker traces is not gone before its tracer has reaped it. So unless the thread is alone
 * (@alone), this also reaps every other thread that the calling thread holds and that ends meanwhile.
 */
static bool wait_for(pid_t tid, const Tracee *alone, int *status)
{
    if (alone) {
        return wait_alone(alone, status);
    }
    for (;;) {
        siginfo_t news = {0};
        pid_t found = waitpid(tid, status, WNOHANG | __WALL | __WNOTHREAD);
        if (found != 0) {
            return found == tid;
        }
        if (waitid(P_ALL, 0, &news, WEXITED | WSTOPPED | WNOWAIT | __WALL | __WNOTHREAD) == 0 &&
            news.si_pid != tid) {
            if (news.si_code == CLD_TRAPPED || news.si_code == CLD_STOPPED) {
                sched_yield(); /* a new thread, which is waited for later; the stop of @tid comes soon */
            } else {
                waitpid(news.si_pid, NULL, __WALL | __WNOTHREAD);
            }
        }
    }
}

TraceeStop tracee_next_stop(pid_t tid, const Tracee *alone)
{
    int status;

    if (!wait_for(tid, alone, &status) || !WIFSTOPPED(status)) {
        return (TraceeStop){.kind = TRACEE_STOP_ENDED};
    }
    switch (status >> 16) {
    case PTRACE_EVENT_STOP:
        return (TraceeStop){.kind = TRACEE_STOP_TRAP};
    case PTRACE_EVENT_CLONE:
        return (TraceeStop){.kind = TRACEE_STOP_CLONE};
    case PTRACE_EVENT_EXIT:
        return (TraceeStop){.kind = TRACEE_STOP_EXIT};
    default:
        break;
    }
    if (WSTOPSIG(status) == (SIGTRAP | 0x80)) { /* PTRACE_O_TRACESYSGOOD */
        return (TraceeStop){.kind = TRACEE_STOP_SYSCALL};
    }
    return (TraceeStop){.kind = TRACEE_STOP_SIGNAL, .signal = WSTOPSIG(status)};
}

/* Decide about a signal that arrived although all signals that can be blocked are blocked. Returns the signal to deliver,
 * or 0. Returns -1 if the thread itself caused the signal, which only other code than the broker's can do. */
static int signal_to_deliver(pid_t tid, int signal_number)
{
    siginfo_t info;

    if (signal_number == SIGSTOP) {
        return SIGSTOP;
    }
    /* A filter of the guest's own forbids the call, which has failed. */
    if (signal_number == SIGSYS && ptrace(PTRACE_GETSIGINFO, tid, 0, &info) == 0 &&
        info.si_code == SYS_SECCOMP) {
        return 0;
    }
    return -1;
}

TraceeResult tracee_go_on_by(enum __ptrace_request request, const Tracee *tracee, TraceeStop *stop)
{
    const pid_t tid = tracee->tid;
    int deliver = 0;

    for (;;) {
        if (ptrace(request, tid, 0, deliver) < 0 && errno != ESRCH) {
            return TRACEE_TAMPERED;
        }
        *stop = tracee_next_stop(tid, tracee->alone ? tracee : NULL);
        switch (stop->kind) {
        case TRACEE_STOP_ENDED:
            return TRACEE_ENDED;
        case TRACEE_STOP_SYSCALL:
        case TRACEE_STOP_CLONE:
        case TRACEE_STOP_EXIT:
            return TRACEE_OK;
        case TRACEE_STOP_TRAP: /* its process is stopped; that takes effect when the tracer is done */
            deliver = 0;
            break;
        case TRACEE_STOP_SIGNAL:
            deliver = signal_to_deliver(tid, stop->signal);
            if (deliver < 0) {
                return TRACEE_TAMPERED;
            }
            break;
        }
    }
}

TraceeResult tracee_go_on(const Tracee *tracee, TraceeStop *stop)
{
    return tracee_go_on_by(PTRACE_SYSCALL, tracee, stop);
}

TraceeResult tracee_why_not(const Tracee *tracee)
{
    return errno == ESRCH && tracee_next_stop(tracee->tid, tracee->alone ? tracee : NULL).kind ==
                                 TRACEE_STOP_ENDED
               ? TRACEE_ENDED
               : TRACEE_TAMPERED;
}

TraceeResult tracee_wait(pid_t tid)
{
    for (;;) {
        TraceeStop stop = tracee_next_stop(tid, NULL);
        switch (stop.kind) {
        case TRACEE_STOP_ENDED:
            return TRACEE_ENDED;
        case TRACEE_STOP_TRAP:
            return TRACEE_OK;
        default: /* an earlier stop; the one that the broker asked for follows */
            ptrace(PTRACE_CONT, tid, 0, stop.kind == TRACEE_STOP_SIGNAL ? stop.signal : 0);
        }
    }
}

void tracee_reap(pid_t tid)
{
    while (tracee_next_stop(tid, NULL).kind != TRACEE_STOP_ENDED) {
        ptrace(PTRACE_CONT, tid, 0, 0);
    }
}
