/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that maps, in every way and at every awkward moment. Usage: mapper SCENE. A scene must print the same natively and
 * through nvcuse, except the last ones, which print what nvcuse does.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/agent/alone.h"
#include "tests/agent/attaches.h"
#include "tests/agent/mapping.h"
#include "tests/agent/own-filters.h"
#include "tests/agent/takes.h"
#include "tests/guest/rm.h"

enum { THREADS = 8, ROUNDS = 25 };

static Tree t;

/* How many mappings of NVIDIA's or nvcuse's devices the process has. */
static unsigned count_mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[512];
    unsigned n = 0;

    while (maps && fgets(line, sizeof line, maps)) {
        n += strstr(line, "nvidia") != NULL;
    }
    if (maps) {
        (void)fclose(maps);
    }
    return n;
}

/* --- the same natively ------------------------------------------------------------------------ */

static void *map_often(void *data)
{
    const int *fd = data;

    for (NvU32 i = 1; i <= ROUNDS; i++) {
        volatile NvU32 *one = map(*fd);
        volatile NvU32 *other = map(*fd);
        if (one == MAP_FAILED || other == MAP_FAILED) {
            return (void *)"mmap failed";
        }
        one[i] = i * (NvU32)*fd;
        if (other[i] != i * (NvU32)*fd) {
            return (void *)"other memory";
        }
        munmap((void *)one, SIZE);
        munmap((void *)other, SIZE);
    }
    return NULL;
}

static void threads(void)
{
    pthread_t thread[THREADS];
    int fd[THREADS];

    for (NvU32 i = 0; i < THREADS; i++) {
        fd[i] = new_file(&t, H_LAST + i);
    }
    for (NvU32 i = 0; i < THREADS; i++) {
        pthread_create(&thread[i], NULL, map_often, &fd[i]);
    }
    for (NvU32 i = 0; i < THREADS; i++) {
        void *trouble;
        pthread_join(thread[i], &trouble);
        say("thread: %s", trouble ? (char *)trouble : "good");
    }
    say("left: %u", count_mappings());
}

static void flags(void)
{
    const int both = PROT_READ | PROT_WRITE;
    int fd = new_file(&t, H_OTHER);
    char *hole = mmap(NULL, 4 * SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *at = hole + SIZE;

    say("no replace: %s", outcome(mmap(at, SIZE, both, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0)));
    say("fixed: %s", mmap(at, SIZE, both, MAP_SHARED | MAP_FIXED, fd, 0) == at ? "there" : "no");
    at[5] = 'x';
    munmap(hole, 4 * SIZE);
    say("hint: %s", mmap(at, SIZE, both, MAP_SHARED, fd, 0) == at ? "there" : "elsewhere");
    say("as written: %s", at[5] == 'x' ? "yes" : "no");
    say("part unmapped: %s", munmap(at + PAGE, PAGE) == 0 ? "yes" : status(-errno));
    say("the rest: %s", at[5] == 'x' && at[2 * PAGE] == 0 ? "there" : "different");
    say("protected: %s", mprotect(at, PAGE, PROT_READ) == 0 ? "yes" : status(-errno));
    say("unprotected: %s", mprotect(at, PAGE, both) == 0 ? "yes" : status(-errno));
    say("mappings: %u", count_mappings());
    munmap(at, SIZE);
    say("validated: %s", outcome(mmap(NULL, SIZE, both, MAP_SHARED_VALIDATE, fd, 0)));
    say("unknown flag: %s",
        outcome(mmap(NULL, SIZE, both, MAP_SHARED_VALIDATE | (1 << 27), fd, 0)));
    say("for reading: %s", outcome(mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0)));
    say("for nothing: %s", outcome(mmap(NULL, SIZE, PROT_NONE, MAP_SHARED, fd, 0)));
    say("a page: %s", outcome(mmap(NULL, 1, both, MAP_SHARED, fd, 0)));
    say("no length: %s", outcome(mmap(NULL, 0, both, MAP_SHARED, fd, 0)));
    say("odd offset: %s", outcome(mmap(NULL, SIZE, both, MAP_SHARED, fd, 1)));
    say("odd address: %s", outcome(mmap((void *)1, SIZE, both, MAP_SHARED | MAP_FIXED, fd, 0)));
    say("no file: %s", outcome(mmap(NULL, SIZE, both, MAP_SHARED, 999, 0)));
    say("endless: %s", outcome(mmap(NULL, ~0UL - PAGE, both, MAP_SHARED, fd, 0)));
    say("another file: %s", outcome(mmap(NULL, SIZE, both, MAP_SHARED, memfd_create("m", 0), 0)));
    say("mappings: %u", count_mappings());
}

static void forks(void)
{
    int fd = new_file(&t, H_OTHER);
    volatile NvU32 *mapped = map(fd);

    mapped[0] = 1;
    pid_t child = fork();
    if (child == 0) {
        volatile NvU32 *own = map(fd);
        mapped[1] = 2;
        own[2] = 3;
        _exit(own == MAP_FAILED || own[0] != 1);
    }
    say("child: %s", ending(child));
    say("seen: %u %u", mapped[1], mapped[2]);
    child = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork): it is the point
    if (child == 0) {
        _exit(map(fd) == MAP_FAILED); // NOLINT(clang-analyzer-unix.Vfork)
    }
    say("child that shares memory: %s", ending(child));
}

static void execs(void)
{
    int fd = new_file(&t, H_OTHER);
    char number[12];
    volatile NvU32 *mapped = map(fd);

    mapped[0] = 123;
    (void)snprintf(number, sizeof number, "%d", dup(fd));
    say("before: %u", mapped[0]);
    (void)fflush(stdout);
    execl("/proc/self/exe", "mapper", "executed", number, NULL);
}

static void executed(int fd)
{
    volatile NvU32 *mapped = map(fd);

    say("after: %s, %u", outcome((void *)mapped), mapped[0]);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
    (void)number;
    alarms++;
}

/*
 * Natively nothing interrupts mmap(). Through nvcuse, a signal can do so in the moment before the broker has received the
 * call; the kernel then restarts the call, or lets it fail if the handler asks for that.
 */
static void *map_again(int fd)
{
    void *mapped;

    do {
        mapped = map(fd);
    } while (mapped == MAP_FAILED && errno == EINTR);
    return mapped;
}

static void signals_with(int action_flags)
{
    const struct itimerval often = {{0, 700}, {0, 700}};
    const struct itimerval never = {0};
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = action_flags};
    unsigned mapped = 0;
    int fd = new_file(&t, action_flags ? H_OTHER : H_VIDEO);

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (unsigned i = 0; i < 4 * ROUNDS; i++) {
        mapped += (action_flags ? map(fd) : map_again(fd)) != MAP_FAILED;
        if (i % ROUNDS == 0) {
            usleep(300000); /* so that the next mapping needs a new agent */
        }
    }
    setitimer(ITIMER_REAL, &never, NULL);
    say("mapped: %u, alarms: %s", mapped, alarms ? "yes" : "none");
}

static void signals(void)
{
    signals_with(SA_RESTART);
    say("mappings: %u", count_mappings());
    signals_with(0);
    say("mappings: %u", count_mappings());
}

static void map_forever(int fd)
{
    for (;;) {
        void *mapped = map(fd);
        if (mapped == MAP_FAILED) {
            _exit(errno & 0x7f);
        }
        munmap(mapped, SIZE);
    }
}

static void kills(void)
{
    int fd = new_file(&t, H_OTHER);

    for (useconds_t i = 0; i < 40; i++) {
        pid_t child = fork();
        if (child == 0) {
            map_forever(fd);
        }
        usleep(500 + i * 1700);
        kill(child, SIGKILL);
        if (strcmp(ending(child), "KILL") != 0) {
            say("a child was not killed");
        }
    }
    say("still: %s", outcome(map(fd)));
}

/* Each round interrupts a new process at another moment, beginning before its first mapping. */
static void stop_and_go_on(pid_t child, useconds_t when)
{
    int how = 0;

    usleep(when);
    kill(child, SIGSTOP);
    if (waitpid(child, &how, WUNTRACED) != child || !WIFSTOPPED(how)) {
        say("it did not stop, but ended with %#x", how);
        return;
    }
    kill(child, SIGCONT);
    usleep(1000);
    kill(child, SIGTERM);
    waitpid(child, &how, 0);
    if (!WIFSIGNALED(how) || WTERMSIG(how) != SIGTERM) {
        say("it did not go on, but ended with %#x", how);
    }
}

static void stops(void)
{
    int fd = new_file(&t, H_OTHER);

    for (useconds_t i = 0; i < 180; i++) {
        pid_t child = fork();
        if (child == 0) {
            map_forever(fd);
        }
        stop_and_go_on(child, i * 200);
    }
    say("still: %s", outcome(map(fd)));
}

static void namespaces(void)
{
    int fd = new_file(&t, H_OTHER);
    pid_t child;

    if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) {
        say("no namespaces: %s", status(-errno));
        return;
    }
    child = fork();
    if (child == 0) {
        say("in them, %d: %s", getpid(), outcome(map(fd)));
        exit(0);
    }
    ending(child);
}

static void *map_without_first(void *data)
{
    const int *fd = data;
    char path[64];
    FILE *file;
    char state = 0;

    (void)snprintf(path, sizeof path, "/proc/self/task/%d/stat", getpid());
    while (state != 'Z') {
        usleep(1000);
        file = fopen(path, "re");
        if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1) { // NOLINT(cert-err34-c)
            say("no first thread");
        }
        if (file) {
            (void)fclose(file);
        }
    }
    for (int i = 0; i < 2; i++) {
        volatile NvU32 *mapped = map(*fd);
        say("mapped: %s", outcome((void *)mapped));
        if (mapped != MAP_FAILED) {
            mapped[0]++;
            say("  %u", mapped[0]);
        }
    }
    exit(0);
}

/* The other threads of a process continue when its first thread ends. */
static void leaderless(void)
{
    static int fd;
    pthread_t thread;

    fd = new_file(&t, H_OTHER);
    pthread_create(&thread, NULL, map_without_first, &fd);
    pthread_exit(NULL);
}

static void core(void)
{
    int fd = new_file(&t, H_OTHER);
    pid_t child = fork();

    if (child == 0) {
        if (map(fd) != MAP_FAILED) {
            abort();
        }
        _exit(1);
    }
    say("ended by: %s", ending(child));
}

/* --- not the same natively -------------------------------------------------------------------- */

static void play_filters(void)
{
    filters(&t);
}

/* The same with an agent in the process. */
static void takes_and_maps(void)
{
    int fd = new_file(&t, H_OTHER);

    say("before: %s", outcome(map(fd)));
    takes();
    say("after: %s", outcome(map(fd)));
}

static void debugger(void)
{
    int fd = new_file(&t, H_OTHER);
    int how;
    pid_t child = fork();

    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        (void)raise(SIGSTOP);
        say("traced: %s", outcome(map(fd)));
        exit(0);
    }
    waitpid(child, &how, 0);
    ptrace(PTRACE_CONT, child, 0, 0);
    say("child: %s", ending(child));
}

static const struct {
    const char *name;
    void (*play)(void);
} scenes[] = {
    {"threads", threads},
    {"flags", flags},
    {"forks", forks},
    {"execs", execs},
    {"signals", signals},
    {"kills", kills},
    {"stops", stops},
    {"namespaces", namespaces},
    {"alone", alone},
    {"leaderless", leaderless},
    {"core", core},
    {"takes", takes_and_maps},
    {"attaches", attaches},
    {"filters-after-opening", filters_after_opening},
    {"filters-at-once", filters_at_once},
    {"filters-before-opening", filters_before_opening},
    {"filters", play_filters},
    {"debugger", debugger},
    {"attached", attached},
};

int main(int argc, char **argv)
{
    setlinebuf(stdout);
    if (argc == 3 && strcmp(argv[1], "executed") == 0) {
        executed(atoi(argv[2])); // NOLINT(cert-err34-c): our own number
        return 0;
    }
    for (size_t i = 0; argc == 2 && i < sizeof scenes / sizeof scenes[0]; i++) {
        if (strcmp(scenes[i].name, argv[1]) == 0) {
            t = tree();
            scenes[i].play();
            return 0;
        }
    }
    fprintf(stderr, "usage: mapper SCENE\n");
    return 2;
}
