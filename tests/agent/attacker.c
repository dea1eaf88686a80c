/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that tries to take its agent's descriptors of the host's files, and to make calls on them. Usage: attacker SCENE. It
 * prints the result. Each attack is made while an agent works without a pause.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cuse-server/broker/agents/agents.h"
#include "tests/agent/scan-ways.h"
#include "tests/agent/scan.h"
#include "tests/guest/rm.h"

#define PAGE 4096UL
#define SIZE (4 * PAGE)

enum { SCAN_SECONDS = 8, NOBODY = 65534 };

static int shown;

static void make_file(void)
{
    Tree t = tree();

    shown = node("nvidiactl");
    if (memory_new(&t, H_OTHER, NV01_MEMORY_SYSTEM, SIZE) != 0 ||
        rm_map(t.ctl, t.client, H_OTHER, 0, SIZE, shown, NULL) != 0) {
        say("no memory to map");
        exit(1);
    }
}

static void *map_forever(void *data)
{
    for (;;) {
        void *mapped = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, shown, 0);
        if (mapped != MAP_FAILED) {
            atomic_fetch_add((atomic_uint *)data, 1);
            munmap(mapped, SIZE);
        }
    }
    return NULL;
}

/* --- scan: find the host's file in a table ----------------------------------------------------- */

/* A way must work for other files, or its failure proves nothing. A file comes out of the ring's own table since Linux 6.8. */
static void try_ways(void)
{
    int opened = ring_open("/proc/self/status", O_RDONLY | O_CLOEXEC, false);
    int pidfd = credentials_pidfd(getpid());

    if (opened < 0) {
        say("io_uring opens nothing");
    }
    if (kernel_has_credentials_pidfd() && pidfd < 0) {
        say("no pidfd comes with a message");
    }
    close(opened);
    close(pidfd);
}

/* Scan this process and another of the same user. */
static void scan(bool by_path)
{
    atomic_uint mapped = 0;
    ScanResult result;
    pthread_t thread;
    pid_t sibling;

    make_file();
    try_ways();
    sibling = fork();
    if (sibling == 0) {
        map_forever(&mapped);
    }
    pthread_create(&thread, NULL, map_forever, &mapped);
    scan_for((const pid_t[]){getpid(), sibling}, 2, SCAN_SECONDS, by_path, &result);
    kill(sibling, SIGKILL);
    waitpid(sibling, NULL, 0);
    say("looked: %s, mapped meanwhile: %s",
        result.looks > 100 && result.agents > 0 ? "often" : "seldom",
        mapped > 10 ? "often" : "seldom");
    say("files of the host found: %u%s", result.found, result.ways);
    _exit(0);
}

/* In the host's own user namespace root may open every file that it sees, unless a control group forbids it. */
static void scan_as_nobody(void)
{
    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) {
        say("still root");
        return;
    }
    scan(true);
}

/* --- rewrite: have the agent carry out other code --------------------------------------------- */

/* mmap() as a C function: eax = 9; r10 = rcx; syscall; ret */
static const unsigned char call_mmap[] = {0xb8, 9, 0, 0, 0, 0x49, 0x89, 0xca, 0x0f, 0x05, 0xc3};

enum { INSTRUCTION = 8 };

typedef void *Mmap(void *, size_t, int, int, int, off_t);

/* The agent uses the instruction of the call for which it was created; then other bytes replace this instruction. */
static void rewrite_as(unsigned char *code, unsigned char first, unsigned char second)
{
    Mmap *call = (Mmap *)(void *)code; // NOLINT(clang-diagnostic-pedantic)

    if (call(NULL, SIZE, PROT_READ, MAP_SHARED, shown, 0) == MAP_FAILED) {
        _exit(1);
    }
    code[INSTRUCTION] = first;
    code[INSTRUCTION + 1] = second;
    if (mmap(NULL, SIZE, PROT_READ, MAP_SHARED, shown, 0) == MAP_FAILED) {
        _exit(2);
    }
    _exit(0);
}

static void rewrite(void)
{
    static const struct {
        const char *name;
        unsigned char bytes[2];
    } codes[] = {
        {"nothing else", {0x0f, 0x05}},         {"an endless loop", {0xeb, 0xfe}},
        {"a bad instruction", {0x0f, 0x0b}},    {"the gate of 32-bit programs", {0xcd, 0x80}},
        {"the guest's own code", {0x90, 0x90}}, {"a breakpoint", {0xcc, 0xcc}},
    };

    make_file();
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        unsigned char *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        int how = 0;
        memcpy(code, call_mmap, sizeof call_mmap);
        pid_t child = fork();
        if (child == 0) {
            rewrite_as(code, codes[i].bytes[0], codes[i].bytes[1]);
        }
        waitpid(child, &how, 0);
        say("%s: %s %d", codes[i].name, WIFSIGNALED(how) ? "signal" : "exit",
            WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how));
        munmap(code, PAGE);
    }
}

/* --- marked: the sign by which the filter lets an agent's mmap() pass ---------------------------- */

static const char *map_marked(int fd, off_t offset)
{
    long result = syscall(SYS_mmap, offset, SIZE, PROT_READ | PROT_WRITE,
                          MAP_SHARED | AGENT_MAP_MARK, fd, offset);

    return result == -1 ? status(-errno) : "mapped";
}

static void marked(void)
{
    int other = memfd_create("another", MFD_CLOEXEC);

    make_file();
    say("a file of ours: %s", map_marked(shown, 0));
    say("nvidia-uvm: %s", map_marked(node("nvidia-uvm"), 0x200000000000));
    say("another: %s", ftruncate(other, SIZE) == 0 ? map_marked(other, 0) : "?");
}

int main(int argc, char **argv)
{
    setlinebuf(stdout);
    if (argc == 2 && strcmp(argv[1], "scan") == 0) {
        scan_as_nobody();
    } else if (argc == 2 && strcmp(argv[1], "scan-as-root") == 0) {
        scan(true);
    } else if (argc == 2 && strcmp(argv[1], "scan-pidfds-as-root") == 0) {
        scan(false);
    } else if (argc == 2 && strcmp(argv[1], "marked") == 0) {
        marked();
    } else if (argc == 2 && strcmp(argv[1], "rewrite") == 0) {
        rewrite();
    } else {
        fprintf(stderr, "usage: attacker scan|scan-as-root|scan-pidfds-as-root|marked|rewrite\n");
        return 2;
    }
    return 0;
}
