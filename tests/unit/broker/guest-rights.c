/* SPDX-License-Identifier: Apache-2.0 */
/* Whose memory the broker may give out for calls on a file that a guest opened, by the rights that the kernel reports. */
#include <criterion/criterion.h>

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/broker/some-rights.h"

enum { NAMESPACE = 4026531837, BIT_SETUID = 1 << CAP_SETUID };

GuestRights *user(unsigned n_groups)
{
    GuestRights *rights = g_atomic_rc_box_alloc0(sizeof *rights + n_groups * sizeof(uint32_t));

    for (int i = 0; i < GUEST_IDS; i++) {
        rights->uids[i] = USER;
        rights->gids[i] = GROUP;
    }
    rights->user_namespace = NAMESPACE;
    rights->dumpable = true;
    rights->process = 1234;
    rights->image[0] = rights->image[1] = 0x4000;
    rights->n_groups = n_groups;
    return rights;
}

static GuestRights *opener;
static GuestRights *caller;

static void begin(void)
{
    opener = user(1);
    caller = user(1);
    opener->groups[0] = caller->groups[0] = 44;
}

static void end(void)
{
    guest_rights_unref(opener);
    guest_rights_unref(caller);
}

TestSuite(guest_rights, .init = begin, .fini = end, .timeout = 20);

#define within() guest_rights_within(caller, opener, false)

Test(guest_rights, the_same_are_within)
{
    cr_expect(within());
    caller->process++; /* another process of the same user */
    caller->image[0]++;
    cr_expect(within());
}

/* Like sudo, other set-user-ID programs, and programs that can restore their rights. */
Test(guest_rights, no_user_id_that_the_opener_had_not)
{
    for (int i = 0; i < GUEST_IDS; i++) {
        caller->uids[i] = 0;
        cr_expect_not(within(), "%d", i);
        caller->uids[i] = USER;
        caller->gids[i] = 0;
        cr_expect_not(within(), "group %d", i);
        caller->gids[i] = GROUP;
    }
    cr_expect(within());
}

Test(guest_rights, no_group_that_the_opener_had_not)
{
    caller->groups[0] = 45;
    cr_expect_not(within());
    caller->groups[0] = GROUP; /* the caller's own */
    cr_expect(within());
    caller->groups[0] = 44;
    caller->more_groups = true;
    cr_expect_not(within(), "some that are not looked at");
}

Test(guest_rights, no_capability_that_the_opener_had_not)
{
    caller->capabilities = 1u << CAP_NET_RAW;
    cr_expect_not(within());
    opener->capabilities = 1u << CAP_NET_RAW | 1u << CAP_CHOWN;
    cr_expect(within());
}

Test(guest_rights, in_a_namespace_below_capabilities_are_nothing_more)
{
    caller->user_namespace = NAMESPACE + 1;
    caller->capabilities = UINT64_MAX;
    cr_expect_not(guest_rights_within(caller, opener, false));
    cr_expect(guest_rights_within(caller, opener, true));
    caller->capabilities = 0;
    cr_expect(guest_rights_within(caller, opener, false), "it has none, wherever");
    caller->uids[1] = 0;
    cr_expect_not(guest_rights_within(caller, opener, true));
}

Test(guest_rights, who_can_become_anybody_may_have_done_so)
{
    for (int i = 0; i < GUEST_IDS; i++) {
        opener->uids[i] = opener->gids[i] = 0;
    }
    cr_expect_not(within());
    opener->capabilities = BIT_SETUID;
    cr_expect_not(within(), "but for groups");
    opener->capabilities |= 1 << CAP_SETGID;
    caller->dumpable = false; /* it was root and has given that up, after fork() */
    caller->process++;
    cr_expect(within());
}

/* A set-user-ID program that returned to its caller's ids, or a program whose file its user cannot read. */
Test(guest_rights, not_what_is_not_dumpable)
{
    caller->dumpable = false;
    caller->image[1]++;
    cr_expect_not(within(), "executed since");
    caller->image[1]--;
    cr_expect(within(), "the opener itself");
    caller->image[0]++;
    cr_expect_not(within());
    caller->image[0]--;
    caller->process++;
    cr_expect_not(within(), "another process");
}

/* Who may attach to the caller by ptrace(); here the opener is the debugger. */
#define traceable() guest_rights_may_trace(opener, caller, false)

Test(guest_rights, the_same_user_may_trace)
{
    cr_expect(traceable());
    caller->groups[0]++;
    cr_expect(traceable(), "supplementary groups do not count");
    caller->uids[GUEST_ID_FILES]++;
    cr_expect(traceable(), "nor does the file system's id");
    for (int i = 0; i < GUEST_ID_FILES; i++) {
        caller->uids[i]++;
        cr_expect_not(traceable(), "%d", i);
        caller->uids[i]--;
        caller->gids[i]++;
        cr_expect_not(traceable(), "group %d", i);
        caller->gids[i]--;
    }
    opener->uids[0]++;
    cr_expect_not(traceable(), "a set-user-ID program acts for who executed it");
}

Test(guest_rights, who_can_do_less_may_not_trace)
{
    caller->capabilities = 1u << CAP_NET_RAW;
    cr_expect_not(traceable());
    opener->capabilities = 1u << CAP_NET_RAW | 1u << CAP_CHOWN;
    cr_expect(traceable());
    caller->user_namespace++;
    cr_expect_not(traceable(), "it is another's capability there");
    cr_expect(guest_rights_may_trace(opener, caller, true));
    caller->dumpable = false;
    cr_expect_not(guest_rights_may_trace(opener, caller, true));
}

Test(guest_rights, a_capability_lets_trace_anybody)
{
    opener->capabilities = 1u << CAP_SYS_PTRACE;
    caller->uids[1] = 0;
    caller->capabilities = UINT64_MAX;
    caller->dumpable = false;
    cr_expect(traceable());
    caller->user_namespace++;
    cr_expect_not(traceable());
    cr_expect(guest_rights_may_trace(opener, caller, true));
}

/* --- as the kernel has them ------------------------------------------------------------------- */

GuestRights *rights_of(pid_t pid)
{
    g_autofree char *directory = g_strdup_printf("/proc/%d", pid);

    return guest_rights_read(directory, true);
}

/* Start a child that calls @act and waits. */
static pid_t child_that(void (*act)(void))
{
    int ready[2];
    char byte;

    cr_assert_eq(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        act();
        (void)!write(ready[1], "x", 1);
        pause();
        _exit(1);
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return child;
}

static void end_child(pid_t child)
{
    cr_assert_eq(kill(child, SIGKILL), 0);
    cr_assert_eq(waitpid(child, NULL, 0), child);
}

static void nothing(void)
{
}

static void hide(void)
{
    prctl(PR_SET_DUMPABLE, 0);
}

static void become_a_user(void)
{
    const gid_t groups[] = {44, 7};

    if (setgroups(2, groups) < 0 || setresgid(GROUP, GROUP, GROUP) < 0 ||
        setresuid(USER, USER, USER) < 0) {
        _exit(1);
    }
}

static void become_a_user_to_be_looked_at(void)
{
    become_a_user();
    prctl(PR_SET_DUMPABLE, 1);
}

static void become_a_hidden_user(void)
{
    become_a_user_to_be_looked_at();
    hide();
}

static void enter_a_namespace(void)
{
    become_a_user_to_be_looked_at();
    if (unshare(CLONE_NEWUSER) < 0) {
        prctl(PR_SET_NAME, "no-namespace");
    }
}

Test(guest_rights, of_this_process)
{
    g_autoptr(GuestRights) own = rights_of(getpid());

    cr_assert_not_null(own);
    cr_expect_eq(own->uids[0], getuid());
    cr_expect_eq(own->uids[1], geteuid());
    cr_expect_eq(own->gids[0], getgid());
    cr_expect_neq(own->process, 0);
    cr_expect_neq(own->image[0], 0);
    cr_expect_neq(own->image[1], 0);
    cr_expect(guest_rights_within(own, own, false));
    cr_expect_null(rights_of(-1));
}

Test(guest_rights, of_users)
{
    if (geteuid() != 0) {
        cr_skip_test("changing user ids needs root");
    }
    pid_t plain = child_that(become_a_user_to_be_looked_at);
    pid_t hidden = child_that(become_a_hidden_user);
    pid_t dropped = child_that(become_a_user);
    pid_t root = child_that(nothing);
    g_autoptr(GuestRights) of_plain = rights_of(plain);
    g_autoptr(GuestRights) of_hidden = rights_of(hidden);
    g_autoptr(GuestRights) of_dropped = rights_of(dropped);
    g_autoptr(GuestRights) of_root = rights_of(root);

    cr_expect_eq(of_plain->uids[3], USER);
    cr_expect_eq(of_plain->gids[3], GROUP);
    cr_expect_eq(of_plain->n_groups, 2);
    cr_expect(of_plain->dumpable);
    cr_expect_eq(of_plain->capabilities, 0);
    cr_expect_not(of_hidden->dumpable);
    cr_expect_not(of_dropped->dumpable, "it has given up being root");
    cr_expect(guest_rights_within(of_plain, of_root, false));
    cr_expect(guest_rights_within(of_dropped, of_root, false));
    cr_expect_not(guest_rights_within(of_root, of_plain, false));
    cr_expect_not(guest_rights_within(of_hidden, of_plain, false));
    cr_expect(guest_rights_within(of_hidden, of_hidden, false));
    end_child(plain);
    end_child(hidden);
    end_child(dropped);
    end_child(root);
}

Test(guest_rights, of_a_namespace_below)
{
    if (geteuid() != 0) {
        cr_skip_test("changing user ids needs root");
    }
    pid_t plain = child_that(become_a_user_to_be_looked_at);
    pid_t inner = child_that(enter_a_namespace);
    g_autofree char *directory = g_strdup_printf("/proc/%d", inner);
    g_autofree char *upper = g_strdup_printf("/proc/%d", plain);
    g_autoptr(GuestRights) of_plain = rights_of(plain);
    g_autoptr(GuestRights) of_inner = rights_of(inner);

    if (of_plain->user_namespace == of_inner->user_namespace) {
        end_child(plain);
        end_child(inner);
        cr_skip_test("this machine does not allow user namespaces");
    }
    cr_expect(guest_rights_below(directory, of_plain->user_namespace));
    cr_expect_not(guest_rights_below(upper, of_inner->user_namespace));
    cr_expect_not(guest_rights_below(upper, of_plain->user_namespace), "it is the same");
    cr_expect_neq(of_inner->capabilities, 0);
    cr_expect(guest_rights_within(of_inner, of_plain, true));
    cr_expect(guest_rights_within(of_plain, of_inner, false), "it opened inside");
    end_child(plain);
    end_child(inner);
}
