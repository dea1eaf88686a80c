/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of processes with so few numbers that each number is used again and again, while nvcuse may still have work for the
 * process that had it before.
 *
 *     pids guests N    N processes, a few at a time. Each makes and maps memory, writes its own mark into it and asks the GPU
 *                      for it; it tries the client of the last process with its number, and to pass for an agent; then it
 *                      ends, in one of several ways
 *     pids watch       outside the container: check until SIGTERM that no process is traced or harmed
 *
 * Every fault is a line.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define PAGE 4096UL

enum {
    PARENTS = 4,
    LOW_NUMBERS = 300,
    NUMBERS = 1024,
    OFTEN = 5,
    MOMENT_US = 4000,
    BYSTANDERS = 5,
    WATCH_US = 100000
};

/* What all processes share about each number. */
typedef struct {
    atomic_uint uses;
    _Atomic NvHandle client;
} Number;

static Number *numbers;

/* --- guests ------------------------------------------------------------------------------------ */

/* The client of the process that had this number before must be gone, or another process's. */
static void try_predecessor(const Tree *t)
{
    Number *number = &numbers[getpid() % NUMBERS];
    NvHandle previous = atomic_exchange(&number->client, t->client);

    atomic_fetch_add(&number->uses, 1);
    if (previous && previous != t->client && rm_ask(t->ctl, previous) == 0) {
        say("%d: the client of its predecessor", getpid());
    }
}

/* The call in which an agent waits; for every other process it is a mapping without contents. */
static void wait_as_an_agent(void)
{
    if (mmap(NULL, 0, PROT_NONE, MAP_SHARED, 0, 0) != MAP_FAILED || errno != EINVAL) {
        say("%d: taken for an agent", getpid());
    }
}

static int show_memory(const Tree *t)
{
    int fd = node("nvidiactl");
    int64_t result = memory_new(t, H_OTHER, NV01_MEMORY_SYSTEM, PAGE);

    result = result ? result : rm_map(t->ctl, t->client, H_OTHER, 0, PAGE, fd, NULL);
    if (result) {
        say("%d: memory: %s", getpid(), status(result));
    }
    return fd;
}

static void *map(int fd)
{
    return mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static void check_memory(const Tree *t, int shown, NvU32 mark)
{
    volatile NvU32 *mapped = map(shown);
    NvU32 seen = 0;

    if (mapped == MAP_FAILED) {
        say("%d: mmap: %s", getpid(), status(-errno));
        return;
    }
    mapped[0] = mark;
    int64_t result = gpu_read(t, H_OTHER, 0, &seen);
    if (result || seen != mark || mapped[0] != mark) {
        say("%d: %s, other memory than its own", getpid(), status(result));
    }
}

static void *map_forever(void *data)
{
    for (;;) {
        munmap(map(*(const int *)data), PAGE);
    }
    return NULL;
}

static _Noreturn void end(unsigned way, int shown)
{
    pthread_t thread;

    switch (way % 4) {
    case 0:
        break;
    case 1: /* during a call, while its agent works */
        pthread_create(&thread, NULL, map_forever, &shown);
        usleep((useconds_t)(way / 4 % MOMENT_US));
        kill(getpid(), SIGKILL);
        break;
    case 2:
        execl("/proc/self/exe", "pids", "nothing", NULL);
        break;
    default: /* by another thread than the first, which has ended by then */
        pthread_create(&thread, NULL, map_forever, &shown);
        usleep((useconds_t)(way / 4 % MOMENT_US));
        (void)map(shown);
    }
    _exit(0);
}

static _Noreturn void live(unsigned way)
{
    wait_as_an_agent();
    Tree t = tree();
    int shown = show_memory(&t);

    try_predecessor(&t);
    check_memory(&t, shown, way ^ (NvU32)getpid() << 20);
    end(way, shown);
}

static void bear(long n, unsigned seed)
{
    for (long i = 0; i < n; i++) {
        unsigned way = (unsigned)rand_r(&seed);
        int how = 0;
        pid_t child = fork();
        if (child == 0) {
            live(way);
        }
        if (child < 0) {
            say("fork: %s", status(-errno));
        }
        waitpid(child, &how, 0);
        if (how != (way % 4 == 1 ? SIGKILL : 0)) {
            say("%d: ended with 0x%x, way %u", child, (unsigned)how, way % 4);
        }
    }
}

/* Lower numbers are assigned once: RESERVED_PIDS, include/linux/pid.h. */
static void use_low_numbers(void)
{
    pid_t child;

    do {
        child = fork();
        if (child == 0) {
            _exit(0);
        }
        waitpid(child, NULL, 0);
    } while (child >= 0 && child < LOW_NUMBERS);
}

static void guests(long n)
{
    unsigned used = 0;

    numbers = mmap(NULL, NUMBERS * sizeof *numbers, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    abi(); /* once for all processes */
    use_low_numbers();
    for (unsigned i = 0; i < PARENTS; i++) {
        if (fork() == 0) {
            bear(n / PARENTS, i);
            _exit(0);
        }
    }
    while (wait(NULL) > 0) {
    }
    for (unsigned i = 0; i < NUMBERS; i++) {
        used += numbers[i].uses != 0;
    }
    say("%ld processes, with numbers that came again %s", n,
        (long)used * OFTEN < n ? "often" : "seldom");
}

/* --- outside ----------------------------------------------------------------------------------- */

static volatile sig_atomic_t over;

static void on_term(int number)
{
    (void)number;
    over = 1;
}

/* Both are looked up in the task's own directory, which no later task with its number gets. */
static bool is_traced_here(int task, ino_t here)
{
    char text[2048] = "";
    struct stat st;
    int fd = openat(task, "status", O_RDONLY | O_CLOEXEC);
    const char *tracer;

    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0) {
        text[0] = '\0';
    }
    if (fd >= 0) {
        close(fd);
    }
    tracer = strstr(text, "\nTracerPid:");
    return tracer && strtol(tracer + sizeof "\nTracerPid:" - 1, NULL, 10) != 0 &&
           fstatat(task, "ns/pid", &st, 0) == 0 && st.st_ino == here;
}

static void look_at_tasks(int process, const char *name, ino_t here)
{
    int fd = openat(process, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *tasks = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    while (tasks && (entry = readdir(tasks))) { // NOLINT(concurrency-mt-unsafe): one thread
        int task = openat(dirfd(tasks), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (entry->d_name[0] != '.' && task >= 0 && is_traced_here(task, here)) {
            say("thread %s of process %s is traced", entry->d_name, name);
        }
        if (task >= 0) {
            close(task);
        }
    }
    if (tasks) {
        closedir(tasks);
    }
}

static void look_at_processes(ino_t here)
{
    DIR *processes = opendir("/proc");
    const struct dirent *entry;

    while (processes && (entry = readdir(processes))) { // NOLINT(concurrency-mt-unsafe)
        int process =
            entry->d_name[0] >= '1' && entry->d_name[0] <= '9'
                ? openat(dirfd(processes), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC)
                : -1;
        if (process >= 0) {
            look_at_tasks(process, entry->d_name, here);
            close(process);
        }
    }
    if (processes) {
        closedir(processes);
    }
}

/* Processes that get the numbers of guests, and must end undisturbed. */
static void be_there(void)
{
    for (int i = 0; i < BYSTANDERS; i++) {
        int how = 0;
        pid_t child = fork();
        if (child == 0) {
            usleep(MOMENT_US);
            _exit(0);
        }
        if (child > 0 && (waitpid(child, &how, 0) != child || how != 0)) {
            say("a bystander ended with 0x%x", (unsigned)how);
        }
    }
}

static void watch(void)
{
    struct sigaction action = {.sa_handler = on_term, .sa_flags = SA_RESTART};
    struct stat here;
    unsigned looks = 0;

    sigaction(SIGTERM, &action, NULL);
    stat("/proc/self/ns/pid", &here);
    while (!over) {
        look_at_processes(here.st_ino);
        be_there();
        usleep(WATCH_US);
        looks++;
    }
    say("looked %s", looks > OFTEN ? "often" : "seldom");
}

int main(int argc, char **argv)
{
    setlinebuf(stdout);
    if (argc == 3 && strcmp(argv[1], "guests") == 0) {
        guests(strtol(argv[2], NULL, 10));
    } else if (argc == 2 && strcmp(argv[1], "watch") == 0) {
        watch();
    } else if (argc != 2 || strcmp(argv[1], "nothing") != 0) {
        fprintf(stderr, "usage: pids guests N | watch\n");
        return 2;
    }
    return 0;
}
