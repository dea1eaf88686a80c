/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unix socket that sends one text to each client: plainly, or as the answer to an HTTP GET if the client sends one
 * (curl --unix-socket). Only root can connect. A client gets the answer when it has sent something or has shut down
 * its sending half. The rest of what it sends is ignored.
 */
#pragma once

#include <glib.h>

typedef struct TextSocket TextSocket;

/** TextSocketFunc: make the text. The socket frees it. */
typedef char *(*TextSocketFunc)(gpointer data);

/**
 * text_socket_new: listen, in the main loop of the calling thread; see listen_at().
 * @content_type: for HTTP; outlives the socket
 */
TextSocket *text_socket_new(const char *path, const char *content_type, TextSocketFunc func,
                            gpointer data, GError **error);

/** text_socket_free: stop listening, close all connections, remove the path. */
void text_socket_free(TextSocket *socket);
