/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/guest-filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <gio/gio.h>
#include <seccomp.h>

#include "abi/nv-ioctl.h"
#include "abi/nvos.h"
#include "abi/uvm.h"
#include "cuse-server/base/close-if-open.h"
#include "cuse-server/broker/agents/agents.h"
#include "cuse-server/broker/guests/driver-words.h"

/* Absent from older kernel headers; Linux 5.19. */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/*
 * The flags that the filter compares. O_PATH opens no device. With O_DIRECTORY (part of O_TMPFILE), and with O_CREAT and
 * O_EXCL together, the kernel itself refuses to open a device node, with the right error.
 *
 * All programs read and create files all the time, so opens that only read, and opens that create and only write, go to the
 * broker only if they have to (FILTER_READING, FILTER_ALL_OPENS).
 */
#define OPEN_MASK   (O_ACCMODE | O_CREAT | O_DIRECTORY | O_PATH)
#define CREATE_MASK (OPEN_MASK | O_EXCL)

/* The mask leaves out the size: that of EXPORT_TO_DMABUF_FD's argument depends on the driver. */
#define WORD_SIZE_MASK ((uint64_t)_IOC_SIZEMASK << _IOC_SIZESHIFT)
#define ALLOC_MEMORY_WORD \
    NV_FRONTEND_WORD(NV_ESC_RM_ALLOC_MEMORY, sizeof(nv_ioctl_nvos02_parameters_with_fd))
#define VID_HEAP_CONTROL_WORD \
    NV_FRONTEND_WORD(NV_ESC_RM_VID_HEAP_CONTROL, sizeof(NVOS32_PARAMETERS))
#define EXPORT_TO_DMABUF_WORD NV_FRONTEND_WORD(NV_ESC_EXPORT_TO_DMABUF_FD, 0)

G_STATIC_ASSERT(UVM_MM_INITIALIZE <= UVM_PLAIN_MASK);

const FilterRule filter_rules[] = {
    {"open", SCMP_SYS(open), 1, OPEN_MASK, O_RDWR, FILTER_ALWAYS},
    {"openat", SCMP_SYS(openat), 2, OPEN_MASK, O_RDWR, FILTER_ALWAYS},
    {"open", SCMP_SYS(open), 1, CREATE_MASK, O_RDWR | O_CREAT, FILTER_ALWAYS},
    {"openat", SCMP_SYS(openat), 2, CREATE_MASK, O_RDWR | O_CREAT, FILTER_ALWAYS},
    {"open", SCMP_SYS(open), 1, OPEN_MASK, O_WRONLY, FILTER_ALWAYS},
    {"openat", SCMP_SYS(openat), 2, OPEN_MASK, O_WRONLY, FILTER_ALWAYS},
    {"open", SCMP_SYS(open), 1, OPEN_MASK, O_RDONLY, FILTER_READING},
    {"openat", SCMP_SYS(openat), 2, OPEN_MASK, O_RDONLY, FILTER_READING},
    {"open", SCMP_SYS(open), 1, CREATE_MASK, O_RDONLY | O_CREAT, FILTER_ALL_OPENS},
    {"openat", SCMP_SYS(openat), 2, CREATE_MASK, O_RDONLY | O_CREAT, FILTER_ALL_OPENS},
    {"open", SCMP_SYS(open), 1, CREATE_MASK, O_WRONLY | O_CREAT, FILTER_ALL_OPENS},
    {"openat", SCMP_SYS(openat), 2, CREATE_MASK, O_WRONLY | O_CREAT, FILTER_ALL_OPENS},
    {"creat", SCMP_SYS(creat), 1, 0, 0, FILTER_ALL_OPENS},
    /* openat2() has its flags in memory, where a filter cannot see them. Few programs use this call. */
    {"openat2", SCMP_SYS(openat2), 2, 0, 0, FILTER_ALWAYS},
    /* Only shared mappings of files, so the loading of libraries is not watched. MAP_SHARED_VALIDATE is watched too:
     * it contains the bit of MAP_SHARED. */
    {"mmap", SCMP_SYS(mmap), 3, MAP_SHARED | MAP_ANONYMOUS | AGENT_MAP_MARK, MAP_SHARED,
     FILTER_ALWAYS},
    /* Calls that need work in the caller's process: the driver takes the caller's memory as an argument, or the
     * caller gets a file. None of these words belongs to another driver's call that programs make often. All other
     * ioctls come by the kernel (CUSE or FUSE). */
    {"ioctl", SCMP_SYS(ioctl), 1, DRIVER_WORD_MASK, ALLOC_MEMORY_WORD, FILTER_ALWAYS},
    {"ioctl", SCMP_SYS(ioctl), 1, DRIVER_WORD_MASK, VID_HEAP_CONTROL_WORD, FILTER_ALWAYS},
    {"ioctl", SCMP_SYS(ioctl), 1, DRIVER_WORD_MASK, UVM_INITIALIZE, FILTER_ALWAYS},
    {"ioctl", SCMP_SYS(ioctl), 1, DRIVER_WORD_MASK & ~WORD_SIZE_MASK, EXPORT_TO_DMABUF_WORD,
     FILTER_ALWAYS},
    /* Calls that the kernel allows only to a process with one thread. An agent is a thread, so the process has more
     * (kernel/fork.c, check_unshare_flags(); kernel/nsproxy.c, SYSCALL_DEFINE2(setns)). */
    {"unshare", SCMP_SYS(unshare), 0, CLONE_VM, CLONE_VM, FILTER_UNLESS_COMPARED},
    {"unshare", SCMP_SYS(unshare), 0, CLONE_SIGHAND, CLONE_SIGHAND, FILTER_UNLESS_COMPARED},
    {"unshare", SCMP_SYS(unshare), 0, CLONE_THREAD, CLONE_THREAD, FILTER_UNLESS_COMPARED},
    {"unshare", SCMP_SYS(unshare), 0, CLONE_NEWUSER, CLONE_NEWUSER, FILTER_UNLESS_COMPARED},
    {"setns", SCMP_SYS(setns), 1, 0, 0, FILTER_UNLESS_COMPARED},
    /* Calls of a debugger. The kernel does not let it attach to a thread that is traced already, as an agent is
     * (kernel/ptrace.c, ptrace_attach()). */
    {"ptrace", SCMP_SYS(ptrace), 0, UINT32_MAX, PTRACE_ATTACH, FILTER_UNLESS_COMPARED},
    {"ptrace", SCMP_SYS(ptrace), 0, UINT32_MAX, PTRACE_SEIZE, FILTER_UNLESS_COMPARED},
    /* pidfd_getfd() takes files out of descriptor tables, an agent's table included
     * (broker/agents/errand/agent-errand.c). */
    {"pidfd_getfd", SCMP_SYS(pidfd_getfd), 2, 0, 0, FILTER_ALWAYS},
    /* PIDFD_THREAD (O_EXCL): a second wall against pidfd_getfd() on an agent. */
    {"pidfd_open", SCMP_SYS(pidfd_open), 1, O_EXCL, O_EXCL, FILTER_ALWAYS},
};
const size_t filter_rules_count = G_N_ELEMENTS(filter_rules);

FilterNeeds filter_needs(const Device *devices, unsigned n_devices)
{
    FilterNeeds needs = {.capability_nodes = false};

    for (unsigned i = 0; i < n_devices; i++) {
        needs.capability_nodes = needs.capability_nodes || devices[i].kind == DEVICE_OPEN_ONLY;
    }
    return needs;
}

bool filter_rule_applies(const FilterRule *rule, const FilterNeeds *needs)
{
    switch (rule->scope) {
    case FILTER_READING:
        return needs->capability_nodes || needs->all_opens;
    case FILTER_ALL_OPENS:
        return needs->all_opens;
    case FILTER_ALWAYS:
    case FILTER_UNLESS_COMPARED:
        break;
    }
    return true;
}

static bool add_rules(scmp_filter_ctx filter, const FilterNeeds *needs)
{
    /* Calls of a foreign ABI must not kill the process. no_new_privs would break setuid programs; whether to set it
     * is the caller's decision. */
    if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW) < 0 ||
        seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) < 0) {
        return false;
    }
    for (size_t i = 0; i < filter_rules_count; i++) {
        const FilterRule *rule = &filter_rules[i];
        if (filter_rule_applies(rule, needs) &&
            seccomp_rule_add(
                filter, SCMP_ACT_NOTIFY, rule->number, rule->mask ? 1 : 0,
                SCMP_CMP(rule->argument, SCMP_CMP_MASKED_EQ, rule->mask, rule->value)) < 0) {
            return false;
        }
    }
    return true;
}

/* Forbid pidfd_getfd() and PIDFD_THREAD to the other ABIs. This filter does not send calls of those ABIs to the
 * broker, so the kernel itself refuses these two. */
static bool add_foreign_rules(scmp_filter_ctx filter)
{
    scmp_filter_ctx foreign = seccomp_init(SCMP_ACT_ALLOW);

    if (foreign && seccomp_attr_set(foreign, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW) == 0 &&
        seccomp_attr_set(foreign, SCMP_FLTATR_CTL_NNP, 0) == 0 &&
        seccomp_arch_add(foreign, SCMP_ARCH_X86) == 0 &&
        seccomp_arch_add(foreign, SCMP_ARCH_X32) == 0 &&
        seccomp_arch_remove(foreign, SCMP_ARCH_NATIVE) == 0 &&
        seccomp_rule_add(foreign, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(pidfd_open), 1,
                         SCMP_CMP(1, SCMP_CMP_MASKED_EQ, O_EXCL, O_EXCL)) == 0 &&
        seccomp_rule_add(foreign, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(pidfd_getfd), 0) == 0 &&
        seccomp_merge(filter, foreign) == 0) {
        return true; /* seccomp_merge() has released @foreign */
    }
    if (foreign) {
        seccomp_release(foreign);
    }
    return false;
}

/* Export the filter as a BPF program. The caller frees it. libseccomp writes the program only to a file, hence the
 * memfd. */
static GBytes *export_program(scmp_filter_ctx filter)
{
    int fd = memfd_create("nvcuse-filter", MFD_CLOEXEC);
    g_autofree char *text = NULL;
    GBytes *program = NULL;
    off_t size;

    if (fd >= 0 && seccomp_export_bpf(filter, fd) == 0 && (size = lseek(fd, 0, SEEK_END)) > 0) {
        text = g_malloc((size_t)size);
        if (pread(fd, text, (size_t)size, 0) == size) {
            program = g_bytes_new(text, (size_t)size);
        }
    }
    close_if_open(fd);
    return program;
}

/*
 * Load the program with the system call itself, because libseccomp before 2.6 cannot set WAIT_KILLABLE_RECV. With
 * this flag, once the broker has a call, only a fatal signal ends the caller's wait. So a program with a busy timer
 * can open a GPU that takes seconds to wake up.
 */
static int load_program(GBytes *program)
{
    size_t size;
    const void *code = g_bytes_get_data(program, &size);
    struct sock_fprog fprog = {
        .len = (unsigned short)(size / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)code,
    };
    unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);

    if (fd < 0 && errno == EINVAL) {
        flags &= ~SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
        fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &fprog);
    }
    return (int)fd;
}

bool guest_filter_can_wait_killable(void)
{
    const unsigned long flags =
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

    /* The kernel checks the flags before it reads the filter. The filter is NULL, so EFAULT means that the flags are
     * known. */
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}

int guest_filter_install(const FilterNeeds *needs, GError **error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    g_autoptr(GBytes) program = filter && add_rules(filter, needs) && add_foreign_rules(filter)
                                    ? export_program(filter)
                                    : NULL;
    int fd = -1;

    if (filter) {
        seccomp_release(filter);
    }
    if (!program) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                            "cannot build the seccomp filter (libseccomp)");
        return -1;
    }
    fd = load_program(program);
    if (fd < 0) {
        g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno),
                    "cannot install the seccomp filter: %s%s", g_strerror(errno),
                    errno == EBUSY
                        ? " (nvcuse itself runs under a seccomp filter with a listener, and the "
                          "kernel allows only one)"
                        : "");
    }
    return fd;
}
