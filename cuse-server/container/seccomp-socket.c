/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/container/seccomp-socket.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixfdmessage.h>
#include <gio/gunixsocketaddress.h>
#include <json-glib/json-glib.h>

enum {
    STATE_BYTES_MAX = 256 * 1024, /* a state carries the container's annotations */
    PEER_TIMEOUT_SECONDS = 5,
};

struct SeccompSocket {
    GSocketService *service;
    char *path;
    SeccompSocketFunc func;
    gpointer data;
};

int seccomp_state_listener(const char *json, gssize length, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root;
    JsonNode *fds = NULL;

    if (!json_parser_load_from_data(parser, json, length, error)) {
        return -1;
    }
    root = json_parser_get_root(parser);
    if (root && JSON_NODE_HOLDS_OBJECT(root)) {
        fds = json_object_get_member(json_node_get_object(root), "fds");
    }
    if (fds && JSON_NODE_HOLDS_ARRAY(fds)) {
        JsonArray *names = json_node_get_array(fds);
        for (guint i = 0; i < json_array_get_length(names); i++) {
            const char *name = json_node_get_string(json_array_get_element(names, i));
            if (g_strcmp0(name, "seccompFd") == 0) {
                return (int)i;
            }
        }
    }
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                        "the container process state lists no \"seccompFd\" among its \"fds\"");
    return -1;
}

/* Of the descriptors that came, take one out and close the rest. */
static int take_descriptor(GSocketControlMessage **messages, int n_messages, int index)
{
    int taken = -1;
    int at = 0;

    for (int m = 0; m < n_messages; m++) {
        if (!G_IS_UNIX_FD_MESSAGE(messages[m])) {
            continue;
        }
        int n = 0;
        g_autofree int *fds = g_unix_fd_message_steal_fds(G_UNIX_FD_MESSAGE(messages[m]), &n);
        for (int i = 0; i < n; i++, at++) {
            if (at == index) {
                taken = fds[i];
            } else {
                close(fds[i]);
            }
        }
    }
    return taken;
}

static int receive_listener(GSocket *peer, GError **error)
{
    g_autofree char *state = g_malloc(STATE_BYTES_MAX);
    GInputVector vector = {.buffer = state, .size = STATE_BYTES_MAX};
    GSocketControlMessage **messages = NULL;
    int n_messages = 0;
    int fd = -1;
    gssize n =
        g_socket_receive_message(peer, NULL, &vector, 1, &messages, &n_messages, NULL, NULL, error);

    if (n >= 0) {
        int index = seccomp_state_listener(state, n, error);
        fd = take_descriptor(messages, n_messages, index);
        if (index >= 0 && fd < 0) {
            g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                                "the container process state came without its files");
        }
    }
    for (int m = 0; m < n_messages; m++) {
        g_object_unref(messages[m]);
    }
    g_free(messages);
    return fd;
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source,
                            gpointer user_data)
{
    const SeccompSocket *socket = user_data;
    GSocket *peer = g_socket_connection_get_socket(connection);
    g_autoptr(GError) error = NULL;
    int fd;

    (void)service;
    (void)source;
    g_socket_set_timeout(peer, PEER_TIMEOUT_SECONDS);
    fd = receive_listener(peer, &error);
    if (fd < 0) {
        g_printerr("nvcuse: %s: no listener: %s\n", socket->path, error->message);
        return TRUE;
    }
    socket->func(fd, socket->data);
    return TRUE;
}

static bool listen_at(SeccompSocket *socket, GError **error)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(socket->path);

    unlink(socket->path); /* the name is ours: the instance's devices were made under it */
    mode_t mask = umask(0177);
    gboolean ok = g_socket_listener_add_address(G_SOCKET_LISTENER(socket->service), address,
                                                G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                                                NULL, NULL, error);
    umask(mask);
    return ok;
}

SeccompSocket *seccomp_socket_new(const char *instance, SeccompSocketFunc func, gpointer data,
                                  GError **error)
{
    SeccompSocket *socket = g_new0(SeccompSocket, 1);

    socket->path = g_strdup_printf("/run/nvcuse/%s.sock", instance);
    socket->func = func;
    socket->data = data;
    socket->service = g_socket_service_new();
    g_signal_connect(socket->service, "incoming", G_CALLBACK(on_incoming), socket);
    if (!listen_at(socket, error)) {
        g_clear_pointer(&socket, seccomp_socket_free);
    }
    return socket;
}

const char *seccomp_socket_path(const SeccompSocket *socket)
{
    return socket->path;
}

void seccomp_socket_free(SeccompSocket *socket)
{
    g_socket_listener_close(G_SOCKET_LISTENER(socket->service));
    g_object_unref(socket->service);
    unlink(socket->path);
    g_free(socket->path);
    g_free(socket);
}
