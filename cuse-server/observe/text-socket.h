/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A unix socket that says one text to whoever connects: plainly, or as the answer to an HTTP GET for
 * those who ask for it like that (curl --unix-socket). For root alone. A connection is answered when
 * it has sent something or has closed its sending half; nothing that it sends is looked at further.
 */
#pragma once

#include <glib.h>

typedef struct TextSocket TextSocket;

/** TextSocketFunc: make the text. The socket frees it. */
typedef char *(*TextSocketFunc)(gpointer data);

/**
 * text_socket_new: listen, in the main loop of the calling thread. Whoever finds the path finds a
 * socket that answers: it gets its name last. An older socket there is replaced.
 * @content_type: for HTTP; outlives the socket
 */
TextSocket *text_socket_new(const char *path, const char *content_type, TextSocketFunc func,
                            gpointer data, GError **error);

/** text_socket_free: stop listening, drop who is connected, remove the path. */
void text_socket_free(TextSocket *socket);
