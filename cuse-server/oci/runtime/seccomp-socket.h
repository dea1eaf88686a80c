/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Serves the socket on which a container's runtime hands over the container's seccomp listener.
 * linux.seccomp.listenerPath names the socket. For each process that enters the container, the runtime connects once
 * and sends a "container process state" (OCI runtime specification, config-linux, "The container process state"),
 * with the listener among its files.
 *
 * The container's hooks also connect here. They send {"nvcuse": "view"} or {"nvcuse": "stop"}.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include <glib.h>

typedef struct SeccompSocket SeccompSocket;

/** SECCOMP_SOCKET_VIEW_FILES: the number of files in an answer to a view hook. */
enum { SECCOMP_SOCKET_VIEW_FILES = 2 };

/**
 * SeccompSocketOps: functions for what may come.
 * @listener: a listener came, with SeccompState.process. The function owns @fd
 * @view: a hook asks for what it attaches to the container (see oci-hook.h). Fill in @fds, which stay the instance's,
 *     and return the names of the nodes as container_node_names() does. Return NULL if there is no view to give,
 *     or no longer
 * @stop: a hook reports that the container is gone
 * @idle: the last connected peer has gone
 */
typedef struct {
    void (*listener)(int fd, pid_t process, gpointer data);
    char *(*view)(int fds[SECCOMP_SOCKET_VIEW_FILES], gpointer data);
    void (*stop)(gpointer data);
    void (*idle)(gpointer data);
} SeccompSocketOps;

/**
 * seccomp_socket_new: listen on /run/nvcuse/INSTANCE.sock, mode 0600, from the default main loop. Replaces a socket
 * that a killed instance of this name left there. A peer may take any time: crun connects when it creates a
 * container, and sends the listener when it starts the container.
 */
SeccompSocket *seccomp_socket_new(const char *instance, const SeccompSocketOps *ops, gpointer data,
                                  GError **error);

/** seccomp_socket_has_peers: is a peer connected that has not sent its whole message yet? */
bool seccomp_socket_has_peers(const SeccompSocket *socket);

/** seccomp_socket_of: the path of an instance's socket; the caller frees it. */
char *seccomp_socket_of(const char *instance);

/** seccomp_socket_path: the path on which the socket listens. */
const char *seccomp_socket_path(const SeccompSocket *socket);

/** seccomp_socket_free: stop listening and remove the socket. */
void seccomp_socket_free(SeccompSocket *socket);

/**
 * SeccompState: the contents of a container process state.
 * @listener: index of the listener among the files that came with the state: the index of "seccompFd" in its "fds"
 * @process: pid of the process that is under the filter, as the runtime numbers it; 0 if the state does not give one
 */
typedef struct {
    unsigned listener;
    pid_t process;
} SeccompState;

/** seccomp_state_read: parse a state. Returns false with @error if the text is not a state, or lists no listener. */
bool seccomp_state_read(const char *json, gssize length, SeccompState *state, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(SeccompSocket, seccomp_socket_free)
