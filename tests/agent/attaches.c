/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/agent/attaches.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/agent/mapping.h"

enum {
    IDLE_THREADS = 2,
    HELD_MAX = 16,
    ATTEMPTS = 200,
    ROUNDS = 300,
    STRANGER = 23456,
    RETRY_NS = 200000,
};

/* --- the program ------------------------------------------------------------------------------ */

/*
 * Program: a process that maps when it gets an order.
 * @orders: a socket; each order is a byte, and each answer an errno value or 0
 */
typedef struct {
    pid_t pid;
    int orders;
} Program;

static void *idle(void *data)
{
    pause();
    return data;
}

/* Map, check that the memory is the same each time, and make a call. Returns: errno value or 0. */
static int use(const Tree *own, int fd, volatile NvU32 *first)
{
    static NvU32 mark;
    volatile NvU32 *mapped = map(fd);

    if (mapped == MAP_FAILED) {
        return errno;
    }
    first[1] = ++mark;
    bool same = mapped[1] == mark;
    munmap((void *)mapped, SIZE);
    return !same ? EILSEQ : rm_ask(own->ctl, own->client) ? EREMOTEIO : 0;
}

static _Noreturn void program(int orders)
{
    Tree own = tree();
    int fd = new_file(&own, H_OTHER);
    volatile NvU32 *first = map(fd);
    pthread_t thread;
    char order = 0;

    for (int i = 0; i < IDLE_THREADS; i++) {
        pthread_create(&thread, NULL, idle, NULL);
    }
    do {
        int result = first == MAP_FAILED ? EBADF : use(&own, fd, first);
        if (write(orders, &result, sizeof result) != sizeof result) {
            break;
        }
    } while (read(orders, &order, 1) == 1);
    exit(0);
}

static int result_of(const Program *target)
{
    int result;

    return read(target->orders, &result, sizeof result) == sizeof result ? result : EPIPE;
}

static Program start(void)
{
    int ends[2] = {-1, -1};
    Program target = {.pid = -1};

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0) {
        target = (Program){fork(), ends[0]};
    }
    if (target.pid == 0) {
        close(ends[0]);
        program(ends[1]);
    }
    close(ends[1]);
    say("at first: %s", status(-result_of(&target)));
    return target;
}

/* Returns: errno value or 0. */
static int order(const Program *target)
{
    return write(target->orders, "", 1) == 1 ? result_of(target) : EPIPE;
}

static void end(const Program *target)
{
    close(target->orders);
    say("program: %s", ending(target->pid));
}

/* --- the debugger ----------------------------------------------------------------------------- */

/* Held: the threads that a debugger has attached to. */
typedef struct {
    pid_t tids[HELD_MAX];
    unsigned n;
    int error; /* errno value of attaching; a thread that has just ended is not an error */
} Held;

static bool holds(const Held *held, pid_t tid)
{
    for (unsigned i = 0; i < held->n; i++) {
        if (held->tids[i] == tid) {
            return true;
        }
    }
    return false;
}

static void attach(Held *held, int how, pid_t tid)
{
    if (ptrace(how, tid, 0, 0) < 0) {
        held->error = errno == ESRCH ? held->error : errno;
        return;
    }
    if (how == PTRACE_SEIZE) {
        ptrace(PTRACE_INTERRUPT, tid, 0, 0);
    }
    if (waitpid(tid, NULL, __WALL) == tid && held->n < HELD_MAX) {
        held->tids[held->n++] = tid;
    }
}

/* Attach to the threads that are not held yet. Returns: how many threads the process has. */
static unsigned attach_more(Held *held, int how, pid_t pid)
{
    char path[64];
    unsigned n = 0;
    const struct dirent *entry;

    (void)snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *dir = opendir(path);
    while (dir && (entry = readdir(dir))) { // NOLINT(concurrency-mt-unsafe)
        pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);
        n += tid > 0;
        if (tid > 0 && !holds(held, tid)) {
            attach(held, how, tid);
        }
    }
    if (dir) {
        closedir(dir);
    }
    return n;
}

/* Attach as debuggers do: until all threads are held. */
static Held attach_all(int how, pid_t pid)
{
    Held held = {.n = 0};

    attach(&held, how, pid);
    for (int i = 0; i < 3 && held.error == 0; i++) {
        (void)attach_more(&held, how, pid);
    }
    return held;
}

static void let_run(const Held *held)
{
    for (unsigned i = 0; i < held->n; i++) {
        ptrace(PTRACE_CONT, held->tids[i], 0, 0);
    }
}

/* Detach from threads that are stopped. */
static void detach(const Held *held)
{
    for (unsigned i = 0; i < held->n; i++) {
        ptrace(PTRACE_DETACH, held->tids[i], 0, 0);
    }
}

/* Detach from threads that run. */
static void stop_and_detach(const Held *held)
{
    for (unsigned i = 0; i < held->n; i++) {
        ptrace(PTRACE_INTERRUPT, held->tids[i], 0, 0);
        (void)waitpid(held->tids[i], NULL, __WALL);
    }
    detach(held);
}

/* A debugger in a process of its own, which is not the program's parent. */
static void debug(const Program *target, int how)
{
    pid_t debugger = fork();

    if (debugger == 0) {
        Held held = attach_all(how, target->pid);
        say("attached: %s, to %u threads of %u", status(-held.error), held.n,
            attach_more(&held, how, target->pid));
        detach(&held);
        exit(0);
    }
    say("debugger: %s", ending(debugger));
}

static void hold_all(int how)
{
    Program target = start();

    for (int i = 0; i < 2; i++) {
        debug(&target, how);
        say("afterwards: %s", status(-order(&target)));
    }
    end(&target);
}

/* Attach like "strace -p" without "-f": the other threads continue. */
static void hold_one(void)
{
    Program target = start();
    Held held = {.n = 0};

    attach(&held, PTRACE_SEIZE, target.pid);
    say("attached to one: %s", status(-held.error));
    let_run(&held);
    say("meanwhile: %s", status(-order(&target)));
    stop_and_detach(&held);
    say("afterwards: %s", status(-order(&target)));
    end(&target);
}

/* The sum of all threads' numbers, which changes if a thread is created again. */
static unsigned long threads_of(pid_t pid)
{
    char path[64];
    unsigned long sum = 0;
    const struct dirent *entry;

    (void)snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *dir = opendir(path);
    while (dir && (entry = readdir(dir))) { // NOLINT(concurrency-mt-unsafe)
        sum = sum * 31 + strtoul(entry->d_name, NULL, 10);
    }
    if (dir) {
        closedir(dir);
    }
    return sum;
}

/* A debugger without the right to attach. */
static _Noreturn void try_in_vain(pid_t pid)
{
    Held held = {.n = 0};

    if (setgid(STRANGER) < 0 || setuid(STRANGER) < 0) {
        held.error = errno;
    }
    for (int i = 0; i < ATTEMPTS; i++) {
        (void)attach_more(&held, i % 2 ? PTRACE_SEIZE : PTRACE_ATTACH, pid);
    }
    say("a stranger: %s, %u held", status(-held.error), held.n);
    exit(0);
}

static void keep_out(void)
{
    Program target = start();
    const unsigned long before = threads_of(target.pid);
    unsigned wrong = 0;
    pid_t stranger = fork();

    if (stranger == 0) {
        try_in_vain(target.pid);
    }
    while (waitpid(stranger, NULL, WNOHANG) == 0) {
        wrong += order(&target) != 0;
    }
    say("the same threads: %s, wrong: %u", threads_of(target.pid) == before ? "yes" : "no", wrong);
    end(&target);
}

void attaches(void)
{
    hold_all(PTRACE_SEIZE);
    hold_all(PTRACE_ATTACH);
    hold_one();
    if (getuid() == 0) {
        keep_out();
    }
}

/* --- while it is held ------------------------------------------------------------------------- */

static _Noreturn void disturb(pid_t pid)
{
    for (;;) {
        Held held = attach_all(PTRACE_SEIZE, pid);
        detach(&held);
    }
}

/* A debugger with the right attaches again and again. While all its threads are held a process cannot map. */
static void keep_disturbing(void)
{
    const struct timespec moment = {.tv_nsec = RETRY_NS};
    Program target = start();
    unsigned right = 0;
    unsigned other = 0;
    pid_t disturber = fork();

    if (disturber == 0) {
        disturb(target.pid);
    }
    for (int i = 0; i < ROUNDS; i++) {
        int result = order(&target);
        right += result == 0;
        other += result != 0 && result != EBUSY;
        nanosleep(&moment, NULL);
    }
    say("disturbed: %s, neither right nor busy: %u", right ? "some went well" : "none went well",
        other);
    kill(disturber, SIGKILL);
    say("disturber: %s", ending(disturber));
    say("afterwards: %s", status(-order(&target)));
    end(&target);
}

void attached(void)
{
    Program target = start();
    Held held = attach_all(PTRACE_SEIZE, target.pid);

    say("attached: %s, to %u threads", status(-held.error), held.n);
    let_run(&held);
    say("meanwhile: %s", status(-order(&target)));
    stop_and_detach(&held);
    say("afterwards: %s", status(-order(&target)));
    end(&target);
    keep_disturbing();
}
