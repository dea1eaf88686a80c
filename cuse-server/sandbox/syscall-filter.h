/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last stage of locking up: the system calls that a process may still make, as a seccomp filter
 * that kills it for any other.
 *
 * What is allowed is written beside the code that needs it, in a comment of each source file:
 *
 *     #syscalls:worker close epoll_wait
 *     #syscalls:broker ptrace
 *
 * The build collects these declarations (sandbox/syscall-declarations). Calls whose arguments decide
 * how dangerous they are have rules for the arguments in syscall-filter.c: memory is never
 * executable, clone() makes threads and nothing else. ioctl() is allowed for a list of command words
 * that the caller brings. tests/syscalls holds the declarations against what the sources call.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

#include "abi/ioctl-word.h"

/** SyscallProcess: who is filtered. */
typedef enum { SYSCALLS_WORKER, SYSCALLS_BROKER } SyscallProcess;

/**
 * SyscallPolicy: what a filter is made of, besides the declarations.
 * @ioctls, @n_ioctls: the command words allowed
 */
typedef struct {
    SyscallProcess process;
    const IoctlWord *ioctls;
    size_t n_ioctls;
} SyscallPolicy;

/**
 * syscall_filter_install: put every thread of the calling process, and all that they start, under
 * the filter, for good. Needs no_new_privs.
 */
bool syscall_filter_install(const SyscallPolicy *policy, GError **error);

/**
 * syscall_filter_text: (transfer full): the filter in words, a line for each rule: what, of which
 * arguments, on behalf of which sources.
 */
char *syscall_filter_text(const SyscallPolicy *policy);
