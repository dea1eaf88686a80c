/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/oci/runtime/seccomp-socket.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <gio/gunixfdmessage.h>
#include <gio/gunixsocketaddress.h>
#include <json-glib/json-glib.h>

#include "cuse-server/base/visible-line.h"

/*
 * #syscalls:broker accept4 accept getsockname getpeername getsockopt setsockopt fcntl
 * #syscalls:broker recvmsg sendmsg write unlink close
 * #syscalls:before socket bind listen umask
 */

enum { STATE_BYTES_MAX = 256 * 1024 }; /* a state carries the container's annotations */

struct SeccompSocket {
    GSocketService *service;
    char *path;
    const SeccompSocketOps *ops;
    gpointer data;
    GPtrArray *peers;
};

/* A connected peer. @text: what has come so far; @fds: the files that came with it */
typedef struct {
    SeccompSocket *owner;
    GSocketConnection *connection;
    GSource *source;
    GString *text;
    GArray *fds;
} Peer;

static void peer_free(Peer *peer)
{
    g_source_destroy(peer->source);
    g_source_unref(peer->source);
    g_object_unref(peer->connection);
    for (guint i = 0; i < peer->fds->len; i++) {
        close(g_array_index(peer->fds, int, i));
    }
    g_array_unref(peer->fds);
    g_string_free(peer->text, TRUE);
    g_free(peer);
}

static bool find_listener(JsonArray *names, unsigned *index)
{
    for (guint i = 0; i < json_array_get_length(names); i++) {
        const char *name = json_node_get_string(json_array_get_element(names, i));
        if (g_strcmp0(name, "seccompFd") == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

/* The pid that a state names. 0 if it does not name a number that a process can have. */
static pid_t process_of(JsonObject *object)
{
    JsonNode *pid = json_object_get_member(object, "pid");
    const gint64 number =
        pid && json_node_get_value_type(pid) == G_TYPE_INT64 ? json_node_get_int(pid) : 0;

    return number > 0 && number <= G_MAXINT ? (pid_t)number : 0;
}

bool seccomp_state_read(const char *json, gssize length, SeccompState *state, GError **error)
{
    g_autoptr(JsonParser) parser = json_parser_new();
    JsonNode *root;
    JsonNode *fds = NULL;

    *state = (SeccompState){0};
    if (!json_parser_load_from_data(parser, json, length, error)) {
        return false;
    }
    root = json_parser_get_root(parser);
    if (root && JSON_NODE_HOLDS_OBJECT(root)) {
        fds = json_object_get_member(json_node_get_object(root), "fds");
    }
    if (fds && JSON_NODE_HOLDS_ARRAY(fds) &&
        find_listener(json_node_get_array(fds), &state->listener)) {
        state->process = process_of(json_node_get_object(root));
        return true;
    }
    g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                        "invalid container process state: expected \"seccompFd\" in \"fds\"");
    return false;
}

static void take_descriptors(Peer *peer, GSocketControlMessage **messages, int n_messages)
{
    for (int m = 0; m < n_messages; m++) {
        if (G_IS_UNIX_FD_MESSAGE(messages[m])) {
            int n = 0;
            g_autofree int *fds = g_unix_fd_message_steal_fds(G_UNIX_FD_MESSAGE(messages[m]), &n);
            g_array_append_vals(peer->fds, fds, (guint)n);
        }
        g_object_unref(messages[m]);
    }
    g_free(messages);
}

/* Read the data that has arrived. Returns as g_socket_receive(): 0 at the end. */
static gssize peer_receive(Peer *peer, GError **error)
{
    g_autofree char *buffer = g_malloc(STATE_BYTES_MAX);
    GInputVector vector = {.buffer = buffer, .size = STATE_BYTES_MAX};
    GSocketControlMessage **messages = NULL;
    int n_messages = 0;
    gssize n = g_socket_receive_message(g_socket_connection_get_socket(peer->connection), NULL,
                                        &vector, 1, &messages, &n_messages, NULL, NULL, error);

    if (n >= 0) {
        take_descriptors(peer, messages, n_messages);
        g_string_append_len(peer->text, buffer, n);
    }
    return n;
}

static void take_listener(const Peer *peer, const SeccompState *state)
{
    if (state->listener >= peer->fds->len) {
        g_printerr("nvcuse: %s: rejected a listener: the container process state came without its "
                   "file descriptors\n",
                   peer->owner->path);
        return;
    }
    int *fd = &g_array_index(peer->fds, int, state->listener);
    int listener = *fd;
    *fd = -1; /* close(-1) is harmless */
    peer->owner->ops->listener(listener, state->process, peer->owner->data);
}

static void send_view(const Peer *peer)
{
    int fds[SECCOMP_SOCKET_VIEW_FILES];
    g_autofree char *names = peer->owner->ops->view(fds, peer->owner->data);
    g_autoptr(GUnixFDList) list = NULL;
    g_autoptr(GError) error = NULL;

    if (!names) {
        return; /* the end of the connection is the answer */
    }
    list = g_unix_fd_list_new();
    for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
        if (g_unix_fd_list_append(list, fds[i], &error) < 0) {
            g_printerr("nvcuse: %s: cannot answer a hook: %s\n", peer->owner->path, error->message);
            return;
        }
    }
    g_autoptr(GSocketControlMessage) message = g_unix_fd_message_new_with_fd_list(list);
    GOutputVector vector = {.buffer = names, .size = strlen(names)};
    if (g_socket_send_message(g_socket_connection_get_socket(peer->connection), NULL, &vector, 1,
                              &message, 1, 0, NULL, &error) < 0) {
        g_printerr("nvcuse: %s: cannot answer a hook: %s\n", peer->owner->path, error->message);
    }
}

/* The word of a hook's question {"nvcuse": "word"}, or NULL. */
static const char *hook_word(JsonNode *root)
{
    JsonNode *word = JSON_NODE_HOLDS_OBJECT(root)
                         ? json_object_get_member(json_node_get_object(root), "nvcuse")
                         : NULL;

    return word && JSON_NODE_HOLDS_VALUE(word) ? json_node_get_string(word) : NULL;
}

/* Handle a peer's message. Returns false if the message is not complete yet. */
static bool peer_dispatch(const Peer *peer)
{
    const SeccompSocketOps *ops = peer->owner->ops;
    g_autoptr(JsonParser) parser = json_parser_new();
    g_autoptr(GError) error = NULL;

    if (!json_parser_load_from_data(parser, peer->text->str, (gssize)peer->text->len, NULL) ||
        !json_parser_get_root(parser)) {
        return false;
    }
    const char *word = hook_word(json_parser_get_root(parser));
    if (g_strcmp0(word, "view") == 0) {
        send_view(peer);
    } else if (g_strcmp0(word, "stop") == 0) {
        ops->stop(peer->owner->data);
    } else {
        SeccompState state;
        if (seccomp_state_read(peer->text->str, (gssize)peer->text->len, &state, &error)) {
            take_listener(peer, &state);
        } else {
            g_autofree char *why = visible_line(error->message);
            g_printerr("nvcuse: %s: rejected a listener: %s\n", peer->owner->path, why);
        }
    }
    return true;
}

static gboolean on_peer(GSocket *from, GIOCondition condition, gpointer data)
{
    Peer *peer = data;
    SeccompSocket *owner = peer->owner;
    g_autoptr(GError) error = NULL;
    gssize n = peer_receive(peer, &error);

    (void)from;
    (void)condition;
    if (n > 0 && !peer_dispatch(peer) && peer->text->len < STATE_BYTES_MAX) {
        return G_SOURCE_CONTINUE;
    }
    if (n <= 0 && peer->text->len > 0) {
        g_printerr("nvcuse: %s: rejected a message: it is incomplete, or longer than %d bytes\n",
                   owner->path, STATE_BYTES_MAX);
    }
    g_ptr_array_remove_fast(owner->peers, peer);
    if (owner->peers->len == 0) {
        owner->ops->idle(owner->data);
    }
    return G_SOURCE_REMOVE;
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source,
                            gpointer user_data)
{
    SeccompSocket *owner = user_data;
    Peer *peer = g_new(Peer, 1);

    (void)service;
    (void)source;
    *peer = (Peer){
        .owner = owner,
        .connection = g_object_ref(connection),
        .source = g_socket_create_source(g_socket_connection_get_socket(connection), G_IO_IN, NULL),
        .text = g_string_new(NULL),
        .fds = g_array_new(FALSE, FALSE, sizeof(int)),
    };
    g_source_set_callback(peer->source, G_SOURCE_FUNC(on_peer), peer, NULL);
    g_source_attach(peer->source, NULL);
    g_ptr_array_add(owner->peers, peer);
    return TRUE;
}

static bool listen_at(SeccompSocket *socket, GError **error)
{
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(socket->path);

    unlink(socket->path); /* this instance owns the name: its devices were made under it */
    mode_t mask = umask(0177);
    gboolean ok = g_socket_listener_add_address(G_SOCKET_LISTENER(socket->service), address,
                                                G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT,
                                                NULL, NULL, error);
    umask(mask);
    return ok;
}

char *seccomp_socket_of(const char *instance)
{
    return g_strdup_printf("/run/nvcuse/%s.sock", instance);
}

bool seccomp_socket_has_peers(const SeccompSocket *socket)
{
    return socket->peers->len > 0;
}

SeccompSocket *seccomp_socket_new(const char *instance, const SeccompSocketOps *ops, gpointer data,
                                  GError **error)
{
    SeccompSocket *socket = g_new0(SeccompSocket, 1);

    socket->path = seccomp_socket_of(instance);
    socket->ops = ops;
    socket->data = data;
    socket->peers = g_ptr_array_new_with_free_func((GDestroyNotify)peer_free);
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
    g_ptr_array_unref(socket->peers);
    unlink(socket->path);
    g_free(socket->path);
    g_free(socket);
}
