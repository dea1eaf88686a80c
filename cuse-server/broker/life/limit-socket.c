/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/broker/life/limit-socket.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#include "cuse-server/base/close-if-open.h"
#include "cuse-server/base/listen-at.h"
#include "cuse-server/wire/seqpacket.h"

/* #syscalls:broker accept4 getsockopt unlink close */

enum {
    CONNECTIONS_MAX = 4,
    PEER_TIMEOUT_SECONDS = 5,
};

struct LimitSocket {
    char *path;
    LimitSocketFunc func;
    gpointer data;
    int fd;
    guint source;
    GPtrArray *connections;
};

/* A connection whose request is awaited. @roots: root is at its other end */
typedef struct {
    LimitSocket *socket;
    int fd;
    bool roots;
    guint source;
    guint timeout;
} Connection;

static void connection_free(gpointer data)
{
    Connection *connection = data;

    g_source_remove(connection->source);
    g_source_remove(connection->timeout);
    close(connection->fd);
    g_free(connection);
}

static void drop(Connection *connection)
{
    g_ptr_array_remove_fast(connection->socket->connections, connection);
}

static gboolean on_timeout(gpointer data)
{
    drop(data);
    return G_SOURCE_CONTINUE; /* removed already */
}

/* Reply without waiting: there is room for the only reply. If the client has gone, nobody misses it. */
static void reply_to(int fd, LimitReply reply)
{
    (void)!seqpacket_send_now(fd, &reply, sizeof reply, -1);
}

static LimitReply answer(const Connection *connection, const LimitRequest *request)
{
    return connection->roots ? connection->socket->func(request, connection->socket->data)
                             : (LimitReply){.result = LIMIT_NOT_ROOT};
}

/* Take the request before anything else, also that of another user: a reply is lost if the socket is closed with a request in it. */
static gboolean on_request(gint fd, GIOCondition condition, gpointer data)
{
    Connection *connection = data;
    LimitRequest request;
    int file = -1;
    const SeqpacketResult result = seqpacket_receive(fd, &request, sizeof request, &file);

    (void)condition;
    close_if_open(file); /* a request carries no file */
    if (result == SEQPACKET_NOTHING) {
        return G_SOURCE_CONTINUE;
    }
    reply_to(fd, result == SEQPACKET_MESSAGE ? answer(connection, &request)
                                             : (LimitReply){.result = LIMIT_INVALID});
    drop(connection);
    return G_SOURCE_CONTINUE; /* removed already */
}

/* Tell whether root is at the other end of a connection. */
static bool is_roots(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid == 0;
}

static void take_connection(LimitSocket *socket, int fd)
{
    Connection *connection = g_new0(Connection, 1);

    connection->socket = socket;
    connection->fd = fd;
    connection->roots = is_roots(fd);
    connection->source = g_unix_fd_add(fd, G_IO_IN, on_request, connection);
    connection->timeout = g_timeout_add_seconds(PEER_TIMEOUT_SECONDS, on_timeout, connection);
    g_ptr_array_add(socket->connections, connection);
}

static gboolean on_incoming(gint fd, GIOCondition condition, gpointer data)
{
    LimitSocket *socket = data;
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)condition;
    if (peer >= 0 && socket->connections->len < CONNECTIONS_MAX) {
        take_connection(socket, peer);
    } else {
        close_if_open(peer);
    }
    return G_SOURCE_CONTINUE;
}

LimitSocket *limit_socket_new(const char *path, LimitSocketFunc func, gpointer data, GError **error)
{
    const int fd = listen_at(path, SOCK_SEQPACKET, CONNECTIONS_MAX, error);

    if (fd < 0) {
        return NULL;
    }
    LimitSocket *socket = g_new(LimitSocket, 1);
    *socket = (LimitSocket){
        .path = g_strdup(path),
        .func = func,
        .data = data,
        .fd = fd,
        .connections = g_ptr_array_new_with_free_func(connection_free),
    };
    socket->source = g_unix_fd_add(fd, G_IO_IN, on_incoming, socket);
    return socket;
}

void limit_socket_free(LimitSocket *socket)
{
    g_ptr_array_unref(socket->connections);
    g_source_remove(socket->source);
    unlink(socket->path);
    close(socket->fd);
    g_free(socket->path);
    g_free(socket);
}
