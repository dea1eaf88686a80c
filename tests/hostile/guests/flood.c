/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flood of calls that the broker receives, whether or not they are for nvcuse, from many threads of many processes, which are
 * killed while their calls wait for an answer. Usage: flood PROCESSES THREADS SECONDS. It prints a line for each wrong answer,
 * and at the end whether every kind of call was made often enough.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define PAGE 4096UL

enum { PROCESSES_MAX = 64, MOMENT_US = 30000, ENOUGH = 20 };

static int shown; /* a file with memory to map */
static int plain; /* a file that is not nvcuse's */
static int pipes[2];
static unsigned threads;

static int close_it(int fd)
{
    int error = fd < 0 ? errno : 0;

    if (fd >= 0) {
        close(fd);
    }
    return error;
}

static int unmap(volatile char *mapped)
{
    if (mapped == MAP_FAILED) {
        return errno;
    }
    mapped[1] = 1;
    munmap((void *)mapped, PAGE);
    return 0;
}

static volatile char *map(int fd)
{
    return mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static int open_ours(void)
{
    return close_it(open("/dev/nvidiactl", O_RDWR | O_CLOEXEC));
}

static int open_other(void)
{
    return close_it(open("/dev/null", O_RDWR | O_CLOEXEC));
}

static int open_nothing(void)
{
    return close_it(open("/dev/nvidia-nothing", O_RDWR | O_CLOEXEC));
}

static int map_ours(void)
{
    return unmap(map(shown));
}

static int map_other(void)
{
    return unmap(map(plain));
}

static int map_nothing(void)
{
    return unmap(map(pipes[0]));
}

static int call_other(void)
{
    UVM_INITIALIZE_PARAMS params = {0};

    return ioctl(pipes[0], (unsigned long)UVM_INITIALIZE, &params) < 0 ? errno : 0;
}

static const struct {
    const char *name;
    int (*act)(void);
    int error; /* the expected errno value */
} acts[] = {
    {"an open of ours", open_ours, 0},
    {"an open of another file", open_other, 0},
    {"an open of nothing", open_nothing, ENOENT},
    {"a mapping of ours", map_ours, 0},
    {"a mapping of another file", map_other, 0},
    {"a mapping of a pipe", map_nothing, EACCES},
    {"an ioctl on a pipe", call_other, ENOTTY},
};

enum { N_ACTS = sizeof acts / sizeof acts[0] };

static atomic_uint *done; /* how often all processes did each act */

static void *act_forever(void *data)
{
    unsigned seed = (unsigned)(size_t)data;

    for (;;) {
        unsigned i = (unsigned)rand_r(&seed) % N_ACTS;
        int error = acts[i].act();
        if (error != acts[i].error) {
            say("%s: %s", acts[i].name, error ? status(-error) : "done");
        }
        atomic_fetch_add(&done[i], 1);
    }
    return NULL;
}

static pid_t start(void)
{
    unsigned seed = (unsigned)random();
    pthread_t thread;
    pid_t child = fork();

    if (child == 0) {
        for (unsigned i = 1; i < threads; i++) {
            pthread_create(&thread, NULL, act_forever, (void *)(size_t)(seed + i));
        }
        act_forever((void *)(size_t)seed);
    }
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void flood(unsigned n, time_t seconds)
{
    pid_t children[PROCESSES_MAX];
    time_t until = time(NULL) + seconds;

    for (unsigned i = 0; i < n; i++) {
        children[i] = start();
    }
    while (time(NULL) < until) {
        unsigned i = (unsigned)random() % n;
        usleep((useconds_t)(random() % MOMENT_US));
        end(children[i]);
        children[i] = start();
    }
    for (unsigned i = 0; i < n; i++) {
        end(children[i]);
    }
}

int main(int argc, char **argv)
{
    unsigned n = argc == 4 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    bool enough = true;

    setlinebuf(stdout);
    if (n < 1 || n > PROCESSES_MAX) {
        fprintf(stderr, "usage: flood PROCESSES THREADS SECONDS\n");
        return 2;
    }
    threads = (unsigned)strtoul(argv[2], NULL, 10);
    Tree t = tree();
    shown = node("nvidiactl");
    plain = memfd_create("plain", MFD_CLOEXEC);
    done = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory_new(&t, H_OTHER, NV01_MEMORY_SYSTEM, PAGE) != 0 ||
        rm_map(t.ctl, t.client, H_OTHER, 0, PAGE, shown, NULL) != 0 ||
        ftruncate(plain, (off_t)PAGE) != 0 || pipe2(pipes, O_CLOEXEC) != 0) {
        say("no files");
        return 1;
    }
    flood(n, strtol(argv[3], NULL, 10));
    for (unsigned i = 0; i < N_ACTS; i++) {
        fprintf(stderr, "%s: %u\n", acts[i].name, done[i]);
        enough = enough && done[i] >= ENOUGH;
    }
    say("%s of everything", enough ? "enough" : "not enough");
    return 0;
}
