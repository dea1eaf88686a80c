/* SPDX-License-Identifier: Apache-2.0 */
/* Report what is visible of each process and of its threads, and what can be done to them. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"
#include "tests/hostile/tightness/fact.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

enum { GUEST_SIZE = 4096, GUEST_PAUSE_US = 50000 };

/* --- the guest -------------------------------------------------------------------------------- */

/* A file of the driver's that can be mapped; -1: there is none. */
static int mappable_file(void)
{
    Tree t;
    int fd;

    if (access("/dev/nvidiactl", F_OK) < 0) {
        return -1;
    }
    t = tree();
    fd = node("nvidiactl");
    return memory_new(&t, H_SYSTEM, NV01_MEMORY_SYSTEM, GUEST_SIZE) == 0 &&
                   rm_map(t.ctl, t.client, H_SYSTEM, 0, GUEST_SIZE, fd, NULL) == 0
               ? fd
               : -1;
}

static bool map_once(int fd)
{
    void *mapped = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    return mapped != MAP_FAILED && munmap(mapped, GUEST_SIZE) == 0;
}

/* The guest maps the driver's memory again and again, if there is a driver, so that nvcuse keeps an agent in it. */
static G_NORETURN void guest_main(int ready)
{
    int fd = mappable_file();

    fact("guest", fd >= 0 && map_once(fd) ? "maps memory of the driver's" : "has no driver");
    (void)fflush(stdout);
    close(ready);
    for (;;) {
        if (fd >= 0) {
            (void)map_once(fd);
        }
        usleep(GUEST_PAUSE_US);
    }
}

Guest guest_start(void)
{
    int ready[2] = {-1, -1};
    char nothing;

    (void)fflush(stdout);
    (void)!pipe(ready);
    Guest guest = {.pid = fork()};
    if (guest.pid == 0) {
        close(ready[0]);
        guest_main(ready[1]);
    }
    close(ready[1]);
    (void)!read(ready[0], &nothing, 1);
    close(ready[0]);
    return guest;
}

void guest_end(const Guest *guest)
{
    kill(guest->pid, SIGKILL);
    waitpid(guest->pid, NULL, 0);
}

/* --- what can be done to a thread ------------------------------------------------------------- */

/* A thread, and its process. */
typedef struct {
    pid_t pid;
    pid_t tid;
} Thread;

static long do_kill(const void *data)
{
    return kill(((const Thread *)data)->tid, 0);
}

static long do_tgkill(const void *data)
{
    const Thread *thread = data;

    return syscall(SYS_tgkill, thread->pid, thread->tid, 0);
}

static long do_seize(const void *data)
{
    return ptrace(PTRACE_SEIZE, ((const Thread *)data)->tid, 0, 0); /* until the child ends */
}

static long do_read_memory(const void *data)
{
    char byte;
    struct iovec here = {&byte, 1};
    struct iovec there = {(void *)environ,
                          1}; /* the guest is a child, and has it at the same place */

    return process_vm_readv(((const Thread *)data)->tid, &here, 1, &there, 1, 0);
}

static long do_pidfd(const void *data)
{
    return syscall(SYS_pidfd_open, ((const Thread *)data)->tid, 0);
}

static long do_thread_pidfd(const void *data)
{
    return syscall(SYS_pidfd_open, ((const Thread *)data)->tid, PIDFD_THREAD);
}

static long do_take_file(const void *data)
{
    int pidfd = (int)do_pidfd(data);

    return pidfd < 0 ? pidfd : syscall(SYS_pidfd_getfd, pidfd, 0, 0);
}

static long do_signal_by_pidfd(const void *data)
{
    int pidfd = (int)do_pidfd(data);

    return pidfd < 0 ? pidfd : syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0);
}

static long do_limit(const void *data)
{
    struct rlimit limit;

    return prlimit(((const Thread *)data)->tid, RLIMIT_CORE, NULL, &limit);
}

static long do_compare(const void *data)
{
    return syscall(SYS_kcmp, getpid(), ((const Thread *)data)->tid, 1 /* KCMP_VM */, 0, 0);
}

static long do_affinity(const void *data)
{
    cpu_set_t all;

    memset(&all, 0xff, sizeof all);
    return sched_setaffinity(((const Thread *)data)->tid, sizeof all, &all);
}

static long do_nice(const void *data)
{
    return setpriority(PRIO_PROCESS, (id_t)((const Thread *)data)->tid, 0);
}

static long do_robust_list(const void *data)
{
    void *head;
    size_t size;

    return syscall(SYS_get_robust_list, ((const Thread *)data)->tid, &head, &size);
}

static const struct {
    const char *name;
    long (*run)(const void *thread);
} deeds[] = {
    {"kill", do_kill},
    {"tgkill", do_tgkill},
    {"read memory", do_read_memory},
    {"pidfd", do_pidfd},
    {"pidfd of the thread", do_thread_pidfd},
    {"take a file", do_take_file},
    {"signal by pidfd", do_signal_by_pidfd},
    {"limits", do_limit},
    {"compare", do_compare},
    {"affinity", do_affinity},
    {"nice", do_nice},
    {"robust list", do_robust_list},
    {"ptrace", do_seize}, /* this ends an agent */
};

static const char *try_file(const Thread *thread, const char *name, int flags)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/%s", thread->pid, thread->tid, name);
    int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);
    const char *result = outcome(fd);

    if (fd >= 0) {
        close(fd);
    }
    return result;
}

static void report_thread_files(const char *subject, const Thread *thread)
{
    static const char *const readable[] = {
        "mem",    "maps", "environ", "auxv", "io",     "stack",       "syscall",  "pagemap",
        "ns/mnt", "root", "cwd",     "fd",   "fdinfo", "personality", "mountinfo"};
    g_autofree char *directory = g_strdup_printf("/proc/%d/task/%d/fd", thread->pid, thread->tid);
    g_autoptr(GPtrArray) files = names_in(directory);

    for (size_t i = 0; i < G_N_ELEMENTS(readable); i++) {
        fact(subject, "%s for reading: %s", readable[i], try_file(thread, readable[i], O_RDONLY));
    }
    fact(subject, "mem for writing: %s", try_file(thread, "mem", O_RDWR));
    for (guint i = 0; i < files->len; i++) {
        g_autofree char *path = g_build_filename(directory, files->pdata[i], NULL);
        g_autofree char *target = link_of(path);
        fact(subject, "descriptor %s: %s", (const char *)files->pdata[i], target);
    }
}

/* Numbers are comparable only inside this pid namespace: 0 is no process, or one outside. */
static const char *tracer_of(const char *line)
{
    return g_ascii_strtoull(line, NULL, 10) == 0 ? "nobody, or somebody outside"
                                                 : "somebody inside";
}

static void report_thread_status(const char *subject, const Thread *thread)
{
    static const char *const wanted[] = {"Uid:",    "Gid:", "Groups:", "Cap",    "NoNewPrivs:",
                                         "Seccomp", "Sig",  "Shd",     "Umask:", "Cpus_allowed:"};
    g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/status", thread->pid, thread->tid);
    g_autofree char *text = text_of(path);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

    for (char **line = lines; *line; line++) {
        if (g_str_has_prefix(*line, "TracerPid:")) {
            fact(subject, "traced by %s", tracer_of(*line + strlen("TracerPid:\t")));
        }
        for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
            if (g_str_has_prefix(*line, wanted[i]) && !g_str_has_prefix(*line, "SigQ")) {
                fact(subject, "%s", *line);
            }
        }
    }
}

static void report_thread(const char *subject, const Thread *thread)
{
    report_thread_status(subject, thread);
    report_thread_files(subject, thread);
    for (size_t i = 0; i < G_N_ELEMENTS(deeds); i++) {
        g_autofree char *result = in_child(deeds[i].run, thread);
        fact(subject, "%s: %s", deeds[i].name, result);
    }
}

/* --- all of them ------------------------------------------------------------------------------ */

static char *name_of(const Guest *guest, pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/comm", pid);
    g_autofree char *comm = text_of(path);

    return pid == getpid()     ? g_strdup("process itself")
           : pid == guest->pid ? g_strdup("process guest")
           : pid == 1          ? g_strdup("process first")
                      : g_strdup_printf("process %s", comm ? g_strchomp(comm) : outcome(-1));
}

static void report_process(const Guest *guest, pid_t pid)
{
    g_autofree char *name = name_of(guest, pid);
    g_autofree char *directory = g_strdup_printf("/proc/%d/task", pid);
    g_autoptr(GPtrArray) tasks = names_in(directory);

    fact(name, "threads: %u", tasks->len);
    for (guint i = 0; i < tasks->len; i++) {
        const Thread thread = {pid, (pid_t)g_ascii_strtoull(tasks->pdata[i], NULL, 10)};
        g_autofree char *subject = g_strdup_printf("%s, thread %u", name, i + 1);
        report_thread(subject, &thread);
    }
}

/* A process that is hidden in /proc may still exist. */
static void report_hidden(void)
{
    enum { NUMBERS = 400, AGO = 10 };

    for (pid_t pid = 1; pid < NUMBERS; pid++) {
        g_autofree char *path = g_strdup_printf("/proc/%d", pid);
        if (kill(pid, 0) == 0 && access(path, F_OK) < 0) {
            fact("hidden process", "there is one that a signal reaches");
        }
    }
    fact("all processes", "kill: %s", outcome(kill(-1, 0)));
    fact("parent", "%s", getppid() == 0 ? "outside" : "inside");
}

void report_processes(const Guest *guest)
{
    g_autoptr(GPtrArray) names = names_in("/proc");

    for (guint i = 0; i < names->len; i++) {
        pid_t pid = (pid_t)g_ascii_strtoull(names->pdata[i], NULL, 10);
        if (pid > 0) {
            report_process(guest, pid);
        }
    }
    report_hidden();
}
