/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the worker's program: this executable again, as a worker only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <glib.h>

/**
 * worker_spawn: execute the worker in a process that shares nothing with this one. The worker gets its own address space,
 * an empty environment (worker_environment()), a pid namespace in which it is alone, and only the files below. (It gets its
 * own pid namespace because the driver shows the processes of its caller's pid namespace.)
 * @spec: a descriptor of the specification, which names the other descriptors (wire/worker-spec.h)
 * @keep: @n descriptors that the worker gets under the same numbers; entries of -1 are left out. In addition, the worker gets
 *     standard error, and /dev/null as standard input and output.
 * @pidfd: set to the worker's pidfd, which the caller owns
 *
 * Returns: the worker's pid, as the calling process sees it; -1 with @error if no process could be started. If the
 * program cannot be executed, the child says so on standard error and ends with exit status 127.
 */
pid_t worker_spawn(int spec, const int *keep, size_t n, int *pidfd, GError **error);

/** worker_environment: return the worker's environment, which ends with NULL. It belongs to the function. */
char **worker_environment(void);
