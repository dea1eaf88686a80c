/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the hooks that nvcuse puts into a container (see oci-edit.h). The container's runtime starts
 * them. */
#pragma once

#include <glib.h>

#include "cuse-server/oci/runtime/seccomp-socket.h"

/**
 * oci_hook_main: run one hook.
 * @args: the words after OCI_HOOK_WORD:
 *     view INSTANCE BUNDLE ROOTFS   attach the instance's nodes and /proc to the container
 *     stop INSTANCE PID             the container has ended: end the instance, and wait for its end
 *     cdi NAME                      a CDI device of ours in a container of another runtime: fail
 * Returns: the exit code. An error has been written to standard error.
 */
int oci_hook_main(char **args);

/**
 * oci_hook_view: ask an instance for its view (see seccomp-socket.h).
 * @files: set to the files, which the caller closes
 * Returns: the names of the instance's nodes, as container_node_names() returns them, or NULL with @error. The caller
 * frees them.
 */
char *oci_hook_view(const char *instance, int files[SECCOMP_SOCKET_VIEW_FILES], GError **error);
