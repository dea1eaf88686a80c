/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks that nvcuse puts into a container (see oci-edit.h), as run by the container's runtime. */
#pragma once

#include <glib.h>

#include "cuse-server/oci/runtime/seccomp-socket.h"

/**
 * oci_hook_main: run one.
 * @args: the words after OCI_HOOK_WORD:
 *     view INSTANCE BUNDLE ROOTFS   attach the instance's nodes and /proc to the container
 *     stop INSTANCE PID             the container is gone: end the instance, wait until it has
 *     cdi NAME                      a CDI device of ours in a container of another runtime: fail
 * Returns: the exit code; what went wrong has been said on standard error.
 */
int oci_hook_main(char **args);

/**
 * oci_hook_view: ask an instance for its view (see seccomp-socket.h).
 * @files: set to the files, which the caller closes
 * Returns: the names of its nodes, joined by commas; the caller frees it. NULL with @error.
 */
char *oci_hook_view(const char *instance, int files[SECCOMP_SOCKET_VIEW_FILES], GError **error);
