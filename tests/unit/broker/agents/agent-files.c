/* SPDX-License-Identifier: Apache-2.0 */
/* The descriptors of an agent, which no other thread may take by pidfd_getfd(). */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "cuse-server/broker/identity/guest-thread.h"
#include "tests/unit/broker/agents/agent-play.h"
#include "tests/unit/broker/agents/agent-scenes.h"

enum { TAKES = 20 };

static int take(int pidfd, int number)
{
    return (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
}

static bool is_host_file(int fd)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    g_autofree char *name = g_file_read_link(path, NULL);

    return name && strstr(name, "memfd:host");
}

/* Nothing prevents this guest from opening pidfds of threads. */
static void take_from_thread(pid_t tid)
{
    int pidfd = (int)syscall(SYS_pidfd_open, tid, O_EXCL);

    for (int i = 0; pidfd >= 0 && i < TAKES; i++) {
        int fd = take(pidfd, i % 3);
        if (fd >= 0 && is_host_file(fd)) {
            _exit(3);
        }
        close(fd);
    }
    close(pidfd);
}

static void take_from_agents(void)
{
    pthread_t thread;

    pthread_create(&thread, NULL, map_forever, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
        const char *name;
        while ((name = g_dir_read_name(tasks))) {
            take_from_thread(atoi(name)); // NOLINT(cert-err34-c): the kernel's number
        }
    }
}

Test(agents, what_one_has_is_taken_by_nobody)
{
    if (!guest_threads_have_pidfds()) {
        cr_skip_test("the kernel has no pidfds of threads, which this attack needs");
    }
    cr_assert(ended_well(play(take_from_agents)));
    cr_assert_gt(counts[INCIDENT_AGENT_FILE], 0, "reported");
}

static void take_from_oneself(void)
{
    int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
    int copy = take(self, self);

    if (copy < 0 || fcntl(copy, F_GETFD) != FD_CLOEXEC) {
        _exit(1);
    }
    if (take(self, GUEST_FD) != -1 || errno != EBADF || take(GUEST_FD, 0) != -1 || errno != EBADF) {
        _exit(2);
    }
}

Test(agents, what_others_have_is_taken_as_ever)
{
    cr_assert(ended_well(play(take_from_oneself)));
    cr_assert_eq(counts[INCIDENT_AGENT_FILE], 0);
}
