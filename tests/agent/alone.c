/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/agent/alone.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/agent/mapping.h"

enum { MARK = 0x600d };

typedef void Act(void);

static const char *result(int value)
{
    return value < 0 ? status(-errno) : "done";
}

static void enter(const char *what, const char *path, int kind)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    say("%s: %s", what, result(fd < 0 ? fd : setns(fd, kind)));
    if (fd >= 0) {
        close(fd);
    }
}

static void leave_user_namespace(void)
{
    say("a user namespace: %s", result(unshare(CLONE_NEWUSER)));
}

static void leave_several(void)
{
    say("several namespaces: %s", result(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC)));
}

/* Natively the process has one thread, so it does not need to end another. */
static void leave_threads(void)
{
    say("threads: %s", result(unshare(CLONE_THREAD)));
    say("signal handlers: %s", result(unshare(CLONE_SIGHAND)));
    say("memory: %s", result(unshare(CLONE_VM)));
}

static void enter_own(void)
{
    enter("its own user namespace", "/proc/self/ns/user", CLONE_NEWUSER);
}

static void enter_time_namespace(void)
{
    enter("a time namespace", "/proc/self/ns/time_for_children", CLONE_NEWTIME);
}

/* The namespace of a child, which stays until it is killed. */
static void enter_childs(void)
{
    char path[64];
    char ready = 0;
    int ends[2];
    pid_t child = pipe2(ends, O_CLOEXEC) == 0 ? fork() : -1;

    if (child == 0) {
        ready = unshare(CLONE_NEWUSER) == 0;
        (void)!write(ends[1], &ready, 1);
        pause();
        _exit(0);
    }
    say("a child's own: %s", read(ends[0], &ready, 1) == 1 && ready ? "there" : "not there");
    (void)snprintf(path, sizeof path, "/proc/%d/ns/user", child);
    enter("a child's user namespace", path, CLONE_NEWUSER);
    kill(child, SIGKILL);
    say("child: %s", ending(child));
}

static void *idle(void *data)
{
    pause();
    return data;
}

/* If the program has a second thread itself, the call is refused, also natively. */
static void leave_with_a_thread(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, idle, NULL);
    say("with a thread: %s", result(unshare(CLONE_NEWUSER)));
}

static void map_before_and_after(Act *act)
{
    Tree own = tree();
    int fd = new_file(&own, H_OTHER);
    volatile NvU32 *before = map(fd);
    volatile NvU32 *after;

    say("before: %s", outcome((void *)before));
    act();
    after = map(fd);
    say("after: %s", outcome((void *)after));
    if (before != MAP_FAILED && after != MAP_FAILED) {
        before[1] = MARK;
        say("the same memory: %s", after[1] == MARK ? "yes" : "no");
    }
    say("a call: %s", status(rm_ask(own.ctl, own.client)));
    act();
    say("again: %s", outcome(map(fd)));
}

void alone(void)
{
    static Act *const acts[] = {leave_user_namespace, leave_several, leave_threads,      enter_own,
                                enter_time_namespace, enter_childs,  leave_with_a_thread};

    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        pid_t child = fork();
        if (child == 0) {
            map_before_and_after(acts[i]);
            exit(0);
        }
        say("%s", ending(child));
    }
}
