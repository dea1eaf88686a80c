/* SPDX-License-Identifier: Apache-2.0 */
#include "cuse-server/cli/notify.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>

/* #syscalls:broker socket getsockopt fcntl sendmsg write close */

void notify_supervisor(const char *state)
{
    const char *path = g_getenv("NOTIFY_SOCKET");
    g_autoptr(GError) error = NULL;

    if (!path || (path[0] != '/' && path[0] != '@')) {
        return;
    }
    g_autoptr(GSocketAddress) address =
        path[0] == '@'
            ? g_unix_socket_address_new_with_type(path + 1, -1, G_UNIX_SOCKET_ADDRESS_ABSTRACT)
            : g_unix_socket_address_new(path);
    g_autoptr(GSocket) socket = g_socket_new(G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_DATAGRAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, &error);
    if (!socket || g_socket_send_to(socket, address, state, strlen(state), NULL, &error) < 0) {
        g_printerr("nvcuse: cannot notify %s: %s\n", path, error->message);
    }
}
