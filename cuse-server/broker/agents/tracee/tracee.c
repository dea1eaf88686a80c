/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/agents/tracee/tracee.h"

#include <errno.h>
#include <linux/audit.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* #syscalls:broker ptrace wait4 waitid sched_yield process_vm_readv */

/* Missing from the headers of C libraries. The kernel defines it in include/uapi/asm-generic/siginfo.h. */
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

/* include/linux/errno.h: results that only the kernel and tracers see. */
enum { ERESTARTSYS = 512, ERESTARTNOINTR = 513, ERESTARTNOHAND = 514 };

/* The limit for interrupted calls: so many, each so soon after the one before. A process that is only stopped and
 * continued stays below it. */
enum { REPEATS_MAX = 1000, REPEAT_SOON_MS = 100 };

/* Why a thread stopped. */
typedef enum {
    STOP_ENDED,   /* it did not stop: it is gone, and has been reaped */
    STOP_SYSCALL, /* at the beginning or the end of a system call */
    STOP_CLONE,   /* in the middle of a clone(), which made a thread */
    STOP_TRAP,    /* the broker asked for it, the thread is new, or its whole process is stopped */
    STOP_SIGNAL,  /* a signal is about to be delivered to it */
    STOP_EXIT,    /* the thread is ending, and does not run any code of its own any more */
} StopKind;

typedef struct {
    StopKind kind;
    int signal;
} Stop;

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

static Stop next_stop(pid_t tid, const Tracee *alone)
{
    int status;

    if (!wait_for(tid, alone, &status) || !WIFSTOPPED(status)) {
        return (Stop){.kind = STOP_ENDED};
    }
    switch (status >> 16) {
    case PTRACE_EVENT_STOP:
        return (Stop){.kind = STOP_TRAP};
    case PTRACE_EVENT_CLONE:
        return (Stop){.kind = STOP_CLONE};
    case PTRACE_EVENT_EXIT:
        return (Stop){.kind = STOP_EXIT};
    default:
        break;
    }
    if (WSTOPSIG(status) == (SIGTRAP | 0x80)) { /* PTRACE_O_TRACESYSGOOD */
        return (Stop){.kind = STOP_SYSCALL};
    }
    return (Stop){.kind = STOP_SIGNAL, .signal = WSTOPSIG(status)};
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

#define OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL)

/* Let the thread go on to the next stop that matters. @request: PTRACE_SYSCALL, or PTRACE_CONT, which leaves out the stops
 * at the beginning and the end of system calls. */
static TraceeResult go_on_by(enum __ptrace_request request, const Tracee *tracee, Stop *stop)
{
    const pid_t tid = tracee->tid;
    int deliver = 0;

    for (;;) {
        if (ptrace(request, tid, 0, deliver) < 0 && errno != ESRCH) {
            return TRACEE_TAMPERED;
        }
        *stop = next_stop(tid, tracee->alone ? tracee : NULL);
        switch (stop->kind) {
        case STOP_ENDED:
            return TRACEE_ENDED;
        case STOP_SYSCALL:
        case STOP_CLONE:
        case STOP_EXIT:
            return TRACEE_OK;
        case STOP_TRAP: /* its process is stopped; that takes effect when the tracer is done */
            deliver = 0;
            break;
        case STOP_SIGNAL:
            deliver = signal_to_deliver(tid, stop->signal);
            if (deliver < 0) {
                return TRACEE_TAMPERED;
            }
            break;
        }
    }
}

static TraceeResult go_on(const Tracee *tracee, Stop *stop)
{
    return go_on_by(PTRACE_SYSCALL, tracee, stop);
}

int tracee_seize(pid_t tid)
{
    if (ptrace(PTRACE_SEIZE, tid, 0, OPTIONS) < 0 || ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0) {
        return errno;
    }
    return 0;
}

TraceeResult tracee_wait(pid_t tid)
{
    for (;;) {
        Stop stop = next_stop(tid, NULL);
        switch (stop.kind) {
        case STOP_ENDED:
            return TRACEE_ENDED;
        case STOP_TRAP:
            return TRACEE_OK;
        default: /* an earlier stop; the one that the broker asked for follows */
            ptrace(PTRACE_CONT, tid, 0, stop.kind == STOP_SIGNAL ? stop.signal : 0);
        }
    }
}

bool tracee_init(Tracee *tracee, pid_t tid)
{
    tracee->tid = tid;
    tracee->alone = false;
    tracee->in_user_mode_since = 0;
    tracee->repeats = 0;
    tracee->repeated = 0;
    tracee->ends = NULL;
    if (ptrace(PTRACE_GETREGS, tid, 0, &tracee->regs) < 0) {
        return false;
    }
    tracee->regs.rip -= SYSCALL_INSTRUCTION_BYTES;
    return true;
}

void tracee_block_signals(pid_t tid, uint64_t *before)
{
    uint64_t all = ~(UINT64_C(1) << (SIGSYS - 1));

    ptrace(PTRACE_GETSIGMASK, tid, sizeof *before, before);
    ptrace(PTRACE_SETSIGMASK, tid, sizeof all, &all);
}

bool tracee_detach(pid_t tid, const struct user_regs_struct *regs, uint64_t blocked)
{
    ptrace(PTRACE_SETREGS, tid, 0, regs);
    ptrace(PTRACE_SETSIGMASK, tid, sizeof blocked, &blocked);
    return ptrace(PTRACE_DETACH, tid, 0, 0) == 0;
}

void tracee_let_go(pid_t tid)
{
    ptrace(PTRACE_DETACH, tid, 0, 0);
}

/* Find out why a thread that stood still did not do as told: it has been killed, or it was tampered with. */
static TraceeResult why_not(const Tracee *tracee)
{
    return errno == ESRCH &&
                   next_stop(tracee->tid, tracee->alone ? tracee : NULL).kind == STOP_ENDED
               ? TRACEE_ENDED
               : TRACEE_TAMPERED;
}

/* Read the system call at whose beginning or end the thread stands. */
static TraceeResult look(const Tracee *tracee, struct __ptrace_syscall_info *info)
{
    memset(info, 0, sizeof *info);
    return ptrace(PTRACE_GET_SYSCALL_INFO, tracee->tid, sizeof *info, info) > 0 ? TRACEE_OK
                                                                                : why_not(tracee);
}

TraceeResult tracee_read(const Tracee *tracee, uint64_t address, void *buffer, size_t size)
{
    const struct iovec here = {.iov_base = buffer, .iov_len = size};
    const struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    const ssize_t length = process_vm_readv(tracee->tid, &here, 1, &there, 1, 0);

    if (length < 0) {
        return why_not(tracee);
    }
    return (size_t)length == size ? TRACEE_OK : TRACEE_TAMPERED;
}

static bool is_beginning_of(const struct __ptrace_syscall_info *info, const TraceeCall *call)
{
    return info->op == PTRACE_SYSCALL_INFO_ENTRY && info->arch == AUDIT_ARCH_X86_64 &&
           info->entry.nr == (uint64_t)call->number &&
           memcmp(info->entry.args, call->args, sizeof call->args) == 0;
}

TraceeResult tracee_enter(Tracee *tracee, const TraceeCall *call)
{
    struct user_regs_struct *regs = &tracee->regs;
    struct __ptrace_syscall_info info;
    Stop stop;

    regs->rax = (unsigned long long)call->number;
    regs->orig_rax = (unsigned long long)-1; /* the kernel must not restart a system call */
    regs->rdi = call->args[0];
    regs->rsi = call->args[1];
    regs->rdx = call->args[2];
    regs->r10 = call->args[3];
    regs->r8 = call->args[4];
    regs->r9 = call->args[5];
    if (ptrace(PTRACE_SETREGS, tracee->tid, 0, regs) < 0) {
        return why_not(tracee);
    }
    tracee->in_user_mode_since = g_get_monotonic_time();
    TraceeResult result = go_on(tracee, &stop);
    tracee->in_user_mode_since = 0;
    if (result != TRACEE_OK) {
        return result;
    }
    if (stop.kind != STOP_SYSCALL) {
        return TRACEE_TAMPERED;
    }
    result = look(tracee, &info);
    return result == TRACEE_OK && !is_beginning_of(&info, call) ? TRACEE_TAMPERED : result;
}

/* Read the result of the call at whose end the thread stands. */
static TraceeResult read_result(const Tracee *tracee, int64_t *value)
{
    struct __ptrace_syscall_info info;
    TraceeResult result = look(tracee, &info);

    if (result == TRACEE_OK && info.op != PTRACE_SYSCALL_INFO_EXIT) {
        return TRACEE_TAMPERED;
    }
    *value = info.exit.rval;
    return result;
}

TraceeResult tracee_leave(Tracee *tracee, TraceeCall *call)
{
    Stop stop;
    TraceeResult result = go_on(tracee, &stop);

    if (result != TRACEE_OK) {
        return result;
    }
    return stop.kind == STOP_SYSCALL ? read_result(tracee, &call->result) : TRACEE_TAMPERED;
}

bool tracee_was_interrupted(const TraceeCall *call)
{
    return call->result == -ERESTARTSYS || call->result == -ERESTARTNOINTR ||
           call->result == -ERESTARTNOHAND;
}

bool tracee_is_to_repeat(Tracee *tracee, TraceeCall *call)
{
    if (!tracee_was_interrupted(call)) {
        return false;
    }
    const gint64 now = g_get_monotonic_time();
    const bool soon = now - tracee->repeated < REPEAT_SOON_MS * G_TIME_SPAN_MILLISECOND;
    tracee->repeats = soon ? tracee->repeats + 1 : 0;
    tracee->repeated = now;
    if (tracee->repeats < REPEATS_MAX) {
        return true;
    }
    tracee->repeats = 0;
    call->result = -EPERM;
    return false;
}

TraceeResult tracee_do(Tracee *tracee, TraceeCall *call)
{
    TraceeResult result;

    do {
        result = tracee_enter(tracee, call);
        if (result == TRACEE_OK) {
            result = tracee_leave(tracee, call);
        }
    } while (result == TRACEE_OK && tracee_is_to_repeat(tracee, call));
    return result;
}

TraceeResult tracee_run(Tracee *tracee, const struct user_regs_struct *regs)
{
    Stop stop;

    if (ptrace(PTRACE_SETREGS, tracee->tid, 0, regs) < 0) {
        return why_not(tracee);
    }
    TraceeResult result = go_on_by(PTRACE_CONT, tracee, &stop);
    return result == TRACEE_OK ? TRACEE_TAMPERED : result;
}

/* Make the clone() call once. The result is a thread id, or minus an errno, including those that only the kernel uses. */
static TraceeResult clone_once(Tracee *tracee, TraceeCall *call)
{
    unsigned long made = 0;
    Stop stop;
    TraceeResult result = tracee_enter(tracee, call);

    if (result != TRACEE_OK || (result = go_on(tracee, &stop)) != TRACEE_OK) {
        return result;
    }
    if (stop.kind != STOP_CLONE) { /* the end of the call: it did not make a thread */
        result = read_result(tracee, &call->result);
        /* A filter of the guest's own kills the thread for this call, or sends it a signal for it, as soon as it goes on.
         * The kernel has then put the call's number back where the result would be. Source: kernel/seccomp.c,
         * syscall_rollback(). */
        if (result == TRACEE_OK && call->result == call->number) {
            call->result = -EPERM;
        }
        return result == TRACEE_OK && call->result >= 0 ? TRACEE_TAMPERED : result;
    }
    if (ptrace(PTRACE_GETEVENTMSG, tracee->tid, 0, &made) < 0) {
        return why_not(tracee);
    }
    result = tracee_wait((pid_t)made);
    if (result == TRACEE_OK) {
        result = tracee_leave(tracee, call);
    }
    call->result = (pid_t)made;
    return result;
}

TraceeResult tracee_clone(Tracee *tracee, uint64_t flags, pid_t *tid)
{
    TraceeCall call = {.number = SYS_clone, .args = {flags}};
    TraceeResult result;

    do {
        result = clone_once(tracee, &call);
    } while (result == TRACEE_OK && tracee_is_to_repeat(tracee, &call));
    *tid = (pid_t)call.result;
    return result;
}

void tracee_reap(pid_t tid)
{
    while (next_stop(tid, NULL).kind != STOP_ENDED) {
        ptrace(PTRACE_CONT, tid, 0, 0);
    }
}

TraceeResult tracee_exit(Tracee *tracee)
{
    TraceeCall call = {.number = SYS_exit};
    Stop stop;
    TraceeResult result = tracee_enter(tracee, &call);

    if (result != TRACEE_OK) {
        return result;
    }
    if (ptrace(PTRACE_SETOPTIONS, tracee->tid, 0, OPTIONS | PTRACE_O_TRACEEXIT) < 0) {
        return why_not(tracee);
    }
    result = go_on(tracee, &stop);
    if (result == TRACEE_OK && stop.kind == STOP_EXIT) {
        ptrace(PTRACE_DETACH, tracee->tid, 0, 0);
        return TRACEE_ENDED;
    }
    return result == TRACEE_OK ? TRACEE_TAMPERED : result;
}
