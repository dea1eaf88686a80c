/* SPDX-License-Identifier: Apache-2.0 */
/* An instance for one container, started by the process that becomes the container's runtime. */
#pragma once

#include <stdbool.h>

#include <glib.h>

/** container_instance_name: a name for a container's instance: the container's own as far as it
 * goes, and a mark of its bundle, since every engine has names of its own. The caller frees it. */
char *container_instance_name(const char *id, const char *bundle);

/**
 * container_instance_start: run `nvcuse serve` and wait until it is ready. It ends by itself (see
 * container-life.h).
 * @program: this executable
 * @pid: set to its process
 * @options: more of its options, NULL-terminated
 * @error: what it said, if it did not come to be ready
 */
bool container_instance_start(const char *program, const char *name, const char *bundle,
                              const char *const *options, GPid *pid, GError **error);
