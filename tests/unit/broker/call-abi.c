/* SPDX-License-Identifier: Apache-2.0 */
/* Calls of other ABIs in seccomp profiles, by libseccomp's numbers for them. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <glib.h>
#include <linux/audit.h>
#include <seccomp.h>

#include "cuse-server/broker/guests/call-abi.h"
#include "cuse-server/container/guest-filter.h"

/* Calls behind which another protection stands. */
static const char *const walled[] = {"open",  "openat",  "openat2", "creat",  "mmap",
                                     "ioctl", "unshare", "setns",   "ptrace", NULL};

static struct seccomp_data call_of(uint32_t arch, const char *name)
{
    bool is_x86 = arch == SCMP_ARCH_X86;

    return (struct seccomp_data){
        .nr = seccomp_syscall_resolve_name_arch(arch, name),
        .arch = is_x86 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64,
    };
}

Test(call_abi, every_watched_call_goes_on_or_is_refused_in_every_abi)
{
    static const uint32_t foreign[] = {SCMP_ARCH_X86, SCMP_ARCH_X32};

    for (size_t i = 0; i < filter_rules_count; i++) {
        const char *name = filter_rules[i].name;
        struct seccomp_data native = call_of(SCMP_ARCH_X86_64, name);
        cr_assert(call_abi_is_native(&native), "%s", name);
        for (size_t a = 0; a < G_N_ELEMENTS(foreign); a++) {
            struct seccomp_data call = call_of(foreign[a], name);
            cr_assert(!call_abi_is_native(&call), "%s", name);
            cr_assert_eq(call_abi_may_go_on(&call), g_strv_contains(walled, name), "%s in %zu",
                         name, a);
        }
    }
}

Test(call_abi, every_call_that_opens_a_file_is_read)
{
    struct seccomp_data call = {.args = {5, 0x1000, 0x2000, 24}};
    CallAbiOpen open;

    call.nr = SYS_open;
    cr_assert(call_abi_open(&call, &open));
    cr_assert(open.dirfd == AT_FDCWD && open.path == 5 && open.flags == 0x1000 && !open.has_how);
    call.nr = SYS_openat;
    cr_assert(call_abi_open(&call, &open));
    cr_assert(open.dirfd == 5 && open.path == 0x1000 && open.flags == 0x2000 && !open.has_how);
    call.nr = SYS_creat;
    cr_assert(call_abi_open(&call, &open));
    cr_assert(open.dirfd == AT_FDCWD && open.path == 5 &&
              open.flags == (O_CREAT | O_WRONLY | O_TRUNC) && !open.has_how);
    call.nr = SYS_openat2;
    cr_assert(call_abi_open(&call, &open));
    cr_assert(open.dirfd == 5 && open.path == 0x1000 && open.how == 0x2000 && open.how_size == 24 &&
              open.has_how);
    call.nr = SYS_mmap;
    cr_assert_not(call_abi_open(&call, &open));
}

Test(call_abi, what_reaches_into_other_processes_never_goes_on)
{
    static const char *const names[] = {"pidfd_open", "pidfd_getfd", "open_by_handle_at",
                                        "process_vm_readv"};

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        struct seccomp_data i386 = call_of(SCMP_ARCH_X86, names[i]);
        struct seccomp_data x32 = call_of(SCMP_ARCH_X32, names[i]);
        cr_assert_not(call_abi_may_go_on(&i386), "%s", names[i]);
        cr_assert_not(call_abi_may_go_on(&x32), "%s", names[i]);
    }
}
