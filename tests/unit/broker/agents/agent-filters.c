/* SPDX-License-Identifier: Apache-2.0 */
/* Seccomp filters of the guest's own: they apply to its agent as well. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/broker/agents/agent-play.h"
#include "tests/unit/broker/agents/agent-scenes.h"

enum { LIE_SECONDS = 30 };

/* --- filters of the guest's own ---------------------------------------------------------------- */

/* A call that creating an agent involves, and the filter's action for it. */
static struct {
    int number;
    unsigned action;
} forbidden;

static void forbid_and_map(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)forbidden.number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, forbidden.action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {G_N_ELEMENTS(filter), filter};

    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
        _exit(99);
    }
    _exit(map() == MAP_FAILED ? errno : 0);
}

/* Returns: the guest's exit status, or minus the signal that killed it. */
static int map_under(int number, unsigned action)
{
    forbidden.number = number;
    forbidden.action = action;
    const int how = play(forbid_and_map);

    for (unsigned kind = 0; kind < INCIDENT_KIND_COUNT; kind++) {
        cr_assert_eq(counts[kind], 0, "%d, %x: accused", number, action);
    }
    return WIFSIGNALED(how) ? -WTERMSIG(how) : WEXITSTATUS(how);
}

Test(agents, a_guest_whose_own_filter_kills_it_is_not_accused)
{
    cr_assert_eq(map_under(SYS_clone, SECCOMP_RET_KILL_PROCESS), -SIGSYS);
    cr_assert_eq(map_under(SYS_clone, SECCOMP_RET_KILL_THREAD), -SIGSYS);
    cr_assert_eq(map_under(SYS_clone, SECCOMP_RET_TRAP), -SIGSYS);
    cr_assert_eq(map_under(SYS_close_range, SECCOMP_RET_KILL_PROCESS), -SIGSYS);
}

Test(agents, a_guest_whose_own_filter_refuses_it_an_agent_goes_on)
{
    cr_assert_eq(map_under(SYS_clone, SECCOMP_RET_ERRNO | EPERM), EPERM);
    cr_assert_eq(map_under(SYS_close_range, SECCOMP_RET_KILL_THREAD), EPERM);
}

/* --- a filter of the guest's own that lies about the agent's wait ------------------------------ */

unsigned lie;

void install_lie(void)
{
    struct sock_filter lies[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 5),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROT_NONE, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAP_SHARED, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, lie),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {.len = G_N_ELEMENTS(lies), .filter = lies};
    const unsigned flags = is_made_ahead ? SECCOMP_FILTER_FLAG_TSYNC : 0;

    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &filter) != 0) {
        _exit(8);
    }
}

/* The mapping must fail. Another process kills this one if the call does not return. */
void map_with_a_lie(void)
{
    const pid_t self = getpid();
    const pid_t watch = fork();

    if (watch == 0) {
        usleep(LIE_SECONDS * 1000000);
        kill(self, SIGKILL);
        _exit(0);
    }
    install_lie();
    const bool mapped = map() != MAP_FAILED;
    kill(watch, SIGKILL);
    _exit(mapped ? 1 : 0);
}

Test(agents, a_filter_that_lies_about_its_wait_ends_it)
{
    static const unsigned lies[] = {SECCOMP_RET_ERRNO, SECCOMP_RET_ERRNO | KERNELS_OWN_ERROR,
                                    SECCOMP_RET_TRAP};

    for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
        lie = lies[i];
        cr_expect(ended_well(play(map_with_a_lie)), "%x", lie);
    }
}
