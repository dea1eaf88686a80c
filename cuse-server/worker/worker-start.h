/* SPDX-License-Identifier: Apache-2.0 */
/* The program nvcuse-worker, which the broker executes as the worker. */
#pragma once

#include "cuse-server/wire/worker-spec.h"

/**
 * worker_start: run the worker that a specification describes.
 * @argv: WORKER_PROGRAM and the number of the descriptor that holds the specification
 * (wire/worker-spec.h)
 * Returns: an exit code, with a message on standard error, if the worker cannot be started from such a specification. Never
 * returns otherwise.
 */
int worker_start(int argc, char **argv);
