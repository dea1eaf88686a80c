/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/agent/takes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/guest/rm.h"

enum { THREADS = 8, ROUNDS = 25, NOBODY = 65534, ROOM = 16, NOT_OPEN = 99, SOCKETS_LOOKED_AT = 40 };

static int take(int pidfd, int number, unsigned flags)
{
    return (int)syscall(SYS_pidfd_getfd, pidfd, number, flags);
}

static void outcome(const char *what, int fd)
{
    say("%s: %s", what, fd < 0 ? status(-errno) : fcntl(fd, F_GETFD) == FD_CLOEXEC ? "got" : "?");
    if (fd >= 0) {
        close(fd);
    }
}

static pid_t idle_child(void)
{
    pid_t child = fork();

    if (child == 0) {
        pause();
        _exit(0);
    }
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void of_oneself(int self, int pipe_end)
{
    outcome("own", take(self, 0, 0));
    outcome("not open", take(self, NOT_OPEN, 0));
    outcome("negative", take(self, -1, 0));
    outcome("no such pidfd", take(NOT_OPEN, 0, 0));
    outcome("negative pidfd", take(-1, 0, 0));
    outcome("no pidfd", take(pipe_end, 0, 0));
    outcome("flags", take(self, 0, 1));
}

static void of_a_child(const int *ends)
{
    char text[6] = "";
    pid_t child = idle_child();
    int pidfd = pidfd_open(child, 0);
    int fd = take(pidfd, ends[1], 0);

    say("through a child's: %s",
        write(fd, "hello", 5) == 5 && read(ends[0], text, 5) == 5 ? text : "nothing");
    outcome("a child's", fd);
    end(child);
    outcome("a dead child's", take(pidfd, 0, 0));
    close(pidfd);
}

static void *take_often(void *pidfd)
{
    uintptr_t failed = 0;

    for (int i = 0; i < ROUNDS; i++) {
        int fd = take(*(int *)pidfd, 0, 0);
        failed += fd < 0;
        close(fd);
    }
    return (void *)failed;
}

static void by_threads(int self)
{
    pthread_t threads[THREADS];
    uintptr_t failed = 0;

    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, take_often, &self);
    }
    for (int i = 0; i < THREADS; i++) {
        void *one;
        pthread_join(threads[i], &one);
        failed += (uintptr_t)one;
    }
    say("failed in threads: %lu", (unsigned long)failed);
}

/*
 * Files that appear in the table while another thread takes a file that the broker does not touch itself: no other process's
 * sockets, which would name their owner (SO_PEERPIDFD).
 */
static _Atomic int socket_strangers;
static _Atomic bool looked_enough;

static void *look_at_sockets(void *data)
{
    while (!looked_enough) {
        for (int fd = 3; fd < SOCKETS_LOOKED_AT; fd++) {
            struct ucred peer;
            socklen_t size = sizeof peer;
            if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
                peer.pid != getpid()) {
                socket_strangers++;
            }
        }
    }
    return data;
}

static void of_a_regular_file(int self)
{
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    unsigned failed = 0;
    pthread_t thread;

    pthread_create(&thread, NULL, look_at_sockets, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        int fd = take(self, file, 0);
        failed += fd < 0;
        close(fd);
    }
    looked_enough = true;
    pthread_join(thread, NULL);
    close(file);
    say("failed of a regular file: %u, sockets of strangers: %d", failed, socket_strangers);
}

static void without_room(int self)
{
    struct rlimit before;
    int first = dup(0);

    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){ROOM, before.rlim_max});
    while (dup(0) >= 0) {
    }
    outcome("without room", take(self, 0, 0));
    for (int fd = first; fd < ROOM; fd++) {
        close(fd);
    }
    setrlimit(RLIMIT_NOFILE, &before);
}

static void become_nobody(void)
{
    if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0) {
        _exit(1);
    }
}

/* The criteria of the kernel: users, and whether a program is dumpable. */
static void between_users(int self)
{
    pid_t nobody = fork();
    int pidfd;

    if (nobody == 0) {
        become_nobody();
        pause();
    }
    pidfd = pidfd_open(nobody, 0);
    outcome("root's of a user", take(pidfd, 0, 0));
    pid_t other = fork();
    if (other == 0) {
        become_nobody();
        outcome("a user's of root", take(self, 0, 0));
        outcome("a user's of one that may not be looked into", take(pidfd, 0, 0));
        outcome("a user's own", take(pidfd_open(getpid(), 0), 0, 0));
        _exit(0);
    }
    waitpid(other, NULL, 0);
    end(nobody);
    close(pidfd);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
    (void)number;
    alarms++;
}

static void with_signals(int self)
{
    const struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    const struct itimerval often = {{0, 2000}, {0, 2000}};
    unsigned failed = 0;

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < ROUNDS || alarms < 2; i++) {
        int fd = take(self, 0, 0);
        failed += fd < 0;
        close(fd);
    }
    setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
    say("failed under signals: %u", failed);
}

/* A filter of the program's own that would kill it for a call that it does not make. */
static void with_filter(int self)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof code / sizeof code[0], code};
    pid_t child = fork();
    int how = 0;

    if (child == 0) {
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
        _exit(take(self, 0, 0) < 0);
    }
    waitpid(child, &how, 0);
    say("under a filter of its own: %s", how == 0 ? "got" : "no");
}

void takes(void)
{
    int ends[2];
    int self = pidfd_open(getpid(), 0);

    if (self < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        say("nothing to take");
        exit(1);
    }
    of_oneself(self, ends[0]);
    of_a_child(ends);
    by_threads(self);
    of_a_regular_file(self);
    without_room(self);
    between_users(self);
    with_signals(self);
    with_filter(self);
}
