/* SPDX-License-Identifier: Apache-2.0 */
/* The ABIs of x86-64's kernels: 64-bit, i386 and x32. */
#include "cuse-server/broker/guests/call-abi.h"

#include <stddef.h>
#include <stdint.h>

#include <asm/unistd.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/audit.h>
#include <sys/syscall.h>

/* Numbers as in arch/x86/entry/syscalls/syscall_32.tbl and syscall_64.tbl (there "x32"). */
static const struct {
    uint32_t i386;
    uint32_t x32;
} walled[] = {
    {5, __X32_SYSCALL_BIT + 2},     /* open */
    {295, __X32_SYSCALL_BIT + 257}, /* openat */
    {437, __X32_SYSCALL_BIT + 437}, /* openat2 */
    {8, __X32_SYSCALL_BIT + 85},    /* creat */
    {90, __X32_SYSCALL_BIT + 9},    /* mmap; profiles do not have a rule for mmap2 */
    {54, __X32_SYSCALL_BIT + 514},  /* ioctl */
    /* While the process has an agent, the kernel itself refuses what only a process with a single thread may do. */
    {310, __X32_SYSCALL_BIT + 272}, /* unshare */
    {346, __X32_SYSCALL_BIT + 308}, /* setns */
    {26, __X32_SYSCALL_BIT +
             521}, /* ptrace: the kernel refuses to attach to an agent, which has a tracer */
};

bool call_abi_is_native(const struct seccomp_data *call)
{
    return call->arch == AUDIT_ARCH_X86_64 && !((uint32_t)call->nr & __X32_SYSCALL_BIT);
}

bool call_abi_may_go_on(const struct seccomp_data *call)
{
    const uint32_t number = (uint32_t)call->nr;

    for (size_t i = 0; i < G_N_ELEMENTS(walled); i++) {
        if ((call->arch == AUDIT_ARCH_I386 && number == walled[i].i386) ||
            (call->arch == AUDIT_ARCH_X86_64 && number == walled[i].x32)) {
            return true;
        }
    }
    return false;
}

/* New system calls have the same number in all ABIs, apart from x32's bit. */
bool call_abi_takes_file(const struct seccomp_data *call)
{
    return ((uint32_t)call->nr & ~(uint32_t)__X32_SYSCALL_BIT) == SYS_pidfd_getfd;
}

bool call_abi_open(const struct seccomp_data *call, CallAbiOpen *open)
{
    switch (call->nr) {
    case SYS_open:
        *open =
            (CallAbiOpen){.dirfd = AT_FDCWD, .path = call->args[0], .flags = (int)call->args[1]};
        return true;
    case SYS_openat:
        *open = (CallAbiOpen){
            .dirfd = (int)call->args[0], .path = call->args[1], .flags = (int)call->args[2]};
        return true;
    case SYS_creat: /* fs/open.c, SYSCALL_DEFINE2(creat) */
        *open = (CallAbiOpen){
            .dirfd = AT_FDCWD, .path = call->args[0], .flags = O_CREAT | O_WRONLY | O_TRUNC};
        return true;
    case SYS_openat2:
        *open = (CallAbiOpen){.dirfd = (int)call->args[0],
                              .path = call->args[1],
                              .how = call->args[2],
                              .how_size = call->args[3],
                              .has_how = true};
        return true;
    default:
        return false;
    }
}
