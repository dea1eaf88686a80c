/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket at which an instance takes requests to change its limits. Only root can connect: the socket's mode says so, and the
 * kernel names the user at the other end.
 */
#pragma once

#include <glib.h>

#include "cuse-server/wire/quota/limit-request.h"

typedef struct LimitSocket LimitSocket;

/** LimitSocketFunc: carry out a request of root's. */
typedef LimitReply (*LimitSocketFunc)(const LimitRequest *request, gpointer data);

/** limit_socket_new: listen, in the main loop of the calling thread. Each connection is for one request, and is closed after the
 * reply, or after some seconds without a request. */
LimitSocket *limit_socket_new(const char *path, LimitSocketFunc func, gpointer data,
                              GError **error);

/** limit_socket_free: stop listening, close all connections, remove the path. */
void limit_socket_free(LimitSocket *socket);
