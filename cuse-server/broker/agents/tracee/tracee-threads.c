/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that begin and end threads, and threads that run the broker's code without stops at their system calls. */
#include "cuse-server/broker/agents/tracee/tracee-stops.h"

#include <errno.h>
#include <sys/syscall.h>

/* #syscalls:broker ptrace */

TraceeResult tracee_run(Tracee *tracee, const TraceeRegs *regs)
{
    TraceeStop stop;

    if (!tracee_regs_set(tracee->tid, regs)) {
        return tracee_why_not(tracee);
    }
    TraceeResult result = tracee_go_on_by(PTRACE_CONT, tracee, &stop);
    return result == TRACEE_OK ? TRACEE_TAMPERED : result;
}

/* Make the clone() call once. The result is a thread id, or minus an errno, including those that only the kernel uses. */
static TraceeResult clone_once(Tracee *tracee, TraceeCall *call)
{
    unsigned long made = 0;
    TraceeStop stop;
    TraceeResult result = tracee_enter(tracee, call);

    if (result != TRACEE_OK || (result = tracee_go_on(tracee, &stop)) != TRACEE_OK) {
        return result;
    }
    if (stop.kind != TRACEE_STOP_CLONE) { /* the end of the call: it did not make a thread */
        result = tracee_read_result(tracee, &call->result);
        /* A filter of the guest's own kills the thread for this call, or sends it a signal for it, as soon as it goes on.
         * The kernel has then put the call's number back where the result would be. Source: kernel/seccomp.c,
         * syscall_rollback(). */
        if (result == TRACEE_OK && call->result == call->number) {
            call->result = -EPERM;
        }
        return result == TRACEE_OK && call->result >= 0 ? TRACEE_TAMPERED : result;
    }
    if (ptrace(PTRACE_GETEVENTMSG, tracee->tid, 0, &made) < 0) {
        return tracee_why_not(tracee);
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

TraceeResult tracee_exit(Tracee *tracee)
{
    TraceeCall call = {.number = SYS_exit};
    TraceeStop stop;
    TraceeResult result = tracee_enter(tracee, &call);

    if (result != TRACEE_OK) {
        return result;
    }
    if (ptrace(PTRACE_SETOPTIONS, tracee->tid, 0, TRACEE_OPTIONS | PTRACE_O_TRACEEXIT) < 0) {
        return tracee_why_not(tracee);
    }
    result = tracee_go_on(tracee, &stop);
    if (result == TRACEE_OK && stop.kind == TRACEE_STOP_EXIT) {
        ptrace(PTRACE_DETACH, tracee->tid, 0, 0);
        return TRACEE_ENDED;
    }
    return result == TRACEE_OK ? TRACEE_TAMPERED : result;
}
