/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which processes are the instance's guests: looked up whenever something is done to one, since the
 * worker that names it may be an attacker's.
 *
 * A process is known to be a guest by what no worker has a hand in: it made a call that the
 * container's seccomp listener delivered. From then on every process of its pid namespace, or of one
 * below it, is a guest. A container that shares the broker's pid namespace is told by its control
 * group instead; if it shares that as well, it has no wall to recognise it by, and whoever is in that
 * control group counts.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

#include <linux/seccomp.h>

/**
 * GuestHome: where a thread lives.
 * @fd: its pid namespace, kept open so that no other can get its number
 * @pid_namespace: the namespace's inode
 * @cgroup: the path of its control group, or NULL
 */
typedef struct {
    int fd;
    ino_t pid_namespace;
    char *cgroup;
} GuestHome;

typedef struct GuestMembers GuestMembers;

GuestMembers *guest_members_new(void);
void guest_members_free(GuestMembers *members);

/* Pid namespaces nest no deeper: MAX_PID_NS_LEVEL, include/linux/pid_namespace.h, and the first. */
enum { PID_NAMESPACE_LEVELS_MAX = 33 };

/** guest_home_find: look where a thread lives. Returns false if it is no more. */
bool guest_home_find(pid_t tid, GuestHome *home);
void guest_home_clear(GuestHome *home);

/**
 * guest_members_know: whether all that live in a thread's pid namespace are guests already, so that guest_home_find() and
 * guest_members_add() would change nothing. Takes one look. False: it may be so all the same.
 */
bool guest_members_know(GuestMembers *members, pid_t tid);

/**
 * guest_members_add: whoever lives there is a guest from now on. The caller has seen that the thread
 * @home was found by still waited for the listener afterwards. @home is taken over, and cleared.
 */
void guest_members_add(GuestMembers *members, GuestHome *home);

/**
 * guest_members_admit: see that a caller is a guest from now on, if it still waits: then what was read of it was its own.
 * @listener, @notif: what it waits for
 * Returns: false if it waits no more, or we are short of descriptors.
 */
bool guest_members_admit(GuestMembers *members, int listener, const struct seccomp_notif *notif);

/**
 * guest_members_have: whether a thread is a guest's now. Hold on to the process (a pidfd, a trace)
 * before asking, and see that it still lives afterwards; else the answer may be about another.
 */
bool guest_members_have(GuestMembers *members, pid_t tid);

/** guest_members_share_namespace: is the pid namespace of @tid the one @levels above that of @other? */
bool guest_members_share_namespace(pid_t tid, pid_t other, unsigned levels);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GuestHome, guest_home_clear)
