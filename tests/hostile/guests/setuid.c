/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that executes a program with more rights than its own while it has nvcuse's files, mappings and an agent. The new
 * program must report the same natively and through nvcuse.
 *
 *     setuid held PROGRAM       after mapping
 *     setuid before PROGRAM     before its first mapping
 *     setuid race PROGRAM N     N times, while other threads map
 *
 * PROGRAM is this program with rights of its own: it is executed as PROGRAM inside CLIENT CTL GPU SHOWN, or PROGRAM brief.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define PAGE 4096UL
#define SIZE (4 * PAGE)

enum { MAPPERS = 3 };

/* A line of /proc/self/status, without the blanks. */
static void say_status(const char *name)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    char value[64];

    while (file && fgets(line, sizeof line, file)) {
        size_t length = strlen(name);
        if (strncmp(line, name, length) == 0 && line[length] == ':' &&
            sscanf(line + length + 1, "%63s", value) == 1) {
            say("%s: %s", name, value);
        }
    }
    if (file) {
        (void)fclose(file);
    }
}

/* Print the process's ids, and whether any thread from before is left in it. */
static void say_rights(void)
{
    say("real user %u, effective %u", getuid(), geteuid());
    say("secure: %lu, dumpable: %d", getauxval(AT_SECURE), prctl(PR_GET_DUMPABLE));
    say_status("CapPrm");
    say_status("CapEff");
    say_status("Threads");
    say_status("TracerPid");
}

static const char *map_and_write(int fd)
{
    volatile NvU32 *mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (mapped == MAP_FAILED) {
        return status(-errno);
    }
    mapped[0]++;
    return mapped[0] > 1 ? "mapped, with what was written before" : "mapped";
}

/* Open a file that shows memory of the tree's. */
static int show_memory(const Tree *t)
{
    int fd = node("nvidiactl");

    say("memory: %s", status(memory_new(t, H_OTHER, NV01_MEMORY_SYSTEM, SIZE)));
    say("shown: %s", status(rm_map(t->ctl, t->client, H_OTHER, 0, SIZE, fd, NULL)));
    return fd;
}

static void inside(char **argv)
{
    Tree old = {.client = (NvHandle)strtoul(argv[0], NULL, 10),
                .ctl = (int)strtol(argv[1], NULL, 10),
                .gpu = (int)strtol(argv[2], NULL, 10)};
    NvU32 value = 0;

    say_rights();
    say("old client: %s", status(rm_ask(old.ctl, old.client)));
    say("old memory: %s", status(gpu_read(&old, H_OTHER, 0, &value)));
    say("old mapping: %s", map_and_write((int)strtol(argv[3], NULL, 10)));
    say("describe: %s", status(rm_describe(old.gpu, &old, H_LAST,
                                           mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
                                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                                           SIZE - 1, DESCRIBE_FLAGS)));
    Tree own = tree();
    say("new mapping: %s", map_and_write(show_memory(&own)));
    say("real user %u, effective %u", getuid(), geteuid());
    say_status("CapEff");
}

static void keep(int fd)
{
    fcntl(fd, F_SETFD, 0);
}

static void execute(const char *program, bool map_first)
{
    char numbers[4][16];
    Tree t = tree();
    int shown = show_memory(&t);

    if (map_first) {
        say("before: %s", map_and_write(shown));
    }
    keep(t.ctl);
    keep(t.gpu);
    keep(shown);
    (void)snprintf(numbers[0], sizeof numbers[0], "%u", t.client);
    (void)snprintf(numbers[1], sizeof numbers[1], "%d", t.ctl);
    (void)snprintf(numbers[2], sizeof numbers[2], "%d", t.gpu);
    (void)snprintf(numbers[3], sizeof numbers[3], "%d", shown);
    execl(program, program, "inside", numbers[0], numbers[1], numbers[2], numbers[3], NULL);
    say("exec: %s", status(-errno));
}

static void *map_forever(void *data)
{
    const int *fd = data;

    for (;;) {
        void *mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
        if (mapped != MAP_FAILED) {
            munmap(mapped, SIZE);
        }
    }
    return NULL;
}

static _Noreturn void race_once(const char *program, unsigned moment)
{
    pthread_t thread;
    Tree t = tree();
    int shown = node("nvidiactl");

    if (memory_new(&t, H_OTHER, NV01_MEMORY_SYSTEM, SIZE) != 0 ||
        rm_map(t.ctl, t.client, H_OTHER, 0, SIZE, shown, NULL) != 0) {
        say("no memory to map");
    }
    for (int i = 0; i < MAPPERS; i++) {
        pthread_create(&thread, NULL, map_forever, &shown);
    }
    usleep(moment);
    execl(program, program, "brief", NULL);
    _exit(1);
}

static void race(const char *program, long n)
{
    abi();
    for (long i = 0; i < n; i++) {
        int how = 0;
        (void)fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            race_once(program, (unsigned)random() % 20000U);
        }
        waitpid(child, &how, 0);
        if (how != 0) {
            say("ended with 0x%x", (unsigned)how);
        }
    }
}

int main(int argc, char **argv)
{
    const char *scene = argc > 1 ? argv[1] : "";

    setlinebuf(stdout);
    if (strcmp(scene, "inside") == 0 && argc == 6) {
        inside(argv + 2);
    } else if (strcmp(scene, "brief") == 0) {
        say_rights();
    } else if (strcmp(scene, "held") == 0 && argc == 3) {
        execute(argv[2], true);
    } else if (strcmp(scene, "before") == 0 && argc == 3) {
        execute(argv[2], false);
    } else if (strcmp(scene, "race") == 0 && argc == 4) {
        race(argv[2], strtol(argv[3], NULL, 10));
    } else {
        fprintf(stderr, "usage: setuid held|before PROGRAM | race PROGRAM N\n");
        return 2;
    }
    return 0;
}
