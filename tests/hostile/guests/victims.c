/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests that are killed at random moments, during any act. Usage: victims SEED ROUNDS. The seed determines the acts of each
 * round, and the moment of its end. A line for each kind of victim says how many there were; a victim that meets an error
 * prints it.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define PAGE 4096UL
#define SIZE (4 * PAGE)

enum { MOMENT_US = 25000, WAIT_MS = 50, NOTIFIER = 35 };

static void expect(const char *what, int64_t result)
{
    if (result != 0) {
        say("%s: %s", what, status(result));
        _exit(1);
    }
}

static void opens(void)
{
    close(node("nvidiactl"));
    close(node("nvidia0"));
    close(node("nvidia-uvm"));
}

static void calls(void)
{
    Tree t = tree();

    expect("control", rm_ask(t.ctl, t.client));
    tree_close(&t);
}

/* Open a file that shows memory; the memory is of a client that ends with the tree. */
static int file_of_memory(const Tree *t)
{
    int fd = node("nvidiactl");

    expect("memory", memory_new(t, H_OTHER, NV01_MEMORY_SYSTEM, SIZE));
    expect("map", rm_map(t->ctl, t->client, H_OTHER, 0, SIZE, fd, NULL));
    return fd;
}

static volatile NvU32 *map(int fd)
{
    volatile NvU32 *mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    expect("mmap", mapped == MAP_FAILED ? -errno : 0);
    mapped[1] = 1;
    return mapped;
}

static void mappings(void)
{
    Tree t = tree();
    int fd = file_of_memory(&t);

    for (int i = 0; i < 4; i++) {
        munmap((void *)map(fd), SIZE);
    }
    close(fd);
    tree_close(&t);
}

static void descriptions(void)
{
    Tree t = tree();
    void *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (int i = 0; i < 4; i++) {
        expect("describe", rm_describe(t.gpu, &t, H_OTHER, memory, SIZE - 1, DESCRIBE_FLAGS));
        expect("free", rm_free(t.ctl, t.client, H_OTHER));
    }
    munmap(memory, SIZE);
    tree_close(&t);
}

static void ties(void)
{
    UVM_INITIALIZE_PARAMS params = {0};
    int uvm = node("nvidia-uvm");

    expect("initialize", ioctl(uvm, (unsigned long)UVM_INITIALIZE, &params) != 0 ? -errno : 0);
    close(uvm);
}

static void waits(void)
{
    MODEL_CTRL_WAIT_PARAMS params = {.milliseconds = WAIT_MS};
    Tree t = tree();
    struct pollfd readable = {.fd = t.ctl, .events = POLLIN};

    poll(&readable, 1, 1);
    expect("wait",
           rm_control(t.ctl, t.client, H_BINAPI, MODEL_CTRL_CMD_WAIT, &params, sizeof params));
    tree_close(&t);
}

static void forks(void)
{
    Tree t = tree();
    int fd = file_of_memory(&t);
    volatile NvU32 *mapped = map(fd);
    pid_t child = fork();

    if (child == 0) {
        mapped[2] = *map(fd);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    munmap((void *)mapped, SIZE);
    close(fd);
    tree_close(&t);
}

static void again(int fd)
{
    char number[12];

    map(fd);
    (void)snprintf(number, sizeof number, "%d", dup(fd)); /* without close-on-exec */
    close(fd);
    execl("/proc/self/exe", "victims", "again", number, NULL);
}

/* File, memory and client live on from program to program. */
static void executions(void)
{
    Tree t = tree();

    expect("dup", dup(t.ctl) < 0 ? -errno : 0);
    again(file_of_memory(&t));
}

static const struct {
    const char *name;
    void (*act)(void);
} sorts[] = {
    {"opens", opens},         {"calls", calls},
    {"mappings", mappings},   {"registered memory", descriptions},
    {"address spaces", ties}, {"waits", waits},
    {"forks", forks},         {"executions", executions},
};

enum { N_SORTS = sizeof sorts / sizeof sorts[0] };

/* It has a process group of its own, so that its children are killed with it. */
static pid_t start(unsigned sort)
{
    pid_t child = fork();

    if (child == 0) {
        setpgid(0, 0);
        for (;;) {
            sorts[sort].act();
        }
    }
    setpgid(child, child);
    return child;
}

int main(int argc, char **argv)
{
    unsigned killed[N_SORTS] = {0};
    long rounds;

    setlinebuf(stdout);
    if (argc != 3) {
        fprintf(stderr, "usage: victims SEED ROUNDS\n");
        return 2;
    }
    if (strcmp(argv[1], "again") == 0) {
        again((int)strtol(argv[2], NULL, 10));
        return 1;
    }
    srandom((unsigned)strtoul(argv[1], NULL, 10));
    rounds = strtol(argv[2], NULL, 10);
    abi(); /* once for all processes */
    for (long i = 0; i < rounds; i++) {
        unsigned sort = (unsigned)random() % N_SORTS;
        useconds_t moment = (useconds_t)(random() % MOMENT_US);
        int how = 0;
        pid_t child = start(sort);
        usleep(moment);
        kill(-child, SIGKILL);
        waitpid(child, &how, 0);
        killed[sort] += WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL;
    }
    for (unsigned i = 0; i < N_SORTS; i++) {
        say("%s: %u killed", sorts[i].name, killed[i]);
    }
    say("%ld were killed", rounds);
    return 0;
}
