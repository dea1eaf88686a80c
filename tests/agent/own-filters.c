/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/agent/own-filters.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/agent/mapping.h"

/* A call that creating an agent involves, and which the program itself does not need; and the filter's action for it. */
typedef struct {
    const char *name;
    int number;
    unsigned action;
} Forbidden;

static const Forbidden of_an_agent[] = {
    {"no clone", SYS_clone, SECCOMP_RET_ERRNO | EPERM},
    {"kill by clone", SYS_clone, SECCOMP_RET_KILL_PROCESS},
    {"trap clone", SYS_clone, SECCOMP_RET_TRAP},
    {"no close_range", SYS_close_range, SECCOMP_RET_ERRNO | EPERM},
    {"kill by close_range", SYS_close_range, SECCOMP_RET_KILL_PROCESS},
    {"end by close_range", SYS_close_range, SECCOMP_RET_KILL_THREAD},
    {"no capset", SYS_capset, SECCOMP_RET_ERRNO | EPERM},
    {"kill by capset", SYS_capset, SECCOMP_RET_KILL_PROCESS},
    {"end by capset", SYS_capset, SECCOMP_RET_KILL_THREAD},
};

enum { AGENT_CALLS = sizeof of_an_agent / sizeof of_an_agent[0], AT_ONCE = 40, A_MOMENT = 10000 };

/* @flags: of seccomp(2) */
static void forbid(const Forbidden *call, unsigned flags)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call->number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, call->action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof code / sizeof code[0], code};

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) != 0) {
        say("no filter: %s", status(-errno));
    }
}

static void map_twice(const char *name, int fd)
{
    say("%s: %s", name, outcome(map(fd)));
    say("%s again: %s", name, outcome(map(fd)));
}

static void with_filter(int fd, const Forbidden *call)
{
    pid_t child = fork();

    if (child == 0) {
        forbid(call, 0);
        map_twice(call->name, fd);
        _exit(0);
    }
    say("%s: %s", call->name, ending(child));
}

void filters(const Tree *tree)
{
    static const Forbidden calls[] = {
        {"none of ours", SYS_swapon, SECCOMP_RET_KILL_PROCESS},
        {"no close_range", SYS_close_range, SECCOMP_RET_ERRNO | ENOSYS},
        {"trap close_range", SYS_close_range, SECCOMP_RET_TRAP},
        {"no clone", SYS_clone, SECCOMP_RET_ERRNO | EPERM},
        {"no capset", SYS_capset, SECCOMP_RET_ERRNO | EPERM},
        {"false capset", SYS_capset, SECCOMP_RET_ERRNO},
        {"kill by mmap", SYS_mmap, SECCOMP_RET_KILL_PROCESS},
    };
    int fd = new_file(tree, H_OTHER);

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        with_filter(fd, &calls[i]);
    }
}

static void open_and_map(const Forbidden *call, bool is_forbidden_first)
{
    pid_t child = fork();

    if (child == 0) {
        if (is_forbidden_first) {
            forbid(call, 0);
        }
        Tree own = tree();
        int fd = new_file(&own, H_OTHER);
        if (!is_forbidden_first) {
            forbid(call, 0);
        }
        map_twice(call->name, fd);
        _exit(0);
    }
    say("%s: %s", call->name, ending(child));
}

void filters_before_opening(void)
{
    for (size_t i = 0; i < AGENT_CALLS; i++) {
        open_and_map(&of_an_agent[i], true);
    }
}

void filters_after_opening(void)
{
    for (size_t i = 0; i < AGENT_CALLS; i++) {
        open_and_map(&of_an_agent[i], false);
    }
}

/* Install the filter for all threads, of which one is nvcuse's, before nvcuse's has gone far. */
static void forbid_at_once(const Forbidden *call)
{
    unsigned well = 0;

    for (unsigned i = 0; i < AT_ONCE; i++) {
        pid_t child = fork();
        if (child == 0) {
            close(node("nvidiactl"));
            forbid(call, SECCOMP_FILTER_FLAG_TSYNC);
            usleep(A_MOMENT);
            _exit(0);
        }
        well += strcmp(ending(child), "ended well") == 0;
    }
    say("%s: %u ended well", call->name, well);
}

void filters_at_once(void)
{
    for (size_t i = 0; i < AGENT_CALLS; i++) {
        if (of_an_agent[i].action == SECCOMP_RET_KILL_PROCESS) {
            forbid_at_once(&of_an_agent[i]);
        }
    }
    open_and_map(&of_an_agent[0], false);
}
