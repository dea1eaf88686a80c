/* SPDX-License-Identifier: Apache-2.0 */
/* Start the worker's program: this executable again, as nothing but a worker. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <glib.h>

/**
 * worker_spawn: execute the worker, in a process that shares nothing with this one: an address space of its
 * own, an environment that is empty, a pid namespace in which it is alone, and these files only. (The
 * driver shows the processes of its caller's pid namespace.)
 * @spec: descriptor of the specification, which names the others (wire/worker-spec.h)
 * @keep: @n descriptors that the worker has under the same numbers; -1 is left out. Besides, it has
 * standard error, and /dev/null as standard input and output.
 * @pidfd: set to the worker's pidfd, which the caller owns
 *
 * Returns: the worker's number, as this process sees it; -1 with @error if there is none. If the
 * program cannot be executed it says so on standard error and ends with exit status 127.
 */
pid_t worker_spawn(int spec, const int *keep, size_t n, int *pidfd, GError **error);

/** worker_environment: the environment for it, ending with NULL. */
char **worker_environment(void);
