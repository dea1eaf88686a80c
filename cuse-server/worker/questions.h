/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's answers to its broker (wire/broker-protocol.h). */
#pragma once

#include "cuse-server/worker/doors/file-calls.h"

/**
 * questions_serve: answer from now on, in threads of its own, until the process ends.
 * @socket: the worker's end of the pair on which the broker asks
 * @context: what calls need
 * @threads: most answers in progress at once, of those that may wait
 */
void questions_serve(int socket, CallContext *context, unsigned threads);
