/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program may do, and whether another that uses its file may do more.
 *
 * The memory of a program that calls on a guest's file is given to the worker, which may have fallen. That is
 * what the program that opened the file has agreed to by opening it, for itself; the file may have come to
 * another since: by exec() of a set-user-ID program or one with capabilities, by SCM_RIGHTS, by fork(). So
 * the memory of a caller is given out only if
 *
 *  - none of its user and group ids is one that the opener had not, unless the opener could take any
 *    (CAP_SETUID, CAP_SETGID);
 *  - it has no capability that the opener had not, in the same user namespace; one of a namespace below has
 *    any that it likes there, and none over what the opener had;
 *  - it is dumpable. A set-user-ID program that went back to its caller's ids is not, nor is one
 *    whose file cannot be read: their memory holds what the caller's user may not see.
 *
 * A program that is not dumpable may be itself the opener: one that gave up being root, or does not want to be
 * looked at. Its memory is given out if it is the process that opened the file, and has executed nothing since; or
 * if the opener could have become it (CAP_SETUID), as the servers that open as root, fork and give up root.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <glib.h>

enum { GUEST_IDS = 4, GUEST_ID_FILES = 3, GUEST_GROUPS_MAX = 1024 };

/**
 * GuestRights: of one thread at one moment. Reference counted.
 * @uids, @gids: real, effective, saved, of file systems; as the broker's user namespace has them
 * @capabilities: permitted
 * @user_namespace: its inode; what capabilities are of
 * @dumpable: whether others of the same user may look at its memory; true if root's cannot be told
 * @process: as GuestProcess has it
 * @image: where its code and its stack begin: other places after exec()
 * @groups, @n_groups: supplementary groups, in order; those beyond GUEST_GROUPS_MAX are left out, as if no opener had them
 * @more_groups: there are such
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
 * GuestImage: which program a thread is in.
 * @start: when the thread was started
 * @image: as in GuestRights
 */
typedef struct {
    uint64_t start;
    uint64_t image[2];
} GuestImage;

/** guest_image_read: of a thread. @directory: as below. Returns false if it is no more. */
bool guest_image_read(const char *directory, GuestImage *image);

/**
 * guest_rights_read: (transfer full): of a thread.
 * @directory: "/proc/TID", or a path to it that stays the thread's
 * @whole: also what of many a caller nobody looks at: @user_namespace of one without capabilities, @process and
 * @image of one that is dumpable
 * Returns: NULL if it is no more.
 */
GuestRights *guest_rights_read(const char *directory, bool whole);

void guest_rights_unref(GuestRights *rights);

/**
 * guest_rights_within: may a caller's memory be given out for a file of this opener?
 * @below: the caller's user namespace is one below the opener's
 */
bool guest_rights_within(const GuestRights *caller, const GuestRights *opener, bool below);

/**
 * guest_rights_may_trace: may a thread attach to another by ptrace(), as far as ids and capabilities say? The kernel also
 * asks its security modules, and has the last word.
 * @tracer, @target: read whole
 * @below: the target's user namespace is one below the tracer's
 * Source: kernel/ptrace.c, __ptrace_may_access(); security/commoncap.c, cap_ptrace_access_check()
 */
bool guest_rights_may_trace(const GuestRights *tracer, const GuestRights *target, bool below);

/** guest_rights_below: is a thread's user namespace one below another, that has this inode? */
bool guest_rights_below(const char *directory, ino_t user_namespace);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(GuestRights, guest_rights_unref)
