/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mechanics of ptrace: a thread of a guest is taken hold of, and made to carry out system calls.
 * Knows nothing of what they are for (broker/agents/agents.c does).
 *
 * A traced thread never gets further than we have looked: it is let go on only from one system
 * call's end to the next one's beginning (the syscall-entry stop), where its number and all its
 * arguments are read back from the kernel, and from there to its end. Whatever a guest writes over the
 * instruction in the meantime, no other system call is carried out.
 *
 * All functions about a thread are called by one thread of ours, the one that took hold of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include <glib.h>

enum { SYSCALL_INSTRUCTION_BYTES = 2 };

/** TraceeResult: what became of a thread that was to do something. */
typedef enum {
    TRACEE_OK,
    TRACEE_ENDED,    /* it is no more: killed, or another thread replaced the program */
    TRACEE_TAMPERED, /* it did something else than it was made to do, or was about to */
} TraceeResult;

/**
 * Tracee: a thread that is being held.
 * @tid: in the broker's pid namespace
 * @alone: the thread of ours that holds it holds no other
 * @regs: its registers; rip is at the system call instruction that it is made to use
 * @in_user_mode_since: monotonic time at which it was let into user mode, where it can stay as long as
 *     the guest's code makes it; 0: it is not there. Read by other threads.
 * @repeats: of calls that were interrupted, one soon after the other; @repeated: when the last one was
 * @ends: called, with @data, when a thread that is @alone has ended, before the kernel is told that this was seen:
 *     until then exec() by its process, and the process's end, wait. NULL: nothing is
 */
typedef struct {
    pid_t tid;
    bool alone;
    struct user_regs_struct regs;
    _Atomic gint64 in_user_mode_since;
    unsigned repeats;
    gint64 repeated;
    void (*ends)(gpointer data);
    gpointer data;
} Tracee;

/** TraceeCall: a system call: its number and arguments, and its result once it was carried out. */
typedef struct {
    long number;
    uint64_t args[6];
    int64_t result;
} TraceeCall;

/**
 * tracee_seize: take hold of a thread that waits in the kernel, and have it stop before it is in user
 * mode again. It dies with us.
 * Returns: 0 or an errno: EPERM: somebody else traces it; ESRCH: it is no more.
 */
int tracee_seize(pid_t tid);

/** tracee_wait: wait until a thread that was to stop has stopped. */
TraceeResult tracee_wait(pid_t tid);

/** tracee_init: prepare to use a thread that stopped at the end of a system call. False: it is gone. */
bool tracee_init(Tracee *tracee, pid_t tid);

/**
 * tracee_block_signals: none comes to the thread any more, but SIGSYS, which only its own filter
 * sends.
 * @before: set to what was blocked
 */
void tracee_block_signals(pid_t tid, uint64_t *before);

/** tracee_detach: let a thread go on with these registers and blocked signals. False: it is being killed, or is no more. */
bool tracee_detach(pid_t tid, const struct user_regs_struct *regs, uint64_t blocked);

/** tracee_let_go: let a thread go on as if nothing had been. */
void tracee_let_go(pid_t tid);

/** tracee_enter: bring the thread to the beginning of a system call: it stops there, and has done
 * nothing yet. */
TraceeResult tracee_enter(Tracee *tracee, const TraceeCall *call);

/** tracee_read: copy @size bytes of the thread's memory. TRACEE_ENDED: it has been killed; TRACEE_TAMPERED: it has no
 * memory there that can be read. */
TraceeResult tracee_read(const Tracee *tracee, uint64_t address, void *buffer, size_t size);

/** tracee_leave: from there, let it carry the call out; waits for its end. */
TraceeResult tracee_leave(Tracee *tracee, TraceeCall *call);

/** tracee_was_interrupted: was the call interrupted before it had done anything? The kernel would make such a call again
 * itself. */
bool tracee_was_interrupted(const TraceeCall *call);

/**
 * tracee_is_to_repeat: is the call to be made again, since it was interrupted? Only its process being stopped can do that,
 * since nobody can block SIGSTOP; or a filter of the guest's own that says so: not for ever. Then the call has failed, with
 * EPERM.
 */
bool tracee_is_to_repeat(Tracee *tracee, TraceeCall *call);

/** tracee_do: both of them, again if the call is to be repeated. */
TraceeResult tracee_do(Tracee *tracee, TraceeCall *call);

/**
 * tracee_run: let the thread run code of ours that the guest cannot change, without a stop at its system calls. Waits for
 * its end.
 * @regs: what it starts with
 * Returns: TRACEE_ENDED; or TRACEE_TAMPERED: it stands still, for a signal that only other code than ours brings about.
 */
TraceeResult tracee_run(Tracee *tracee, const struct user_regs_struct *regs);

/**
 * tracee_clone: make it start a thread of the same process that is held like itself.
 * @flags: of clone(2)
 * @result: the new thread's id, or minus an errno: EPERM also if a filter of the guest's own kills it for the call as soon
 *     as it goes on
 */
TraceeResult tracee_clone(Tracee *tracee, uint64_t flags, pid_t *result);

/** tracee_reap: wait until a thread is gone that is being killed. */
void tracee_reap(pid_t tid);

/** tracee_exit: make the thread end, until it runs no code of its own any more: TRACEE_ENDED. It is not waited for
 * after that: the files that it closes then may be of a FUSE file system that a guest serves. */
TraceeResult tracee_exit(Tracee *tracee);
