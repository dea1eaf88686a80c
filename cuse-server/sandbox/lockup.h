/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the worker gives up everything it does not need, in stages, each with its reason.
 *
 * The first reason is the driver's own: it grants its administrator level to whichever task issues
 * an ioctl with CAP_SYS_ADMIN (kernel-open/nvidia/nv.c, NV_IS_SUSER). A worker that kept it would
 * make an administrator of every guest.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

/** LockupIdentity: who the worker becomes. */
typedef struct {
    uid_t uid;
    gid_t gid;
} LockupIdentity;

/**
 * lockup_find_identity: the user for the server of /proc: "nvcuse" where it exists (udev/nvcuse.sysusers makes
 * it), "nobody" otherwise. Reads the user database, so it comes first.
 */
bool lockup_find_identity(LockupIdentity *identity, GError **error);

/**
 * LockupNeeds: what the process goes on needing.
 * @files: the most descriptors that it may have
 * @directories: it opens files below directories that it holds open; Landlock would forbid that
 */
typedef struct {
    unsigned files;
    bool directories;
} LockupNeeds;

/**
 * lockup_worker: enter the sandbox, for good. Call it with one thread and every needed file open.
 * The filter of system calls (syscall-filter.h) is a stage of its own, for the caller to add.
 * Returns: false with @error if any stage failed or the result is not what was asked for; the
 * caller must end the process then.
 */
bool lockup_worker(const LockupIdentity *identity, const LockupNeeds *needs, GError **error);

/**
 * lockup_assert: look at the process as the kernel sees it.
 * @proc_self_status: /proc/self/status, opened before locking up
 *
 * Returns: false with @error if any capability, group or privilege is left.
 */
bool lockup_assert(int proc_self_status, const LockupIdentity *identity, GError **error);
