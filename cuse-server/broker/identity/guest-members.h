/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells which processes are the instance's guests. The broker checks this whenever it does something to a process, since
 * the worker that names the process may be under an attacker's control.
 *
 * A process proves to be a guest in a way that no worker can influence: it makes a call that the container's seccomp
 * listener delivers. From then on, every process of its pid namespace, or of one below it, is a guest. If a container shares
 * the broker's pid namespace, the broker recognises it by its control group instead. If it shares the control group as
 * well, nothing separates it from other processes, and every process in that control group counts as a guest.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

#include <linux/seccomp.h>

/**
 * GuestHome: a thread's pid namespace and control group.
 * @fd: the pid namespace, kept open so that no other namespace can get its inode
 * @pid_namespace: the namespace's inode
 * @cgroup: the path of the thread's control group, or NULL
 */
typedef struct {
    int fd;
    ino_t pid_namespace;
    char *cgroup;
} GuestHome;

typedef struct GuestMembers GuestMembers;

GuestMembers *guest_members_new(void);
void guest_members_free(GuestMembers *members);

/* The deepest nesting of pid namespaces: MAX_PID_NS_LEVEL (include/linux/pid_namespace.h), and the first namespace. */
enum { PID_NAMESPACE_LEVELS_MAX = 33 };

/** guest_home_find: find a thread's home. Returns false if the thread does not exist any more. */
bool guest_home_find(pid_t tid, GuestHome *home);
void guest_home_clear(GuestHome *home);

/**
 * guest_members_know: are all processes of the thread's pid namespace known as guests already? Then guest_home_find() and
 * guest_members_add() would not change anything. This is a quick check of one file: the processes may be guests even if it
 * returns false.
 */
bool guest_members_know(GuestMembers *members, pid_t tid);

/**
 * guest_members_add: make every process of @home a guest from now on. Before, the caller must have seen that the thread by
 * which it found @home still waited at the listener afterwards. Takes over the content of @home, and clears it.
 */
void guest_members_add(GuestMembers *members, GuestHome *home);

/**
 * guest_members_admit: make a caller a guest from now on, if it still waits: then what was read of it before is its own.
 * @listener, @notif: the notification that the caller waits in
 * Returns: false if the caller does not wait any more, or the broker is short of descriptors.
 */
bool guest_members_admit(GuestMembers *members, int listener, const struct seccomp_notif *notif);

/**
 * guest_members_have: is the thread a guest's now? The caller must hold on to the process (a pidfd, a trace) before it
 * asks, and check afterwards that the process still lives. Otherwise the answer may be about another process.
 */
bool guest_members_have(GuestMembers *members, pid_t tid);

/** guest_members_share_namespace: is the pid namespace of @tid the one that is @levels above that of @other? */
bool guest_members_share_namespace(pid_t tid, pid_t other, unsigned levels);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GuestHome, guest_home_clear)
