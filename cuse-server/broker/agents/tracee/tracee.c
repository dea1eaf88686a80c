/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking hold of a thread, and its system calls: they are made from stop to stop. tracee_enter() sets the registers, lets the
 * thread go to the beginning of the call, and compares the call there with the one that was asked for. tracee_leave() lets it go
 * to the end of the call.
 */
#include "cuse-server/broker/agents/tracee/tracee.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "cuse-server/broker/agents/tracee/tracee-stops.h"

/* #syscalls:broker ptrace process_vm_readv */

/* include/linux/errno.h: results that only the kernel and tracers see. */
enum { ERESTARTSYS = 512, ERESTARTNOINTR = 513, ERESTARTNOHAND = 514 };

/* The limit for interrupted calls: so many, each so soon after the one before. A process that is only stopped and
 * continued stays below it. */
enum { REPEATS_MAX = 1000, REPEAT_SOON_MS = 100 };

int tracee_seize(pid_t tid)
{
    if (ptrace(PTRACE_SEIZE, tid, 0, TRACEE_OPTIONS) < 0 ||
        ptrace(PTRACE_INTERRUPT, tid, 0, 0) < 0) {
        return errno;
    }
    return 0;
}

bool tracee_init(Tracee *tracee, pid_t tid)
{
    tracee->tid = tid;
    tracee->alone = false;
    tracee->in_user_mode_since = 0;
    tracee->repeats = 0;
    tracee->repeated = 0;
    tracee->ends = NULL;
    return tracee_regs_get(tid, &tracee->regs);
}

void tracee_block_signals(pid_t tid, uint64_t *before)
{
    uint64_t all = ~(UINT64_C(1) << (SIGSYS - 1));

    ptrace(PTRACE_GETSIGMASK, tid, sizeof *before, before);
    ptrace(PTRACE_SETSIGMASK, tid, sizeof all, &all);
}

bool tracee_detach(pid_t tid, const TraceeRegs *regs, uint64_t blocked)
{
    (void)tracee_regs_set(tid, regs);
    ptrace(PTRACE_SETSIGMASK, tid, sizeof blocked, &blocked);
    return ptrace(PTRACE_DETACH, tid, 0, 0) == 0;
}

void tracee_let_go(pid_t tid)
{
    ptrace(PTRACE_DETACH, tid, 0, 0);
}

/* Read the system call at whose beginning or end the thread stands. */
static TraceeResult look(const Tracee *tracee, struct __ptrace_syscall_info *info)
{
    memset(info, 0, sizeof *info);
    return ptrace(PTRACE_GET_SYSCALL_INFO, tracee->tid, sizeof *info, info) > 0
               ? TRACEE_OK
               : tracee_why_not(tracee);
}

TraceeResult tracee_read(const Tracee *tracee, uint64_t address, void *buffer, size_t size)
{
    const struct iovec here = {.iov_base = buffer, .iov_len = size};
    const struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
    const ssize_t length = process_vm_readv(tracee->tid, &here, 1, &there, 1, 0);

    if (length < 0) {
        return tracee_why_not(tracee);
    }
    return (size_t)length == size ? TRACEE_OK : TRACEE_TAMPERED;
}

static bool is_beginning_of(const struct __ptrace_syscall_info *info, const TraceeCall *call)
{
    return info->op == PTRACE_SYSCALL_INFO_ENTRY && info->arch == tracee_audit_arch &&
           info->entry.nr == (uint64_t)call->number &&
           memcmp(info->entry.args, call->args, sizeof call->args) == 0;
}

TraceeResult tracee_enter(Tracee *tracee, const TraceeCall *call)
{
    struct __ptrace_syscall_info info;
    TraceeStop stop;

    tracee_regs_set_call(&tracee->regs, call);
    if (!tracee_regs_set(tracee->tid, &tracee->regs)) {
        return tracee_why_not(tracee);
    }
    tracee->in_user_mode_since = g_get_monotonic_time();
    TraceeResult result = tracee_go_on(tracee, &stop);
    tracee->in_user_mode_since = 0;
    if (result != TRACEE_OK) {
        return result;
    }
    if (stop.kind != TRACEE_STOP_SYSCALL) {
        return TRACEE_TAMPERED;
    }
    result = look(tracee, &info);
    return result == TRACEE_OK && !is_beginning_of(&info, call) ? TRACEE_TAMPERED : result;
}

TraceeResult tracee_read_result(const Tracee *tracee, int64_t *value)
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
    TraceeStop stop;
    TraceeResult result = tracee_go_on(tracee, &stop);

    if (result != TRACEE_OK) {
        return result;
    }
    return stop.kind == TRACEE_STOP_SYSCALL ? tracee_read_result(tracee, &call->result)
                                            : TRACEE_TAMPERED;
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
