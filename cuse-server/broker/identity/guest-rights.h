/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the rights of the program that opened a file with the rights of another program that uses the file.
 *
 * When a program makes a call on a guest's file, the worker, which may have fallen, gets the program's memory. The program
 * that opened the file has agreed to that for itself, by opening the file. But another program may have got the file since:
 * by exec() of a set-user-ID program or of one with capabilities, by SCM_RIGHTS, or by fork(). So the broker gives out the
 * memory of a caller only if
 *
 *  - the opener had all of the caller's user and group ids, or could take any (CAP_SETUID, CAP_SETGID);
 *  - the opener had all of the caller's capabilities, if both are in the same user namespace. A caller in a user namespace
 *    below the opener's may have any capabilities there: they do not give it power over what the opener had;
 *  - the caller is dumpable. A set-user-ID program that went back to its caller's ids is not dumpable, nor is a program
 *    whose file cannot be read: their memory holds data that the caller's user may not see.
 *
 * The opener itself may be a program that is not dumpable: it gave up being root, or does not want others to look at it. So
 * the broker gives out the memory of a caller that is not dumpable in two cases: the caller is the process that opened the
 * file, and has not executed another program since; or the opener could have become the caller (CAP_SETUID), like servers
 * that open the file as root, fork and give up root.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

enum { GUEST_IDS = 4, GUEST_ID_FILES = 3, GUEST_GROUPS_MAX = 1024 };

/**
 * GuestRights: the rights of one thread at one moment. Reference counted.
 * @uids, @gids: real, effective, saved and file system ids, as numbered in the broker's user namespace
 * @capabilities: the permitted capabilities
 * @user_namespace: inode of the user namespace in which the capabilities hold
 * @dumpable: may other processes of the same user look at the thread's memory? Also true if the thread's effective user is
 *     root, for which the broker cannot tell
 * @process: GuestProcess.id of the thread's process
 * @image: addresses where the code and the stack begin; they differ after exec()
 * @groups, @n_groups: supplementary groups, in order; groups beyond GUEST_GROUPS_MAX are left out, as if no opener had them
 * @more_groups: whether groups are left out
 */
typedef struct {
    uint32_t uids[GUEST_IDS];
    uint32_t gids[GUEST_IDS];
    uint64_t capabilities;
    ino_t user_namespace;
    bool dumpable;
    bool more_groups;
    uint64_t process;
    uint64_t image[2];
    unsigned n_groups;
    uint32_t groups[];
} GuestRights;

/**
 * GuestImage: identifies the program that a thread runs.
 * @start: the time when the thread was started, in clock ticks
 * @image: as in GuestRights
 */
typedef struct {
    uint64_t start;
    uint64_t image[2];
} GuestImage;

/** guest_image_read: read a thread's image. @directory: as for guest_rights_read(). Returns false if the thread does not exist
 * any more. */
bool guest_image_read(const char *directory, GuestImage *image);

/**
 * guest_rights_read: read a thread's rights.
 * @directory: "/proc/TID", or another path to that directory which never leads to a later thread
 * @whole: also read what is not needed for many callers: @user_namespace of a thread without capabilities, and @process and
 *     @image of a thread that is dumpable
 * Returns: (transfer full): the rights, or NULL if the thread does not exist any more.
 */
GuestRights *guest_rights_read(const char *directory, bool whole);

void guest_rights_unref(GuestRights *rights);

/**
 * guest_rights_within: may the caller's memory be given out for a file that @opener opened?
 * @below: whether the caller's user namespace is below the opener's
 */
bool guest_rights_within(const GuestRights *caller, const GuestRights *opener, bool below);

/**
 * guest_rights_may_trace: may a thread attach to another by ptrace(), as far as ids and capabilities tell? The kernel also
 * asks its security modules, and has the last word.
 * @tracer, @target: read with @whole set
 * @below: whether the target's user namespace is below the tracer's
 * Source: kernel/ptrace.c, __ptrace_may_access(); security/commoncap.c, cap_ptrace_access_check()
 */
bool guest_rights_may_trace(const GuestRights *tracer, const GuestRights *target, bool below);

/** guest_rights_below: is the thread's user namespace below the one with the inode @user_namespace, at any depth? @directory:
 * as for guest_rights_read() */
bool guest_rights_below(const char *directory, ino_t user_namespace);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestRights, guest_rights_unref)
