/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a container's runtime hands over the container's seccomp listener: the socket that
 * linux.seccomp.listenerPath names. Each process that enters a container connects once and sends a
 * "container process state" (OCI runtime specification, config-linux, "The container process
 * state") with the listener among its files.
 *
 * The container's hooks connect here as well, with {"nvcuse": "view"} or {"nvcuse": "stop"}.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

typedef struct SeccompSocket SeccompSocket;

/** SECCOMP_SOCKET_VIEW_FILES: how many files an answer to a hook carries. */
enum { SECCOMP_SOCKET_VIEW_FILES = 2 };

/**
 * SeccompSocketOps: what may come.
 * @listener: a listener, and SeccompState.process; @fd is owned by the function
 * @view: a hook asks for what it attaches to the container (see oci-hook.h): fill in @fds, which
 *     stay ours, and return the names of the nodes, joined by commas, newly allocated. NULL: there
 *     is no view to give (any more)
 * @stop: a hook says that the container is gone
 * @idle: a peer has gone, and none is left
 */
typedef struct {
    void (*listener)(int fd, pid_t process, gpointer data);
    char *(*view)(int fds[SECCOMP_SOCKET_VIEW_FILES], gpointer data);
    void (*stop)(gpointer data);
    void (*idle)(gpointer data);
} SeccompSocketOps;

/**
 * seccomp_socket_new: listen on /run/nvcuse/INSTANCE.sock, mode 0600, from the default main loop. A
 * socket that a killed instance of this name left there is replaced. A peer may take any time: crun
 * connects when it creates a container, and sends the listener when it starts it.
 */
SeccompSocket *seccomp_socket_new(const char *instance, const SeccompSocketOps *ops, gpointer data,
                                  GError **error);

/** seccomp_socket_has_peers: is somebody connected who has not said anything yet? */
bool seccomp_socket_has_peers(const SeccompSocket *socket);

/** seccomp_socket_of: the path of an instance's socket; the caller frees it. */
char *seccomp_socket_of(const char *instance);

/** seccomp_socket_path: where it listens. */
const char *seccomp_socket_path(const SeccompSocket *socket);

/** seccomp_socket_free: stop listening and remove the socket. */
void seccomp_socket_free(SeccompSocket *socket);

/**
 * SeccompState: what a state says.
 * @listener: which of the files that came with it is the listener: the index of "seccompFd" in its "fds"
 * @process: the process that is under the filter, as the runtime numbers it; 0: it does not say
 */
typedef struct {
    unsigned listener;
    pid_t process;
} SeccompState;

/** seccomp_state_read: false with @error if it is none, or lists no listener. */
bool seccomp_state_read(const char *json, gssize length, SeccompState *state, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SeccompSocket, seccomp_socket_free)
