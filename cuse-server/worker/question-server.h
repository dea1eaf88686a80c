/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to the questions that the broker asks the worker (wire/broker-protocol.h). */
#pragma once

#include "cuse-server/worker/doors/file-calls.h"

/**
 * question_server_start: start threads that answer the broker's questions until the process ends.
 * @socket: the worker's end of the pair on which the broker asks
 * @context: what calls need
 * @threads: the most answers in progress at once, counting only those that may wait
 */
void question_server_start(int socket, CallContext *context, unsigned threads);
