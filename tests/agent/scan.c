/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/agent/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/agent/scan-ways.h"

enum {
    DRIVER_MAJOR = 195,
    PROCESSES = 4,
    TABLE = 24,      /* numbers that are tried in a table */
    AGENT_TABLE = 3, /* an agent's files have the lowest */
    SPINS = 100,  /* rounds on a thread of which a pidfd was taken, because its files come and go */
    HANDLES = 32, /* handles that are kept at a time */
    HANDLES_BACK = 500, /* pidfs counts up: how far to look back from the newest */
    HANDLE_BYTES = 128,
    X32 = 0x40000000,
};

/* The state of the scan. One thread scans; another one only exchanges pidfds. */
typedef struct {
    pid_t processes[PROCESSES];
    unsigned n;
    bool by_path;
    time_t end;
    ScanResult *result;
} Scan;

/* Handle: a file handle, of a file or of a pidfd. */
typedef union {
    struct file_handle head;
    unsigned char room[sizeof(struct file_handle) + HANDLE_BYTES];
} Handle;

/* Whether this is a file of the driver's, or a simulated instance's replacement for one. */
static bool is_of_host(int fd)
{
    char path[64];
    char name[64] = "";
    struct stat st;

    if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode)) {
        return major(st.st_rdev) == DRIVER_MAJOR;
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return readlink(path, name, sizeof name - 1) > 0 && strstr(name, "memfd:nvcuse-simulated");
}

static void found_by(Scan *scan, const char *way)
{
    ScanResult *result = scan->result;
    size_t length = strlen(result->ways);

    result->found++;
    if (!strstr(result->ways, way)) {
        (void)snprintf(result->ways + length, sizeof result->ways - length, " %s", way);
    }
}

/* Closes the descriptor. The guest's own files have nvcuse's device number, the host's have the driver's. */
static void look_at(Scan *scan, const char *way, int fd)
{
    scan->result->looks++;
    if (fd >= 0 && is_of_host(fd)) {
        found_by(scan, way);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* --- which threads there are ------------------------------------------------------------------- */

/* Whether a line of a thread's /proc/TID/status begins like this. */
static bool status_has(pid_t tid, const char *beginning)
{
    char path[64];
    char line[256];
    FILE *status;
    bool has = false;

    (void)snprintf(path, sizeof path, "/proc/%d/status", tid);
    status = fopen(path, "re");
    while (status && fgets(line, sizeof line, status)) {
        has = has || strncmp(line, beginning, strlen(beginning)) == 0;
    }
    if (status) {
        (void)fclose(status);
    }
    return has;
}

/* Whether this is a thread of io_uring's; these come and go, and use the process's table. */
static bool is_of_ring(pid_t tid)
{
    return status_has(tid, "Name:\tiou-");
}

/* Whether this is an agent: every signal is blocked. */
static bool is_agent(pid_t tid)
{
    return status_has(tid, "SigBlk:\tffffffff") && !is_of_ring(tid);
}

/* --- by path ---------------------------------------------------------------------------------- */

static void open_in_every_mode(Scan *scan, const char *way, const char *path)
{
    static const int modes[] = {O_RDONLY, O_WRONLY, O_RDWR};

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        look_at(scan, way, open(path, modes[i] | O_NONBLOCK | O_CLOEXEC));
    }
}

/* Open by a handle, which leads not to the open file but to its inode. Closes @handle. */
static void open_by_way(Scan *scan, const char *way, int handle)
{
    char again[64];

    if (handle >= 0) {
        (void)snprintf(again, sizeof again, "/proc/self/fd/%d", handle);
        open_in_every_mode(scan, way, again);
        close(handle);
    }
}

static void open_by_file_handle(Scan *scan, const char *path)
{
    Handle handle = {.head = {.handle_bytes = HANDLE_BYTES}};
    int mount = open(path, O_PATH | O_CLOEXEC);
    int ignored;

    if (mount >= 0 &&
        name_to_handle_at(AT_FDCWD, path, &handle.head, &ignored, AT_SYMLINK_FOLLOW) == 0) {
        look_at(scan, "file-handle",
                open_by_handle_at(mount, &handle.head, O_RDWR | O_NONBLOCK | O_CLOEXEC));
    }
    if (mount >= 0) {
        close(mount);
    }
}

static void open_by_every_way(Scan *scan, const char *way, const char *path)
{
    open_in_every_mode(scan, way, path);
    open_by_way(scan, "O_PATH", open(path, O_PATH | O_CLOEXEC));
    open_by_way(scan, "open_tree", (int)syscall(SYS_open_tree, AT_FDCWD, path, O_CLOEXEC));
    open_by_way(scan, "open_tree(clone)",
                (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | O_CLOEXEC));
    open_by_file_handle(scan, path);
    look_at(scan, "io_uring", ring_open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC, false));
    look_at(scan, "io_uring(direct)", ring_open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC, true));
}

static void open_all(Scan *scan, const char *way, const char *directory)
{
    DIR *dir = opendir(directory);
    const struct dirent *entry;
    char path[800];

    while (dir && (entry = readdir(dir))) { // NOLINT(concurrency-mt-unsafe): one thread scans
        if (entry->d_name[0] != '.') {
            (void)snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
            open_by_every_way(scan, way, path);
        }
    }
    if (dir) {
        closedir(dir);
    }
}

/* --- by a pidfd ------------------------------------------------------------------------------- */

/* Make a call through the gate of 32-bit programs, where it has the same number. */
static int old_gate(long number, long first, long second, long third)
{
    long result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(first), "c"(second), "d"(third)
                     : "memory", "r8", "r9", "r10", "r11");
    return (int)result;
}

/* Take @pidfd's file with @number through every gate. */
static void take(Scan *scan, const char *way, int pidfd, int number)
{
    look_at(scan, way, (int)syscall(SYS_pidfd_getfd, pidfd, number, 0));
    look_at(scan, way, (int)syscall(SYS_pidfd_getfd | X32, pidfd, number, 0));
    look_at(scan, way, old_gate(SYS_pidfd_getfd, pidfd, number, 0));
}

static void take_all(Scan *scan, const char *way, int pidfd)
{
    for (int number = 0; pidfd >= 0 && number < TABLE; number++) {
        take(scan, way, pidfd, number);
    }
    if (pidfd >= 0) {
        close(pidfd);
    }
}

/* Numbers for the caller's own thread and process (PIDFD_SELF_THREAD, PIDFD_SELF; Linux 6.14). */
static void take_from_oneself(Scan *scan)
{
    static const int selves[] = {-10000, -10001, -10002, -200, -100};

    for (size_t i = 0; i < sizeof selves / sizeof selves[0]; i++) {
        take(scan, "PIDFD_SELF", selves[i], 0);
    }
}

/* PIDFD_THREAD, and its predecessors. */
static void open_pidfds(Scan *scan, pid_t tid)
{
    take_all(scan, "PIDFD_THREAD", (int)syscall(SYS_pidfd_open, tid, O_EXCL));
    take_all(scan, "PIDFD_THREAD(x32)", (int)syscall(SYS_pidfd_open | X32, tid, O_EXCL));
    take_all(scan, "PIDFD_THREAD(32-bit)", old_gate(SYS_pidfd_open, tid, O_EXCL, 0));
    take_all(scan, "pidfd_open", (int)syscall(SYS_pidfd_open, tid, 0));
}

/* Root can claim another thread's credentials. */
static void take_by_credentials(Scan *scan, pid_t tid)
{
    int pidfd = credentials_pidfd(tid);

    for (int number = 0; pidfd >= 0 && number < AGENT_TABLE; number++) {
        take(scan, "SCM_PIDFD", pidfd, number);
    }
    if (pidfd >= 0) {
        close(pidfd);
    }
}

/* --- by a file handle of a pidfd: Linux 6.14 ---------------------------------------------------- */

static bool handle_of(int pidfd, Handle *handle, uint64_t *number)
{
    int mount;

    handle->head.handle_bytes = HANDLE_BYTES;
    if (pidfd < 0 || name_to_handle_at(pidfd, "", &handle->head, &mount, AT_EMPTY_PATH) != 0) {
        return false;
    }
    memcpy(number, handle->head.f_handle, sizeof *number);
    return true;
}

/* The handle of a process that was just created on this processor: each processor has its own counter (since Linux 7.0). */
static bool newest_handle(Handle *handle, uint64_t *number)
{
    pid_t child = fork();
    int pidfd;
    bool found;

    if (child == 0) {
        pause();
        _exit(0);
    }
    pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    found = handle_of(pidfd, handle, number);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(pidfd);
    return found;
}

static pid_t thread_of(int pidfd)
{
    char path[64];
    char text[512];
    FILE *info;
    int tid = -1;

    (void)snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
    info = fopen(path, "re");
    while (info && fgets(text, sizeof text, info)) {
        if (strncmp(text, "Pid:", 4) == 0) {
            tid = (int)strtol(text + 4, NULL, 10);
        }
    }
    if (info) {
        (void)fclose(info);
    }
    return tid;
}

/* Choose a thread of one of the processes, but not the first thread. */
static bool is_other_thread(const Scan *scan, pid_t tid)
{
    char path[64];

    for (unsigned i = 0; i < scan->n; i++) {
        (void)snprintf(path, sizeof path, "/proc/%d/task/%d", scan->processes[i], tid);
        if (tid > 0 && tid != scan->processes[i] && tid != gettid() && access(path, F_OK) == 0 &&
            !is_of_ring(tid)) {
            return true;
        }
    }
    return false;
}

/* Known: pidfds of other threads. */
typedef struct {
    int fds[HANDLES];
    unsigned n;
} Known;

/* Open pidfds of the newest threads of this processor, by their handles. */
static void open_newest(const Scan *scan, int self, Known *known)
{
    Handle handle;
    uint64_t newest;

    if (!newest_handle(&handle, &newest)) {
        return;
    }
    for (uint64_t at = newest, i = 0; i < HANDLES_BACK && known->n < HANDLES; at--, i++) {
        memcpy(handle.head.f_handle, &at, sizeof at);
        int fd = open_by_handle_at(self, &handle.head, O_RDWR | O_CLOEXEC);
        if (fd >= 0 && is_other_thread(scan, thread_of(fd))) {
            known->fds[known->n++] = fd;
        } else if (fd >= 0) {
            close(fd);
        }
    }
}

static void open_handles(const Scan *scan, int self, Known *known)
{
    cpu_set_t all;
    cpu_set_t one;

    if (sched_getaffinity(0, sizeof all, &all) != 0) {
        return;
    }
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        if (CPU_ISSET(cpu, &all) && sched_setaffinity(0, sizeof one, &one) == 0) {
            open_newest(scan, self, known);
        }
    }
    sched_setaffinity(0, sizeof all, &all);
}

/* Another thread exchanges one pidfd for the other and back, so that the checked file is not the used one. */
typedef struct {
    int slot;
    int innocent;
    int guilty;
    atomic_bool stop;
} Exchange;

static void *exchange_forever(void *data)
{
    Exchange *exchange = data;

    while (!atomic_load(&exchange->stop)) {
        dup3(exchange->innocent, exchange->slot, O_CLOEXEC);
        dup3(exchange->guilty, exchange->slot, O_CLOEXEC);
    }
    return NULL;
}

static void take_exchanged(Scan *scan, int self, int pidfd)
{
    Exchange exchange = {
        .slot = fcntl(self, F_DUPFD_CLOEXEC, 0), .innocent = self, .guilty = pidfd};
    pthread_t thread;

    if (exchange.slot < 0 || pthread_create(&thread, NULL, exchange_forever, &exchange) != 0) {
        return;
    }
    for (int i = 0; i < SPINS / 4 && time(NULL) < scan->end; i++) {
        look_at(scan, "exchange", (int)syscall(SYS_pidfd_getfd, exchange.slot, i % AGENT_TABLE, 0));
    }
    atomic_store(&exchange.stop, true);
    pthread_join(thread, NULL);
    close(exchange.slot);
}

static void open_by_handles(Scan *scan)
{
    Known known = {.n = 0};
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

    open_handles(scan, self, &known);
    for (unsigned i = 0; i < known.n; i++) {
        for (int spin = 0; spin < SPINS && time(NULL) < scan->end; spin++) {
            take(scan, "pidfs-handle", known.fds[i], spin % AGENT_TABLE);
        }
        take_exchanged(scan, self, known.fds[i]);
        close(known.fds[i]);
    }
    if (self >= 0) {
        close(self);
    }
}

/* --- by ptrace ---------------------------------------------------------------------------------- */

/* Whether another process can hold an agent by ptrace(), and so control it. The agent ends before it can. */
static void trace(Scan *scan, pid_t tid)
{
    int how = 0;
    pid_t child = fork();

    if (child == 0) {
        bool held = ptrace(PTRACE_SEIZE, tid, NULL, NULL) == 0;
        held = held && is_agent(tid); /* else the number is another thread's by now */
        ptrace(PTRACE_DETACH, tid, NULL, NULL);
        _exit(held);
    }
    if (child > 0 && waitpid(child, &how, 0) == child && WIFEXITED(how) && WEXITSTATUS(how)) {
        found_by(scan, "ptrace");
    }
}

/* --- without any ------------------------------------------------------------------------------- */

/* How many of the host's files appear in this process's table by themselves. */
static int look_at_own(void)
{
    int n = 0;

    for (int spin = 0; spin < SPINS; spin++) {
        for (int fd = 0; fd < TABLE; fd++) {
            n += fcntl(fd, F_GETFD) >= 0 && is_of_host(fd);
        }
    }
    return n > UINT8_MAX ? UINT8_MAX : n;
}

/* Scan with a table of its own, with the same table in another process, and with a copy of it. */
static void look_at_tables(Scan *scan)
{
    int how = 0;

    if (look_at_own() > 0) {
        found_by(scan, "own-table");
    }
    if (in_shared_table(look_at_own) > 0) {
        found_by(scan, "CLONE_FILES");
    }
    pid_t child = fork();
    if (child == 0) {
        _exit(look_at_own());
    }
    if (child > 0 && waitpid(child, &how, 0) == child && WIFEXITED(how) && WEXITSTATUS(how) > 0) {
        found_by(scan, "fork");
    }
}

/* The files of an agent are not the guest's. */
static void compare(Scan *scan, pid_t tid)
{
    for (int fd = 0; fd < TABLE; fd++) {
        for (int number = 0; number < AGENT_TABLE; number++) {
            if (is_same_file(fd, tid, number)) {
                found_by(scan, "kcmp");
            }
        }
    }
}

/* An agent's namespaces and directories are the guest's. */
static void look_at_agent(Scan *scan, pid_t tid)
{
    if (!is_agent(tid)) {
        return;
    }
    scan->result->agents++;
    compare(scan, tid);
    if (has_other_namespaces(tid)) {
        found_by(scan, "namespaces");
    }
    trace(scan, tid); /* which ends it */
}

/* --- all of them -------------------------------------------------------------------------------- */

static void scan_thread(Scan *scan, pid_t process, pid_t tid)
{
    char path[64];

    if (scan->by_path) {
        (void)snprintf(path, sizeof path, "/proc/%d/task/%d/fd", process, tid);
        open_all(scan, "/proc/task/fd", path);
        (void)snprintf(path, sizeof path, "/proc/%d/fd", tid);
        open_all(scan, "/proc/fd", path);
    }
    open_pidfds(scan, tid);
    take_from_oneself(scan);
    take_by_credentials(scan, tid);
    look_at_agent(scan, tid);
}

static void scan_process(Scan *scan, pid_t process)
{
    char path[64];
    DIR *dir;
    const struct dirent *entry;

    (void)snprintf(path, sizeof path, "/proc/%d/task", process);
    dir = opendir(path);
    while (dir && (entry = readdir(dir))) { // NOLINT(concurrency-mt-unsafe)
        pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
        if (tid > 0 && !is_of_ring(tid)) {
            scan_thread(scan, process, tid);
            open_by_handles(scan);
            look_at_tables(scan);
        }
    }
    if (dir) {
        closedir(dir);
    }
    if (scan->by_path) {
        (void)snprintf(path, sizeof path, "/proc/%d/map_files", process);
        open_all(scan, "map_files", path);
    }
}

void scan_for(const pid_t *processes, unsigned n, unsigned seconds, bool by_path,
              ScanResult *result)
{
    Scan scan = {.n = n, .by_path = by_path, .end = time(NULL) + seconds, .result = result};

    memcpy(scan.processes, processes, n * sizeof *processes);
    *result = (ScanResult){.looks = 0};
    while (time(NULL) < scan.end) {
        for (unsigned i = 0; i < n; i++) {
            scan_process(&scan, processes[i]);
        }
    }
}
