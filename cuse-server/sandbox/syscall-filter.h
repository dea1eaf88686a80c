/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last stage of locking up: a seccomp filter with the system calls that a process may still
 * make. Any other call kills the process.
 *
 * Each source file declares the calls that its code needs, in a comment beside that code:
 *
 *     #syscalls:worker close epoll_wait
 *     #syscalls:broker ptrace
 *
 * The build collects these declarations (sandbox/syscall-declarations). If the arguments of a call
 * decide how dangerous it is, syscall-filter.c has rules for its arguments: memory is never
 * executable, and clone() makes only threads. ioctl() is allowed for a list of command words that
 * the caller supplies. tests/syscalls compares the declarations with the calls that the sources
 * make.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>

#include "abi/ioctl-word.h"

/** SyscallProcess: the process that is filtered. */
typedef enum { SYSCALLS_WORKER, SYSCALLS_BROKER } SyscallProcess;

/**
 * SyscallPolicy: the inputs of a filter besides the declarations.
 * @ioctls, @n_ioctls: the allowed command words
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
 * syscall_filter_text: (transfer full): describe the filter in words. Each allowed call has a line
 * with its name and the source files that declare it. A line for each rule about its arguments
 * follows.
 */
char *syscall_filter_text(const SyscallPolicy *policy);
