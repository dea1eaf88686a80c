/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's code for x86-64. */
#include "cuse-server/broker/agents/thread/agent-code.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "cuse-server/broker/agents/thread/agent-page.h"

/* MAP_32BIT puts a page between 1 and 2 GiB, where a program that leaves the choice of addresses to the kernel has no mappings.
 * Elsewhere, the page could fill a hole between pages of the guest. The driver would then pin this page as a part of the guest's
 * range, where it has to find a hole. */
const uint64_t agent_page_place = MAP_32BIT;

enum { EFLAGS_TRAP = 1 << 8, EFLAGS_DIRECTION = 1 << 10 };

/*
 * The order is at rbx.
 *     r12  result of the last order's call      r13  number of that order
 * System calls by number: 9 mmap, 3 close (of descriptor 2: AGENT_JOB_FD), 60 exit.
 */
__asm__(".pushsection .rodata\n"
        ".balign 16\n"
        ".globl nvcuse_agent_code, nvcuse_agent_code_end\n"
        ".hidden nvcuse_agent_code, nvcuse_agent_code_end\n"
        "nvcuse_agent_code:\n"
        "1:  movl $9, %eax\n"
        "    xorl %edi, %edi\n"
        "    xorl %esi, %esi\n"
        "    xorl %edx, %edx\n"
        "    movl $1, %r10d\n"
        "    movq %r13, %r8\n"
        "    movq %r12, %r9\n"
        "    syscall\n"
        "    cmpq $2, %rax\n"
        "    jne 2f\n"
        "    movq 0(%rbx), %r13\n"
        "    movq 8(%rbx), %rax\n"
        "    movq 16(%rbx), %rdi\n"
        "    movq 24(%rbx), %rsi\n"
        "    movq 32(%rbx), %rdx\n"
        "    movq 40(%rbx), %r10\n"
        "    movq 48(%rbx), %r8\n"
        "    movq 56(%rbx), %r9\n"
        "    syscall\n"
        "    movq %rax, %r12\n"
        "    cmpq $0, 64(%rbx)\n"
        "    je 1b\n"
        "    movl $3, %eax\n"
        "    movl $2, %edi\n"
        "    syscall\n"
        "    jmp 1b\n"
        "2:  movl $60, %eax\n"
        "    xorl %edi, %edi\n"
        "    syscall\n"
        "    ud2\n"
        "nvcuse_agent_code_end:\n"
        ".popsection\n");

extern const uint8_t nvcuse_agent_code[];
extern const uint8_t nvcuse_agent_code_end[];

G_STATIC_ASSERT(offsetof(AgentOrder, number) == 0);
G_STATIC_ASSERT(offsetof(AgentOrder, call) == 8);
G_STATIC_ASSERT(offsetof(AgentOrder, args) == 16);
G_STATIC_ASSERT(offsetof(AgentOrder, closes) == 64);
G_STATIC_ASSERT(AGENT_JOB_FD == 2);
G_STATIC_ASSERT(SYS_mmap == 9 && SYS_close == 3 && SYS_exit == 60);

void agent_code_write(uint8_t *page)
{
    memcpy(page, nvcuse_agent_code, (size_t)(nvcuse_agent_code_end - nvcuse_agent_code));
}

void agent_code_start(TraceeRegs *regs, uint64_t code, uint64_t order)
{
    regs->rip = code;
    regs->rbx = order;
    regs->r12 = 0;
    regs->r13 = 0;
    regs->orig_rax = (unsigned long long)-1; /* the kernel must not restart a system call */
    regs->eflags &= ~(unsigned long long)(EFLAGS_TRAP | EFLAGS_DIRECTION);
}
