/* SPDX-License-Identifier: Apache-2.0 */
/* Starts an instance for one container. The process that calls this becomes the container's runtime
 * later. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** container_instance_name: make a name for a container's instance. It consists of the beginning of
 * the container's name and a hash over the bundle and that name: different engines may use the same
 * name for different containers. The caller frees it. */
char *container_instance_name(const char *id, const char *bundle);

/**
 * container_instance_start: run `nvcuse serve` and wait until it is ready. The instance ends by
 * itself (see container-life.h).
 * @program: this executable
 * @options: additional options for `nvcuse serve`, NULL-terminated
 * @pid: set to the instance's process
 * @error: the instance's last message, if it did not become ready
 */
bool container_instance_start(const char *program, const char *name, const char *bundle,
                              const char *const *options, GPid *pid, GError **error);
