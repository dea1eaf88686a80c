/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <glib.h>

/**
 * listen_at: listen at a path to which only root can connect. The socket gets its path only when it listens already, so a client
 * that finds the path is heard. An older socket at the path is replaced. Beside it, the name PATH.new is used for a moment.
 * @type: SOCK_STREAM or SOCK_SEQPACKET
 * @backlog: see listen(2)
 * Returns: a non-blocking socket that the caller owns, or -1 with @error.
 */
int listen_at(const char *path, int type, int backlog, GError **error);
