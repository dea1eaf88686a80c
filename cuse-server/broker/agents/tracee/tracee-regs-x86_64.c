/* SPDX-License-Identifier: Apache-2.0 */
/* The registers of x86-64. A call's number is in rax and, once the call has begun, in orig_rax; rax then is for the result. */
#include "cuse-server/broker/agents/tracee/tracee-regs.h"

#include <linux/audit.h>
#include <sys/ptrace.h>

/* #syscalls:broker ptrace */

enum { SYSCALL_INSTRUCTION_BYTES = 2 };

/* orig_rax: the kernel must not restart a system call. */
#define NO_CALL ((unsigned long long)-1)

const uint32_t tracee_audit_arch = AUDIT_ARCH_X86_64;

bool tracee_regs_get(pid_t tid, TraceeRegs *regs)
{
    if (ptrace(PTRACE_GETREGS, tid, 0, regs) < 0) {
        return false;
    }
    regs->rip -= SYSCALL_INSTRUCTION_BYTES;
    return true;
}

bool tracee_regs_set(pid_t tid, const TraceeRegs *regs)
{
    return ptrace(PTRACE_SETREGS, tid, 0, regs) == 0;
}

void tracee_regs_set_call(TraceeRegs *regs, const TraceeCall *call)
{
    regs->rax = (unsigned long long)call->number;
    regs->orig_rax = NO_CALL;
    regs->rdi = call->args[0];
    regs->rsi = call->args[1];
    regs->rdx = call->args[2];
    regs->r10 = call->args[3];
    regs->r8 = call->args[4];
    regs->r9 = call->args[5];
}

void tracee_regs_set_result(TraceeRegs *regs, int64_t value)
{
    regs->rax = (unsigned long long)value;
    regs->rip += SYSCALL_INSTRUCTION_BYTES;
    regs->orig_rax = NO_CALL;
}

void tracee_regs_set_repeat(TraceeRegs *regs)
{
    regs->rax = regs->orig_rax; /* the instruction pointer is still before the system call */
    regs->orig_rax = NO_CALL;
}

bool tracee_regs_are_after(const TraceeRegs *regs, const struct seccomp_data *call, int64_t *result)
{
    *result = (int64_t)regs->rax;
    return regs->orig_rax == (uint64_t)call->nr &&
           regs->rip + SYSCALL_INSTRUCTION_BYTES == call->instruction_pointer;
}
