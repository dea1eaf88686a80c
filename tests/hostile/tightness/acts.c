/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acts that the reporter may or may not be allowed to do: each in a child of its own, undone by the child's end or by the
 * reporter.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/hostile/tightness/fact.h"

/* The number of the variant, for acts with several. */
static long number(const void *data)
{
    return *(const long *)data;
}

/* --- namespaces and mounts -------------------------------------------------------------------- */

static long act_unshare(const void *flags)
{
    return unshare((int)number(flags));
}

/* @data: a name under /proc/1/ns */
static long act_setns(const void *data)
{
    g_autofree char *path = g_strdup_printf("/proc/1/ns/%s", (const char *)data);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? fd : setns(fd, 0);
}

/* @data: a type of file system; visible to this child alone, if it can have mounts of its own */
static long act_mount(const void *data)
{
    (void)unshare(CLONE_NEWNS);
    return mount("none", "/tmp", data, 0, NULL);
}

static long act_remount_proc(const void *data)
{
    (void)data;
    (void)unshare(CLONE_NEWNS);
    return mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND, NULL);
}

static long act_unmount(const void *path)
{
    (void)unshare(CLONE_NEWNS);
    return umount2(path, MNT_DETACH);
}

static long act_open_tree(const void *data)
{
    (void)data;
    return syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | AT_RECURSIVE);
}

static long act_fsopen(const void *type)
{
    return syscall(SYS_fsopen, type, 0);
}

static long act_chroot(const void *data)
{
    (void)data;
    return chroot("/tmp");
}

static long act_open_by_handle(const void *data)
{
    struct {
        struct file_handle head;
        unsigned char bytes[128];
    } handle = {.head.handle_bytes = 128};
    int mount_id;
    int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    (void)data;
    if (name_to_handle_at(AT_FDCWD, "/tmp", &handle.head, &mount_id, 0) < 0) {
        return -1;
    }
    return open_by_handle_at(root, &handle.head, O_RDONLY);
}

/* --- the kernel's machinery ------------------------------------------------------------------- */

static long act_bpf(const void *data)
{
    union bpf_attr attr = {
        .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

    (void)data;
    return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr);
}

static long act_perf(const void *data)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attr};

    (void)data;
    return syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0);
}

static long act_io_uring(const void *data)
{
    struct io_uring_params params = {0};

    (void)data;
    return syscall(SYS_io_uring_setup, 1, &params);
}

/* @data: flags */
static long act_userfaultfd(const void *flags)
{
    return syscall(SYS_userfaultfd, number(flags) | O_CLOEXEC);
}

static long act_fanotify(const void *data)
{
    (void)data;
    return syscall(SYS_fanotify_init, 0, 0);
}

static long act_klog(const void *data)
{
    (void)data;
    return klogctl(10 /* SYSLOG_ACTION_SIZE_BUFFER */, NULL, 0);
}

static long act_klog_read(const void *data)
{
    char buffer[64];

    (void)data;
    return klogctl(3 /* SYSLOG_ACTION_READ_ALL */, buffer, sizeof buffer);
}

static long act_module(const void *data)
{
    (void)data;
    return syscall(SYS_init_module, "", 0, "");
}

static long act_kexec(const void *data)
{
    (void)data;
    return syscall(SYS_kexec_load, 0, 0, NULL, 0);
}

static long act_swap(const void *data)
{
    (void)data;
    return swapon("/tmp", 0);
}

static long act_io_ports(const void *data)
{
    (void)data;
    return ioperm(0x80, 1, 1);
}

/* --- ids, limits and names -------------------------------------------------------------------- */

static long act_setuid(const void *uid)
{
    return setuid((uid_t)number(uid));
}

static long act_setgroups(const void *data)
{
    const gid_t group = 12345;

    (void)data;
    return setgroups(1, &group);
}

static long act_hostname(const void *data)
{
    char name[65] = "";

    (void)data;
    return gethostname(name, sizeof name - 1) < 0 ? -1 : sethostname(name, strlen(name));
}

static long act_nice(const void *data)
{
    (void)data;
    return setpriority(PRIO_PROCESS, 0, -1);
}

static long act_real_time(const void *data)
{
    const struct sched_param param = {.sched_priority = 1};

    (void)data;
    return sched_setscheduler(0, SCHED_FIFO, &param);
}

/* @data: which limit; raise it above what is allowed now */
static long act_raise_limit(const void *which)
{
    struct rlimit limit;

    if (getrlimit((__rlimit_resource_t)number(which), &limit) < 0) {
        return -1;
    }
    limit.rlim_max = limit.rlim_max == RLIM_INFINITY ? RLIM_INFINITY : limit.rlim_max + 1;
    return setrlimit((__rlimit_resource_t)number(which), &limit);
}

static long act_protected_from_oom(const void *data)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    (void)data;
    return fd < 0 ? fd : write(fd, "-1000", 5);
}

static long act_ambient(const void *capability)
{
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number(capability), 0, 0);
}

static long act_secure_bits(const void *data)
{
    (void)data;
    return prctl(PR_SET_SECUREBITS, 0, 0, 0, 0);
}

static long act_clock(const void *data)
{
    (void)data;
    return syscall(SYS_clock_adjtime, 0, NULL); /* EFAULT comes before the check of rights */
}

static long act_push_input(const void *data)
{
    char byte = '\n';

    (void)data;
    return ioctl(STDIN_FILENO, TIOCSTI, &byte);
}

/* --- keys ------------------------------------------------------------------------------------- */

/* @data: one of KEY_SPEC_... */
static long act_keyring(const void *which)
{
    return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, number(which), 0, 0, 0);
}

static long act_add_key(const void *data)
{
    (void)data;
    return syscall(SYS_add_key, "user", "tightness", "x", 1, KEY_SPEC_PROCESS_KEYRING);
}

/* The keyrings that the reporter can name, by their names. */
static void report_keyrings(void)
{
    for (int which = KEY_SPEC_THREAD_KEYRING; which >= KEY_SPEC_USER_SESSION_KEYRING; which--) {
        char text[256] = "";
        long n = syscall(SYS_keyctl, KEYCTL_DESCRIBE, which, text, sizeof text - 1, 0);
        fact("keyring", "%d: %s %s", which, outcome(n), text);
    }
    g_autofree char *keys = text_of("/proc/keys");
    g_auto(GStrv) lines = g_strsplit(keys ? keys : outcome(-1), "\n", -1);
    fact("keys", "%u lines", g_strv_length(lines));
}

/* --- all of them ------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    long (*run)(const void *data);
    const void *data;
} acts[] = {
    {"user namespace", act_unshare, &(const long){CLONE_NEWUSER}},
    {"mount namespace", act_unshare, &(const long){CLONE_NEWNS}},
    {"pid namespace", act_unshare, &(const long){CLONE_NEWPID}},
    {"network namespace", act_unshare, &(const long){CLONE_NEWNET}},
    {"cgroup namespace", act_unshare, &(const long){CLONE_NEWCGROUP}},
    {"time namespace", act_unshare, &(const long){0x80}},
    {"all namespaces", act_unshare,
     &(const long){CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET}},
    {"enter the first process's mounts", act_setns, "mnt"},
    {"enter the first process's pids", act_setns, "pid"},
    {"enter the first process's users", act_setns, "user"},
    {"enter the first process's network", act_setns, "net"},
    {"mount proc", act_mount, "proc"},
    {"mount sysfs", act_mount, "sysfs"},
    {"mount tmpfs", act_mount, "tmpfs"},
    {"mount devtmpfs", act_mount, "devtmpfs"},
    {"mount debugfs", act_mount, "debugfs"},
    {"mount cgroup2", act_mount, "cgroup2"},
    {"make /proc writable", act_remount_proc, NULL},
    {"unmount /proc", act_unmount, "/proc"},
    {"unmount /proc/sys", act_unmount, "/proc/sys"},
    {"unmount /dev", act_unmount, "/dev"},
    {"clone the mounts", act_open_tree, NULL},
    {"open a file system", act_fsopen, "tmpfs"},
    {"change root", act_chroot, NULL},
    {"open by handle", act_open_by_handle, NULL},
    {"BPF", act_bpf, NULL},
    {"performance counters", act_perf, NULL},
    {"io_uring", act_io_uring, NULL},
    {"page faults of the kernel", act_userfaultfd, &(const long){0}},
    {"page faults", act_userfaultfd, &(const long){UFFD_USER_MODE_ONLY}},
    {"fanotify", act_fanotify, NULL},
    {"size of the kernel's log", act_klog, NULL},
    {"kernel's log", act_klog_read, NULL},
    {"kernel module", act_module, NULL},
    {"another kernel", act_kexec, NULL},
    {"swap", act_swap, NULL},
    {"I/O ports", act_io_ports, NULL},
    {"become another user", act_setuid, &(const long){12345}},
    {"become root", act_setuid, &(const long){0}},
    {"groups", act_setgroups, NULL},
    {"host name", act_hostname, NULL},
    {"higher priority", act_nice, NULL},
    {"real-time priority", act_real_time, NULL},
    {"more files", act_raise_limit, &(const long){RLIMIT_NOFILE}},
    {"more locked memory", act_raise_limit, &(const long){RLIMIT_MEMLOCK}},
    {"more core file", act_raise_limit, &(const long){RLIMIT_CORE}},
    {"never killed for memory", act_protected_from_oom, NULL},
    {"ambient capability", act_ambient, &(const long){0}},
    {"secure bits", act_secure_bits, NULL},
    {"clock", act_clock, NULL},
    {"push input", act_push_input, NULL},
    {"thread's keyring", act_keyring, &(const long){KEY_SPEC_THREAD_KEYRING}},
    {"session's keyring", act_keyring, &(const long){KEY_SPEC_SESSION_KEYRING}},
    {"user's keyring", act_keyring, &(const long){KEY_SPEC_USER_KEYRING}},
    {"add a key", act_add_key, NULL},
};

void report_acts(void)
{
    (void)fflush(stdout);
    for (size_t i = 0; i < G_N_ELEMENTS(acts); i++) {
        g_autofree char *result = in_child(acts[i].run, acts[i].data);
        fact("act", "%s: %s", acts[i].name, result);
        (void)fflush(stdout);
    }
    report_keyrings();
}
