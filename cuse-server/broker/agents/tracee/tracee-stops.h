/* SPDX-License-Identifier: Apache-2.0 */
/* Stops of threads that the broker holds. Private to broker/agents/tracee. */
#pragma once

#include <sys/ptrace.h>
#include <sys/types.h>

#include "cuse-server/broker/agents/tracee/tracee.h"

/** TRACEE_OPTIONS: ptrace's options for every thread that is held. */
#define TRACEE_OPTIONS (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL)

/** TraceeStopKind: why a thread stopped. */
typedef enum {
    TRACEE_STOP_ENDED,   /* it did not stop: it is gone, and has been reaped */
    TRACEE_STOP_SYSCALL, /* at the beginning or the end of a system call */
    TRACEE_STOP_CLONE,   /* in the middle of a clone(), which made a thread */
    TRACEE_STOP_TRAP, /* the broker asked for it, the thread is new, or its whole process is stopped */
    TRACEE_STOP_SIGNAL, /* a signal is about to be delivered to it */
    TRACEE_STOP_EXIT,   /* the thread is ending, and does not run any code of its own any more */
} TraceeStopKind;

/** TraceeStop: one stop. @signal: TRACEE_STOP_SIGNAL: the signal that is about to be delivered */
typedef struct {
    TraceeStopKind kind;
    int signal;
} TraceeStop;

/** tracee_next_stop: wait until a thread stops or ends. @alone: the thread, if the calling thread holds no other; else NULL. */
TraceeStop tracee_next_stop(pid_t tid, const Tracee *alone);

/**
 * tracee_go_on_by: let the thread go on to the next stop that matters.
 * @request: PTRACE_SYSCALL, or PTRACE_CONT, which leaves out the stops at the beginning and the end of system calls
 * @stop: set to the stop: at a system call, in a clone() or at the thread's end
 * Returns: TRACEE_TAMPERED also for a signal that only other code than the broker's can cause.
 */
TraceeResult tracee_go_on_by(enum __ptrace_request request, const Tracee *tracee, TraceeStop *stop);

/** tracee_go_on: let the thread go on to its next stop, which may be at a system call. */
TraceeResult tracee_go_on(const Tracee *tracee, TraceeStop *stop);

/** tracee_why_not: find out why a thread that stood still did not do as told: it has been killed, or it was tampered with. Reads
 * errno of the failed call. */
TraceeResult tracee_why_not(const Tracee *tracee);

/** tracee_read_result: read the result of the call at whose end the thread stands. */
TraceeResult tracee_read_result(const Tracee *tracee, int64_t *value);
