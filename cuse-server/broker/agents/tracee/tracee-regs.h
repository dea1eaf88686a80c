/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers of a thread that is held, and system calls in them. What is in them depends on the machine, so only
 * files named after a machine read and write them. Everything else of a tracee is the same on all machines.
 *
 * Between the functions below, the instruction pointer in TraceeRegs is at a system call instruction: the one that the thread has
 * just used. The thread can then use it for other calls. The kernel never restarts a call of these registers by itself.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include <linux/seccomp.h>

/** TraceeRegs: the registers. Copy them as a whole. */
typedef struct user_regs_struct TraceeRegs;

/** TraceeCall: a system call: its number and arguments, and its result after it was carried out. */
typedef struct {
    long number;
    uint64_t args[6];
    int64_t result;
} TraceeCall;

/** tracee_audit_arch: the AUDIT_ARCH_* of the machine's own system calls, whose numbers are SYS_*. */
extern const uint32_t tracee_audit_arch;

/** tracee_regs_get: read the registers of a thread that has stopped at the end of a system call. Returns false with errno if it
 * is gone. */
bool tracee_regs_get(pid_t tid, TraceeRegs *regs);

/** tracee_regs_set: give a thread that stands still these registers. Returns false with errno if it is gone. */
bool tracee_regs_set(pid_t tid, const TraceeRegs *regs);

/** tracee_regs_set_call: have the thread make a system call. */
void tracee_regs_set_call(TraceeRegs *regs, const TraceeCall *call);

/** tracee_regs_set_result: have the thread go on behind its system call, which returns @value. */
void tracee_regs_set_result(TraceeRegs *regs, int64_t value);

/** tracee_regs_set_repeat: have the thread make the system call at whose end it stands once more. @regs: as read */
void tracee_regs_set_repeat(TraceeRegs *regs);

/** tracee_regs_are_after: whether the registers were read at the end of the system call @call of a notification. @result: set to
 * its result, which may be an errno that only the kernel uses */
bool tracee_regs_are_after(const TraceeRegs *regs, const struct seccomp_data *call,
                           int64_t *result);
