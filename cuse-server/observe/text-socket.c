/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/observe/text-socket.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib-unix.h>

#include "cuse-server/base/listen-at.h"

/* #syscalls:broker accept4 recvfrom sendto unlink close */

enum {
    CONNECTIONS_MAX = 8,
    PEER_TIMEOUT_SECONDS = 5,
    REQUEST_BYTES = 4096,
};

struct TextSocket {
    char *path;
    const char *content_type;
    TextSocketFunc func;
    gpointer data;
    int fd;
    guint source;
    GPtrArray *connections;
};

/* A connection of a client. While the request is awaited, @answer is NULL. Then @answer is being sent. */
typedef struct {
    TextSocket *socket;
    int fd;
    guint source;
    guint timeout;
    char *answer;
    size_t length;
    size_t sent;
} Connection;

static void connection_free(gpointer data)
{
    Connection *connection = data;

    g_source_remove(connection->source);
    g_source_remove(connection->timeout);
    close(connection->fd);
    g_free(connection->answer);
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

static gboolean on_writable(gint fd, GIOCondition condition, gpointer data)
{
    Connection *connection = data;
    ssize_t n = send(fd, connection->answer + connection->sent,
                     connection->length - connection->sent, MSG_NOSIGNAL);

    (void)condition;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return G_SOURCE_CONTINUE;
    }
    connection->sent += n > 0 ? (size_t)n : 0;
    if (n < 0 || connection->sent == connection->length) {
        drop(connection);
    }
    return G_SOURCE_CONTINUE;
}

static char *make_answer(const TextSocket *socket, bool http)
{
    g_autofree char *text = socket->func(socket->data);

    if (!http) {
        return g_steal_pointer(&text);
    }
    return g_strdup_printf("HTTP/1.0 200 OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                           socket->content_type, strlen(text), text);
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
    Connection *connection = data;
    char request[REQUEST_BYTES];
    ssize_t n = recv(fd, request, sizeof request, 0);

    (void)condition;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return G_SOURCE_CONTINUE;
    }
    if (n < 0) {
        drop(connection);
        return G_SOURCE_CONTINUE;
    }
    connection->answer = make_answer(connection->socket, n >= 4 && memcmp(request, "GET ", 4) == 0);
    connection->length = strlen(connection->answer);
    connection->source = g_unix_fd_add(fd, G_IO_OUT, on_writable, connection);
    return G_SOURCE_REMOVE;
}

static gboolean on_incoming(gint fd, GIOCondition condition, gpointer data)
{
    TextSocket *socket = data;
    int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    (void)condition;
    if (peer < 0) {
        return G_SOURCE_CONTINUE;
    }
    if (socket->connections->len >= CONNECTIONS_MAX) {
        close(peer);
        return G_SOURCE_CONTINUE;
    }
    Connection *connection = g_new0(Connection, 1);
    connection->socket = socket;
    connection->fd = peer;
    connection->source = g_unix_fd_add(peer, G_IO_IN, on_readable, connection);
    connection->timeout = g_timeout_add_seconds(PEER_TIMEOUT_SECONDS, on_timeout, connection);
    g_ptr_array_add(socket->connections, connection);
    return G_SOURCE_CONTINUE;
}

TextSocket *text_socket_new(const char *path, const char *content_type, TextSocketFunc func,
                            gpointer data, GError **error)
{
    TextSocket *text = g_new0(TextSocket, 1);

    *text = (TextSocket){
        .path = g_strdup(path),
        .content_type = content_type,
        .func = func,
        .data = data,
        .fd = -1,
        .connections = g_ptr_array_new_with_free_func(connection_free),
    };
    text->fd = listen_at(path, SOCK_STREAM, CONNECTIONS_MAX, error);
    if (text->fd < 0) {
        text_socket_free(text);
        return NULL;
    }
    text->source = g_unix_fd_add(text->fd, G_IO_IN, on_incoming, text);
    return text;
}

void text_socket_free(TextSocket *socket)
{
    g_ptr_array_unref(socket->connections);
    if (socket->source) {
        g_source_remove(socket->source);
        unlink(socket->path);
    }
    if (socket->fd >= 0) {
        close(socket->fd);
    }
    g_free(socket->path);
    g_free(socket);
}
