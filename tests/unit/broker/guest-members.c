/* SPDX-License-Identifier: Apache-2.0 */
/* Which processes the broker takes for guests. The tests that create pid namespaces need root. */
#include <criterion/criterion.h>

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>

#include "cuse-server/broker/identity/guest-members.h"
#include "cuse-server/broker/identity/guest-thread.h"

/*
 * Start a process that waits to be killed, in a pid namespace of its own if @apart; if @nested, that process has another such
 * process below it.
 */
static pid_t start(bool apart, bool nested)
{
    struct clone_args args = {.flags = apart ? CLONE_NEWPID : 0, .exit_signal = SIGCHLD};
    pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof args);

    if (child == 0) {
        if (nested) {
            unshare(CLONE_NEWPID);
            if (fork() == 0) {
                pause();
            }
        }
        pause();
        _exit(0);
    }
    cr_assert_gt(child, 0);
    return child;
}

static void end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void add(GuestMembers *members, pid_t pid)
{
    g_auto(GuestHome) home = {.fd = -1};

    cr_assert(guest_home_find(pid, &home));
    guest_members_add(members, &home);
}

/* The only child of a process, as soon as it exists. */
static pid_t child_of(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task/%d/children", pid, pid);

    for (int tries = 0; tries < 1000; tries++) {
        g_autofree char *text = NULL;
        if (g_file_get_contents(path, &text, NULL, NULL) && *text) {
            return (pid_t)strtol(text, NULL, 10);
        }
        g_usleep(5000);
    }
    return -1;
}

Test(guest_members, nobody_at_first)
{
    GuestMembers *members = guest_members_new();

    cr_expect_not(guest_members_have(members, getpid()));
    cr_expect_not(guest_members_have(members, 1));
    guest_members_free(members);
}

Test(guest_members, a_namespace_and_those_below_it)
{
    if (geteuid() != 0) {
        cr_skip_test("making pid namespaces needs root");
    }
    GuestMembers *members = guest_members_new();
    pid_t guest = start(true, true);
    pid_t other = start(true, false);
    pid_t nested = child_of(guest);

    add(members, guest);
    cr_expect(guest_members_have(members, guest));
    cr_expect(guest_members_have(members, nested), "%d below %d", nested, guest);
    cr_expect(guest_members_know(members, guest));
    cr_expect_not(guest_members_know(members, nested), "takes more than one look");
    cr_expect_not(guest_members_know(members, other));
    cr_expect_not(guest_members_have(members, other), "another container's");
    cr_expect_not(guest_members_have(members, getpid()), "the broker itself");
    cr_expect_not(guest_members_have(members, 1), "the host's");
    end(guest);
    cr_expect_not(guest_members_have(members, guest), "no more");
    cr_expect_not(guest_members_know(members, guest), "no more");
    end(other);
    guest_members_free(members);
}

Test(guest_members, a_control_group_where_there_is_no_namespace)
{
    GuestMembers *members = guest_members_new();
    pid_t guest = start(false, false);

    add(members, guest);
    cr_expect(guest_members_have(members, guest));
    cr_expect(guest_members_have(members, getpid()), "is in the same one");
    cr_expect_not(guest_members_know(members, guest), "the namespace is everybody's");
    end(guest);
    guest_members_free(members);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static uint64_t id_of(GuestMembers *members, pid_t pid)
{
    GuestProcess process = {0};

    cr_assert(guest_thread_process(members, pid, &process));
    return process.id;
}

/* The number of a process in another's pid namespace; 0: it has none. */
static uint32_t number(GuestMembers *members, pid_t asker, uint64_t process)
{
    uint32_t value = 0;

    return guest_thread_number(members, asker, process, &value) ? value : 0;
}

Test(guest_members, have_numbers_in_the_namespace_of_who_asks)
{
    if (geteuid() != 0) {
        cr_skip_test("making pid namespaces needs root");
    }
    GuestMembers *members = guest_members_new();
    pid_t guest = start(true, true);
    pid_t other = start(true, false);
    pid_t nested = child_of(guest);

    add(members, guest);
    const uint64_t id = id_of(members, guest);
    const uint64_t nested_id = id_of(members, nested);
    cr_expect_eq(number(members, guest, id), 1);
    cr_expect_eq(number(members, guest, nested_id), 2, "as those above see it");
    cr_expect_eq(number(members, nested, nested_id), 1, "as it sees itself");
    cr_expect_eq(number(members, nested, id), 0, "those above are not seen");
    cr_expect_eq(number(members, guest, id ^ (UINT64_C(1) << 30)), 0,
                 "one that had its number before");
    cr_expect_eq(number(members, other, id), 0, "asked by no guest");
    cr_expect_eq(number(members, getpid(), id), 0, "asked by the broker");
    add(members, other);
    cr_expect_eq(number(members, other, id), 0, "of another namespace as deep as its own");
    cr_expect_eq(number(members, other, id_of(members, other)), 1);
    end(guest);
    cr_expect_eq(number(members, other, id), 0, "no more");
    cr_expect_eq(number(members, guest, id_of(members, other)), 0, "asked by one that is no more");
    end(other);
    guest_members_free(members);
}

Test(guest_members, others_have_no_numbers)
{
    if (geteuid() != 0) {
        cr_skip_test("making pid namespaces needs root");
    }
    GuestMembers *everybody = guest_members_new();
    GuestMembers *members = guest_members_new();
    pid_t guest = start(true, false);

    add(everybody, getpid());
    add(members, guest);
    const uint64_t own = id_of(everybody, getpid());
    cr_expect_neq(number(everybody, getpid(), own), 0);
    cr_expect_eq(number(members, guest, own), 0);
    cr_expect_eq(number(members, guest, 1), 0);
    cr_expect_eq(number(members, guest, 0), 0);
    cr_expect_eq(number(members, guest, UINT64_MAX), 0);
    end(guest);
    guest_members_free(members);
    guest_members_free(everybody);
}
