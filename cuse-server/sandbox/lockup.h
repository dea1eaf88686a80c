/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the worker give up everything that it does not need, in stages. Each stage states its reason.
 *
 * The first reason is the driver's own: it grants its administrator level to every task that issues an ioctl with
 * CAP_SYS_ADMIN (kernel-open/nvidia/nv.c, NV_IS_SUSER). A worker that kept this capability would make every guest an
 * administrator.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

/** LockupIdentity: the user and group that the worker becomes. */
typedef struct {
    uid_t uid;
    gid_t gid;
} LockupIdentity;

/**
 * lockup_find_identity: find the user for the server of /proc: "nvcuse" where it exists (udev/nvcuse.sysusers makes
 * it), "nobody" otherwise. Reads the user database, so call it before lockup_worker().
 */
bool lockup_find_identity(LockupIdentity *identity, GError **error);

/**
 * LockupNeeds: what the process still needs after the lockup.
 * @files: the most descriptors that it may have
 * @directories: it opens files below directories that it holds open. Landlock would forbid that, so it is left out
 */
typedef struct {
    unsigned files;
    bool directories;
} LockupNeeds;

/**
 * lockup_worker: enter the sandbox, for good. Call it with one thread, and with every needed file open. The filter of
 * system calls (syscall-filter.h) is a separate stage, which the caller adds.
 * Returns: false with @error if a stage failed, or if the result is not what was asked for. The caller must then end
 * the process.
 */
bool lockup_worker(const LockupIdentity *identity, const LockupNeeds *needs, GError **error);

/**
 * lockup_assert: check the state of the process as the kernel reports it.
 * @proc_self_status: /proc/self/status, opened before locking up
 *
 * Returns: false with @error if a capability or supplementary group is left, if a user id is not @identity's, or if
 * no_new_privs is not set.
 */
bool lockup_assert(int proc_self_status, const LockupIdentity *identity, GError **error);
