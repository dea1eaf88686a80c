/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a container's runtime hands over the container's seccomp listener: the socket that
 * linux.seccomp.listenerPath names. Each process that enters a container connects once and sends a
 * "container process state" (OCI runtime specification, config-linux, "The container process
 * state") with the listener among its files.
 */
#pragma once

#include <glib.h>

typedef struct SeccompSocket SeccompSocket;

/** SeccompSocketFunc: a listener came; @fd is owned by the function. */
typedef void (*SeccompSocketFunc)(int fd, gpointer data);

/**
 * seccomp_socket_new: listen on /run/nvcuse/INSTANCE.sock, mode 0600, from the default main loop. A
 * socket that a killed instance of this name left there is replaced.
 */
SeccompSocket *seccomp_socket_new(const char *instance, SeccompSocketFunc func, gpointer data,
                                  GError **error);

/** seccomp_socket_path: where it listens. */
const char *seccomp_socket_path(const SeccompSocket *socket);

/** seccomp_socket_free: stop listening and remove the socket. */
void seccomp_socket_free(SeccompSocket *socket);

/**
 * seccomp_state_listener: which of the files that came with a state is the listener: the index of
 * "seccompFd" in its "fds", or -1 with @error set.
 */
int seccomp_state_listener(const char *json, gssize length, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SeccompSocket, seccomp_socket_free)
