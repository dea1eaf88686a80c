/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Callers whose identity has changed. A program calls on a file, so that nvcuse caches what it knows of the caller. Then the
 * thread's number, the process's number or the memory belongs to another, and the call is made again. The answer must be
 * written to the memory of the present caller, and nowhere else. In both memories the place has the same address.
 *
 *     impostor SCENE
 *
 *     clone     another process shares the memory (CLONE_VM) and keeps it; the first one executes a program
 *     thread    the same, but another thread than the first executes it
 *     vfork     a child in its parent's memory calls, executes a program, and calls again
 *     fork      a child has a copy of the memory
 *     number    a thread ends, and a process gets its number
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

#define PLACE ((unsigned char *)0x200000000)

enum {
    PAGE = 4096,
    STACK = 64 * 1024,
    FILLED = 0x5a,
    ASKED = 3,
    SETTLE_MICROSECONDS = 50000,
    TRIES = 200
};

static const char *program;
static const char *scene;
static int ctl;
static NvHandle client;
static int pipe_ends[2]; /* when one end is closed, a process checks the memory that it keeps */

static void fill(void)
{
    memset(PLACE, FILLED, PAGE);
}

static void make_place(void)
{
    if (mmap(PLACE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
             -1, 0) != PLACE) {
        say("the place is taken");
        exit(EXIT_FAILURE);
    }
    fill();
}

static bool is_filled(void)
{
    for (int i = 0; i < PAGE; i++) {
        if (PLACE[i] != FILLED) {
            return false;
        }
    }
    return true;
}

/* Have the driver write its answer to the place. */
static bool ask(void)
{
    return rm_control(ctl, client, client, NV0000_CTRL_CMD_GPU_GET_ATTACHED_IDS, PLACE,
                      sizeof(NV0000_CTRL_GPU_GET_ATTACHED_IDS_PARAMS)) == NV_OK;
}

/* Call with the first identity, until nvcuse can cache nothing more about it. */
static void be_known(void)
{
    for (int i = 0; i < ASKED; i++) {
        fill();
        if (!ask() || is_filled()) {
            say("%s: not served to begin with", scene);
            exit(EXIT_FAILURE);
        }
        usleep(SETTLE_MICROSECONDS);
    }
    fill();
}

/* Call with the other identity. */
static void ask_anew(const char *who)
{
    fill();
    const bool ok = ask();
    say("%s: %s: %s, %s", scene, who, ok ? "answered" : "refused",
        is_filled() ? "not served" : "served");
    (void)fflush(stdout);
}

static void tell_kept(const char *whose)
{
    say("%s: %s: %s", scene, whose, is_filled() ? "untouched" : "written to");
    (void)fflush(stdout);
}

static void execute(void)
{
    char texts[3][16];

    (void)snprintf(texts[0], sizeof texts[0], "%d", ctl);
    (void)snprintf(texts[1], sizeof texts[1], "%u", client);
    (void)snprintf(texts[2], sizeof texts[2], "%d", pipe_ends[1]);
    execl(program, program, scene, texts[0], texts[1], texts[2], NULL);
    _exit(EXIT_FAILURE);
}

/* After that the executed program calls, with another memory that also has the place. */
static int be_executed(char **words)
{
    ctl = (int)strtol(words[0], NULL, 10);
    client = (NvHandle)strtoul(words[1], NULL, 10);
    make_place();
    ask_anew("the program");
    close((int)strtol(words[2], NULL, 10));
    while (wait(NULL) > 0 || errno == EINTR) {
    }
    return EXIT_SUCCESS;
}

/* --- scenes ----------------------------------------------------------------------------------- */

static int keep_memory(void *data)
{
    char byte;

    (void)data;
    close(pipe_ends[1]);
    while (read(pipe_ends[0], &byte, 1) < 0) {
    }
    tell_kept("the memory before");
    return 0;
}

/* Start a process that shares this memory. @flags: CLONE_VFORK: wait until it has a memory of its own */
static pid_t share_memory(int (*be)(void *), int flags)
{
    static char stack[STACK] __attribute__((aligned(16)));
    pid_t child = clone(be, stack + sizeof stack, CLONE_VM | SIGCHLD | flags, NULL);

    if (child < 0) {
        say("clone: %s", strerrorname_np(errno));
        exit(EXIT_FAILURE);
    }
    return child;
}

static void leave_memory(void)
{
    (void)share_memory(keep_memory, 0);
}

static void play_clone(void)
{
    leave_memory();
    execute();
}

static void *execute_in_thread(void *data)
{
    ask_anew("a thread");
    fill();
    leave_memory();
    execute();
    return data;
}

static void play_thread(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, execute_in_thread, NULL);
    pause();
}

static int ask_and_execute(void *data)
{
    ask_anew("the child before");
    fill();
    execute();
    return data != NULL;
}

static void play_vfork(void)
{
    waitpid(share_memory(ask_and_execute, CLONE_VFORK), NULL, 0);
    tell_kept("the parent's memory");
}

static void play_fork(void)
{
    pid_t child = fork();

    if (child == 0) {
        ask_anew("the child");
        _exit(EXIT_SUCCESS);
    }
    waitpid(child, NULL, 0);
    tell_kept("the parent's memory");
}

static void *ask_in_thread(void *data)
{
    pid_t *tid = data;

    *tid = gettid();
    be_known();
    return NULL;
}

/* The next process gets the number after it. */
static bool set_last_number(pid_t number)
{
    char text[16];
    int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
    const int size = snprintf(text, sizeof text, "%d", number);
    const bool ok = fd >= 0 && write(fd, text, (size_t)size) == size;

    close(fd);
    return ok;
}

static void play_number(void)
{
    for (int i = 0; i < TRIES; i++) {
        pthread_t thread;
        pid_t tid = 0;
        pthread_create(&thread, NULL, ask_in_thread, &tid);
        pthread_join(thread, NULL);
        usleep(SETTLE_MICROSECONDS);
        if (!set_last_number(tid - 1)) {
            say("ns_last_pid: %s", strerrorname_np(errno));
            return;
        }
        pid_t child = fork();
        if (child == 0) {
            if (getpid() == tid) {
                ask_anew("the process");
            }
            _exit(getpid() == tid ? EXIT_SUCCESS : EXIT_FAILURE);
        }
        int how = -1;
        waitpid(child, &how, 0);
        if (how == 0) {
            tell_kept("the thread's memory");
            return;
        }
    }
    say("%s: the number did not come again", scene);
}

static const struct {
    const char *name;
    void (*play)(void);
} scenes[] = {
    {"clone", play_clone}, {"thread", play_thread}, {"vfork", play_vfork},
    {"fork", play_fork},   {"number", play_number},
};

int main(int argc, char **argv)
{
    program = argv[0];
    scene = argc > 1 ? argv[1] : "";
    if (argc == 5) {
        return be_executed(argv + 2);
    }
    make_place();
    ctl = dup(node("nvidiactl"));
    if (pipe(pipe_ends) < 0 || ctl < 0 || rm_client(ctl, &client) != NV_OK) {
        say("%s: cannot begin", scene);
        return EXIT_FAILURE;
    }
    be_known();
    for (size_t i = 0; i < sizeof scenes / sizeof scenes[0]; i++) {
        if (strcmp(scenes[i].name, scene) == 0) {
            scenes[i].play();
        }
    }
    return EXIT_SUCCESS;
}
