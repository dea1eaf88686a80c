/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mechanics of ptrace: take hold of a guest's thread, and have it make system calls. This code does not depend on the
 * purpose of these calls (see broker/agents/agents.c).
 *
 * A traced thread never gets further than the broker has checked. It is let go on only from the end of one system call to the
 * beginning of the next (the syscall-entry stop). There its number and all its arguments are read back from the kernel. From
 * there it is let go on to the end of that call. Even if a guest overwrites the instruction in the meantime, no other system
 * call is carried out.
 *
 * Only the broker's thread that took hold of a thread calls the functions below for it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

#include "cuse-server/broker/agents/tracee/tracee-regs.h"

/** TraceeResult: what happened to a thread that was to do something. */
typedef enum {
    TRACEE_OK,
    TRACEE_ENDED,    /* it has ended: it was killed, or another thread executed a new program */
    TRACEE_TAMPERED, /* it did, or was about to do, something else than it was made to do */
} TraceeResult;

/**
 * Tracee: a thread that is held.
 * @tid: in the broker's PID namespace
 * @alone: the broker's thread that holds it does not hold any other
 * @regs: its registers (tracee-regs.h), with the system call instruction that it is made to use
 * @in_user_mode_since: monotonic time at which it was let into user mode, where it can stay as long as the guest's code makes
 *     it stay; 0: it is not in user mode. Other threads read this.
 * @repeats: how many calls in a row were interrupted, each soon after the one before
 * @repeated: when the last call was interrupted
 * @ends: called with @data when a thread that is @alone has ended, before its tracer reaps it. Until then, exec() by its
 *     process and the end of its process wait. NULL: nothing is called.
 */
typedef struct {
    pid_t tid;
    bool alone;
    TraceeRegs regs;
    _Atomic gint64 in_user_mode_since;
    unsigned repeats;
    gint64 repeated;
    void (*ends)(gpointer data);
    gpointer data;
} Tracee;

/**
 * tracee_seize: take hold of a thread that waits in the kernel, and have it stop before it returns to user mode. The kernel
 * kills the thread if the broker ends.
 * Returns: 0 or an errno: EPERM: another process traces the thread; ESRCH: it has ended.
 */
int tracee_seize(pid_t tid);

/** tracee_wait: wait until a thread that is to stop has stopped. */
TraceeResult tracee_wait(pid_t tid);

/** tracee_init: prepare to use a thread that has stopped at the end of a system call. Returns false if it is gone. */
bool tracee_init(Tracee *tracee, pid_t tid);

/**
 * tracee_block_signals: block all signals for the thread except SIGSYS, which only its own filter sends.
 * @before: set to the signals that were blocked before
 */
void tracee_block_signals(pid_t tid, uint64_t *before);

/** tracee_detach: let a thread go on with these registers and blocked signals. Returns false if it is being killed, or has
 * ended. */
bool tracee_detach(pid_t tid, const TraceeRegs *regs, uint64_t blocked);

/** tracee_let_go: let a thread go on unchanged. */
void tracee_let_go(pid_t tid);

/** tracee_enter: bring the thread to the beginning of a system call. It stops there, and the call has not done anything
 * yet. */
TraceeResult tracee_enter(Tracee *tracee, const TraceeCall *call);

/** tracee_read: copy @size bytes of the thread's memory. TRACEE_ENDED: it has been killed; TRACEE_TAMPERED: it does not
 * have readable memory there. */
TraceeResult tracee_read(const Tracee *tracee, uint64_t address, void *buffer, size_t size);

/** tracee_leave: let the thread carry out the call at whose beginning it stands, and wait for the end of the call. */
TraceeResult tracee_leave(Tracee *tracee, TraceeCall *call);

/** tracee_was_interrupted: whether the call was interrupted before it had done anything. The kernel would repeat such a
 * call itself. */
bool tracee_was_interrupted(const TraceeCall *call);

/**
 * tracee_is_to_repeat: whether the call has to be made again because it was interrupted. Only a stop of its process can cause
 * that, because SIGSTOP cannot be blocked; or a filter of the guest's own that fakes this result. So the number of repeats is
 * limited: beyond the limit, this sets the call's result to -EPERM and returns false.
 */
bool tracee_is_to_repeat(Tracee *tracee, TraceeCall *call);

/** tracee_do: tracee_enter() and tracee_leave(), repeated as tracee_is_to_repeat() requires. */
TraceeResult tracee_do(Tracee *tracee, TraceeCall *call);

/**
 * tracee_run: let the thread run the broker's code, which the guest cannot change, without a stop at its system calls. Waits
 * until the thread has ended.
 * @regs: the registers to start with
 * Returns: TRACEE_ENDED; or TRACEE_TAMPERED: the thread stands still because of a signal that only other code can cause.
 */
TraceeResult tracee_run(Tracee *tracee, const TraceeRegs *regs);

/**
 * tracee_clone: make the thread start another thread of the same process, which is then held as well.
 * @flags: of clone(2)
 * @result: set to the new thread's id, or minus an errno. It is EPERM also if a filter of the guest's own kills the thread for
 *     this call as soon as it goes on.
 */
TraceeResult tracee_clone(Tracee *tracee, uint64_t flags, pid_t *result);

/** tracee_reap: wait until a thread that is being killed is gone. */
void tracee_reap(pid_t tid);

/** tracee_exit: make the thread end. Waits until it does not run any code of its own any more: TRACEE_ENDED. Does not wait
 * for more, because the files that the thread then closes may be on a FUSE file system that a guest serves. */
TraceeResult tracee_exit(Tracee *tracee);
